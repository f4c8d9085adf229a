//! Where settings come from: a file, the environment, flags; the later one
//! wins, and each value remembers its origin.

use std::{collections::BTreeMap, fmt, path::Path};

use config::{Config, FileFormat, Value, ValueKind};

use super::{
    Flags, SettingError,
    keys::{self, Key},
    providers,
};

/// Our prefix in the environment.
pub(super) const PREFIX: &str = "BOWSPRIT_";
/// The reference product's; ours wins.
const REFERENCE_PREFIX: &str = "KUBEORCH_";
/// What the reference product's documents also call by its bare name.
const BARE: [&str; 16] = [
    "PORT",
    "GIN_MODE",
    "LOG_LEVEL",
    "MONGO_URI",
    "JWT_SECRET",
    "ENCRYPTION_KEY",
    "TOKEN_REFRESH_MAX_AGE_DAYS",
    "CORS_ALLOWED_ORIGINS",
    "RATE_LIMIT_RPS",
    "RATE_LIMIT_BURST",
    "BASE_URL",
    "FRONTEND_URL",
    "INVITE_CODE",
    "REGENERATE_INVITE_AFTER_SIGNUP",
    "CLUSTER_LOG_TTL_HOURS",
    "TEMPLATES_DIR",
];
/// Less alike than this, a name is no slip of the other.
const ALIKE: f64 = 0.55;

/// Where a value comes from, in the order in which they win.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Nobody said anything else.
    Default,
    /// The settings file.
    File,
    /// This variable.
    Environment(String),
    /// The command line.
    Flag,
}

impl Origin {
    fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File => 1,
            Self::Environment(name) if name.starts_with(PREFIX) => 4,
            Self::Environment(name) if name.starts_with(REFERENCE_PREFIX) => 3,
            Self::Environment(_) => 2,
            Self::Flag => 5,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File => out.write_str("file"),
            Self::Environment(name) => write!(out, "environment, {name}"),
            Self::Flag => out.write_str("flag"),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Everything that was said.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) given: BTreeMap<&'static str, Given>,
    /// What somebody should know; nothing to stop for.
    pub(super) warnings: Vec<String>,
}

impl Sources {
    /// Reads everything and checks each value.
    pub(super) fn read(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        flags: Flags,
    ) -> Result<Self, SettingError> {
        let mut sources = Self::default();
        if let Some(path) = file {
            sources.add_file(path)?;
        }
        let mut of_providers = Vec::new();
        for (name, text) in environment {
            match name.strip_prefix(PREFIX).filter(|it| it.starts_with(providers::VARIABLES)) {
                Some(short) => of_providers.push((short.to_owned(), text)),
                None => sources.add_variable(name, &text)?,
            }
        }
        sources.add_flags(flags)?;
        sources.settle_providers(of_providers)?;
        sources.rename("port", "listen", |port| format!("0.0.0.0:{port}"));
        sources.rename("mongo_uri", "store", |uri| uri.to_string());
        Ok(sources)
    }

    fn add_file(&mut self, path: &Path) -> Result<(), SettingError> {
        let wrong =
            |reason: String| SettingError::File { path: path.display().to_string(), reason };
        let text = std::fs::read_to_string(path).map_err(|it| wrong(it.to_string()))?;
        let file = Config::builder()
            .add_source(config::File::from_str(&text, FileFormat::Yaml))
            .build()
            .map_err(|it| wrong(it.to_string()))?;
        let root = file.try_deserialize::<Value>().map_err(|it| wrong(it.to_string()))?;
        let mut found = Vec::new();
        flatten(String::new(), root, &mut found);
        for (name, value) in found {
            match Key::find(&name) {
                Some(key) => self.put(key, value, Origin::File)?,
                None => self.warn_of(&name, &name),
            }
        }
        Ok(())
    }

    fn add_variable(&mut self, name: String, text: &str) -> Result<(), SettingError> {
        let ours = name.strip_prefix(PREFIX).filter(|it| !keys::is_foreign(it));
        let bare = || Some(name.as_str()).filter(|it| BARE.contains(it));
        let prefixed = ours.or_else(|| name.strip_prefix(REFERENCE_PREFIX));
        let Some(short) = prefixed.or_else(bare) else { return Ok(()) };
        match Key::find(short) {
            Some(key) => {
                let value = key.parse(text)?;
                self.put(key, value, Origin::Environment(name))
            }
            None => {
                if prefixed.is_some() {
                    self.warn_of(&name, short);
                }
                Ok(())
            }
        }
    }

    fn add_flags(&mut self, flags: Flags) -> Result<(), SettingError> {
        let Flags { listen, data_dir, store, plugins } = flags;
        let path = |it: std::path::PathBuf| it.to_string_lossy().into_owned();
        for (name, text) in [("listen", listen), ("data_dir", data_dir.map(path)), ("store", store)]
        {
            if let (Some(text), Some(key)) = (text, Key::find(name)) {
                self.put(key, Value::new(None, text), Origin::Flag)?;
            }
        }
        if let (false, Some(key)) = (plugins.is_empty(), Key::find("plugins.dirs")) {
            let dirs = plugins.into_iter().map(|it| Value::new(None, path(it))).collect();
            self.put(key, Value::new(None, ValueKind::Array(dirs)), Origin::Flag)?;
        }
        Ok(())
    }

    fn put(&mut self, key: &Key, value: Value, origin: Origin) -> Result<(), SettingError> {
        // In a file, too, a list may be comma separated and a number quoted.
        let value = match &value.kind {
            ValueKind::String(text) => key.parse(text)?,
            _ => value,
        };
        key.check(&value)?;
        if key.is_unused() {
            self.warnings.push(format!("setting `{}` has no effect", key.name));
        }
        let said = self.given.get(key.name).map_or(0, |it| it.origin.rank());
        if !key.is_absent(&value) && said <= origin.rank() {
            self.given.insert(key.name, Given { value, origin });
        }
        Ok(())
    }

    /// Adds what variables say of single providers to the list of them.
    fn settle_providers(&mut self, variables: Vec<(String, String)>) -> Result<(), SettingError> {
        let listed = self.given.get_mut(providers::KEY).map(|it| &mut it.value);
        for unknown in providers::settle(listed, variables)? {
            self.warnings.push(format!(
                "`{PREFIX}{unknown}` is ignored: no provider of that name is listed in `{}`",
                providers::KEY
            ));
        }
        Ok(())
    }

    /// Takes one setting as another's value, unless that was said later.
    fn rename(&mut self, from: &'static str, to: &'static str, say: impl Fn(&Value) -> String) {
        let Some(given) = self.given.get(from) else { return };
        let said = self.given.get(to).map_or(0, |it| it.origin.rank());
        if given.origin.rank() > said {
            let value = Value::new(None, say(&given.value));
            let origin = given.origin.clone();
            self.given.insert(to, Given { value, origin });
        }
    }

    fn warn_of(&mut self, name: &str, short: &str) {
        let short = short.to_lowercase().replace('.', "_");
        let likeness =
            |key: &Key| strsim::normalized_damerau_levenshtein(&short, &key.name.replace('.', "_"));
        let closest =
            keys::all().map(|it| (likeness(it), it.name)).max_by(|a, b| a.0.total_cmp(&b.0));
        let hint = match closest {
            Some((alike, key)) if alike >= ALIKE => format!("did you mean `{key}`?"),
            _ => "docs/settings.md lists them all".into(),
        };
        self.warnings.push(format!("there is no setting `{name}`, it is ignored; {hint}"));
    }
}

/// `{a: {b: 1}}` becomes `a.b = 1`; lists stay whole.
fn flatten(prefix: String, value: Value, found: &mut Vec<(String, Value)>) {
    match value.kind {
        ValueKind::Table(fields) => {
            for (key, value) in fields {
                let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                flatten(name, value, found);
            }
        }
        ValueKind::Nil => {}
        _ => found.push((prefix, value)),
    }
}
