//! `plugin.toml`: what a plugin says about itself and asks for.

use bowsprit_host_core::{
    foreign::shown,
    node_types::Kind,
    plugins::{LoadFailure, LoadStage, Wants as Permissions},
};
use serde::Deserialize;

use crate::{bindings::v0_1::API, failure::failure, world::World};

/// The file, strictly read: a key nobody knows is an error, because it is most
/// likely a misspelt one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PluginToml {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) api: String,
    pub(crate) kind: String,
    pub(crate) component: Option<String>,
    pub(crate) uses: Option<String>,
    pub(crate) title: String,
    pub(crate) description: String,
    license: String,
    homepage: Option<String>,
    #[serde(default)]
    pub(crate) wants: Wants,
    #[serde(default)]
    pub(crate) limits: Asks,
    #[serde(default)]
    pub(crate) palette: Palette,
}

/// What a plugin asks to be allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Wants {
    /// Kinds its node types may render.
    produces: Vec<String>,
    /// Kinds its checks may look at.
    reads: Vec<String>,
    /// Kinds its fixes may change.
    changes: Vec<String>,
    /// Globs of the files of a source that its importers may see.
    pub(crate) source_files: Vec<String>,
    /// Whether its node types may render objects outside of namespaces.
    pub(crate) cluster_scoped: bool,
}

impl Wants {
    /// Whether anything is wanted under that key.
    pub(crate) fn includes(&self, key: &str) -> bool {
        self.lists()
            .iter()
            .any(|(name, list, _)| name.strip_prefix("wants.") == Some(key) && !list.is_empty())
    }

    /// The kinds of `produces`.
    pub(crate) fn produced(&self) -> Vec<Kind> {
        kinds(&self.produces)
    }

    /// The kinds of `reads`.
    pub(crate) fn read(&self) -> Vec<Kind> {
        kinds(&self.reads)
    }

    /// The kinds of `changes`.
    pub(crate) fn changed(&self) -> Vec<Kind> {
        kinds(&self.changes)
    }

    /// Each list with its key and the worlds it means something in.
    fn lists(&self) -> [(&'static str, &[String], &'static [World]); 4] {
        const RENDERS: &[World] = &[World::NodeTypes, World::ResourceCatalogue];
        [
            ("wants.produces", &self.produces, RENDERS),
            ("wants.reads", &self.reads, &[World::Diagnostics]),
            ("wants.changes", &self.changes, &[World::Diagnostics]),
            ("wants.source-files", &self.source_files, &[World::Importer]),
        ]
    }

    fn check(&self, world: World) -> Result<(), (&'static str, String, String)> {
        if self.cluster_scoped && self.produces.is_empty() {
            let problem = "has `cluster-scoped`, but nothing under `produces`".into();
            return Err(("wants", problem, "leave it out, or name the kinds".into()));
        }
        for (key, list, worlds) in self.lists() {
            if !list.is_empty() && !worlds.contains(&world) {
                let problem = format!("means nothing to a plugin of kind `{}`", world.kind());
                return Err((key, problem, "leave it out, or correct `kind`".into()));
            }
            let bad = list.iter().find(|it| match key {
                "wants.source-files" => globset::Glob::new(it).is_err(),
                _ => parse_kind(it).is_none(),
            });
            if let Some(bad) = bad {
                let (what, fix) = match key {
                    "wants.source-files" => ("is no pattern", "write a glob, as in `**/*.env`"),
                    _ => ("names no kind", "write `group/version/Kind` or `v1/Kind`"),
                };
                let problem = format!("has `{}`, which {what}", shown(bad));
                return Err((key, problem, fix.into()));
            }
        }
        Ok(())
    }
}

fn kinds(list: &[String]) -> Vec<Kind> {
    list.iter().filter_map(|it| parse_kind(it)).collect()
}

/// Limits a plugin would like to have.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Asks {
    pub(crate) memory_mib: Option<u32>,
    pub(crate) deadline_ms: Option<u32>,
    pub(crate) output_kib: Option<u32>,
    pub(crate) list_entries: Option<u32>,
    pub(crate) log_lines: Option<u32>,
    pub(crate) host_calls: Option<u32>,
    pub(crate) instances: Option<u32>,
    /// At the same time.
    pub(crate) calls: Option<u32>,
}

impl Asks {
    /// Every key with what is asked for.
    fn all(&self) -> [(&'static str, Option<u32>); 8] {
        [
            ("limits.memory-mib", self.memory_mib),
            ("limits.deadline-ms", self.deadline_ms),
            ("limits.output-kib", self.output_kib),
            ("limits.list-entries", self.list_entries),
            ("limits.log-lines", self.log_lines),
            ("limits.host-calls", self.host_calls),
            ("limits.instances", self.instances),
            ("limits.calls", self.calls),
        ]
    }
}

/// How the palette shows the plugin's types.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Palette {
    #[serde(default)]
    pub(crate) native: bool,
    /// Whether its types are only for people who ask for them.
    #[serde(default)]
    pub(crate) opt_in: bool,
    usage_frequency: Option<UsageFrequency>,
    difficulty: Option<Difficulty>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum UsageFrequency {
    VeryHigh,
    High,
    Medium,
    Low,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Difficulty {
    Easy,
    Medium,
    Hard,
}

impl Palette {
    /// The word the API uses; `medium` if the plugin says nothing.
    pub(crate) fn usage_frequency(&self) -> &'static str {
        match self.usage_frequency {
            Some(UsageFrequency::VeryHigh) => "very-high",
            Some(UsageFrequency::High) => "high",
            Some(UsageFrequency::Low) => "low",
            Some(UsageFrequency::Medium) | None => "medium",
        }
    }

    /// The word the API uses; `medium` if the plugin says nothing.
    pub(crate) fn difficulty(&self) -> &'static str {
        match self.difficulty {
            Some(Difficulty::Easy) => "easy",
            Some(Difficulty::Hard) => "hard",
            Some(Difficulty::Medium) | None => "medium",
        }
    }
}

/// Where a plugin's bytes come from.
pub(crate) enum Code<'a> {
    /// A file of its own folder.
    Own(&'a str),
    /// The component of the plugin with that id.
    Of(&'a str),
}

impl PluginToml {
    /// Reads and checks the file's text; `file` is its path for messages.
    pub(crate) fn parse(text: &str, file: &str) -> Result<Self, LoadFailure> {
        let read: Self = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map(|at| 1 + text.bytes().take(at.start).filter(|it| *it == b'\n').count());
            let place = line.map_or(file.to_owned(), |line| format!("{file}, line {line}"));
            let message = format!("{place}: {}", error.message().replace('\n', " "));
            let (message, fix) = match meant(error.message()) {
                Some((wrong, right)) => (
                    format!("{place}: there is no key `{}`", shown(wrong)),
                    format!("write `{right}`, if that is what is meant"),
                ),
                None => (message, "correct the line that is named".to_owned()),
            };
            failure(LoadStage::Read, "plugin.toml.invalid", message, fix)
        })?;
        read.check().map_err(|(key, problem, fix)| {
            let message = format!("{file}: `{key}` {problem}");
            failure(LoadStage::Read, "plugin.toml.invalid", message, fix)
        })?;
        Ok(read)
    }

    /// The id in a text that may be wrong everywhere else.
    pub(crate) fn guess_id(text: &str) -> Option<String> {
        let table: toml::Table = toml::from_str(text).ok()?;
        let id = table.get("id")?.as_str()?;
        is_kebab(id).then(|| id.to_owned())
    }

    /// The component's file or the plugin whose component is used.
    pub(crate) fn code(&self) -> Code<'_> {
        match &self.uses {
            Some(id) => Code::Of(id),
            None => Code::Own(self.component.as_deref().unwrap_or_default()),
        }
    }

    /// The world of `kind`.
    pub(crate) fn world(&self) -> World {
        // `check` has seen to it that there is one.
        World::of_kind(&self.kind).unwrap_or(World::NodeTypes)
    }

    /// What it asks to be allowed, as it is written.
    pub(crate) fn permissions(&self) -> Permissions {
        let mut all = Permissions::default();
        for (key, list, _) in self.wants.lists() {
            let key = key.strip_prefix("wants.").unwrap_or(key);
            list.iter().for_each(|it| all.add(key, it));
        }
        if self.wants.cluster_scoped {
            all.add("cluster-scoped", "yes");
        }
        all
    }

    fn check(&self) -> Result<(), (&'static str, String, String)> {
        if !is_kebab(&self.id) {
            let problem = format!("is `{}`, which is not a kebab-case name", shown(&self.id));
            return Err((
                "id",
                problem,
                "use lower-case letters, digits and single hyphens".into(),
            ));
        }
        if semver::Version::parse(&self.version).is_err() {
            let problem = format!("is `{}`, which is not a version", shown(&self.version));
            return Err(("version", problem, "write three numbers, as in `1.0.0`".into()));
        }
        if self.api != API {
            let problem = format!("is `{}`, but this host speaks `{API}`", shown(&self.api));
            return Err((
                "api",
                problem,
                format!("build the plugin for `{API}` or use another host"),
            ));
        }
        let Some(world) = World::of_kind(&self.kind) else {
            let known = World::ALL.map(|it| format!("`{}`", it.kind())).join(", ");
            let problem = format!("is `{}`, which this host does not know", shown(&self.kind));
            return Err(("kind", problem, format!("write one of {known}")));
        };
        self.check_code()?;
        self.check_asks()?;
        self.check_texts()?;
        if self.palette.native && self.palette.opt_in {
            let problem = "is given beside `palette.native`".into();
            return Err(("palette.opt-in", problem, "keep one of the two".into()));
        }
        self.wants.check(world)
    }

    fn check_code(&self) -> Result<(), (&'static str, String, String)> {
        let one_of = "keep one of `component` and `uses`";
        match (&self.component, &self.uses) {
            (Some(file), None)
                if file.contains(['/', '\\']) || file.starts_with('.') || file.is_empty() =>
            {
                let problem = format!("is `{}`, which is no file of this folder", shown(file));
                Err(("component", problem, "write the name of a file beside `plugin.toml`".into()))
            }
            (None, Some(id)) if !is_kebab(id) => {
                Err(("uses", format!("is `{}`, which is no plugin's id", shown(id)), one_of.into()))
            }
            (Some(_), Some(_)) => {
                Err(("uses", "is given beside `component`".into(), one_of.into()))
            }
            (None, None) => Err(("component", "is missing".into(), one_of.into())),
            _ => Ok(()),
        }
    }

    fn check_asks(&self) -> Result<(), (&'static str, String, String)> {
        match self.limits.all().into_iter().find(|(_, ask)| *ask == Some(0)) {
            Some((key, _)) => {
                Err((key, "is zero".into(), "leave the key out for the default".into()))
            }
            None => Ok(()),
        }
    }

    /// Texts are shown to people: present, and short enough to be shown.
    fn check_texts(&self) -> Result<(), (&'static str, String, String)> {
        let homepage = self.homepage.as_deref().unwrap_or("-");
        let texts = [
            ("title", self.title.as_str(), 100),
            ("description", &self.description, 2000),
            ("license", &self.license, 100),
            ("homepage", homepage, 500),
        ];
        for (key, text, most) in texts {
            if text.trim().is_empty() || text.len() > most {
                let fix = format!("write 1 to {most} bytes of text");
                return Err((key, "is empty or too long".into(), fix));
            }
        }
        Ok(())
    }
}

/// The key that is misspelt and the one it resembles, in what the parser says:
/// ``unknown field `a`, expected one of `b`, `c` ``.
fn meant(problem: &str) -> Option<(&str, &str)> {
    /// Less alike than this is something else.
    const ALIKE: f64 = 0.75;
    let (wrong, known) = problem.strip_prefix("unknown field `")?.split_once("`, expected")?;
    let alike = |it: &&str| strsim::normalized_damerau_levenshtein(wrong, it);
    let known = known.split('`').skip(1).step_by(2);
    let closest = known.max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(&closest) >= ALIKE).then_some((wrong, closest))
}

/// Lower-case letters, digits and single hyphens, beginning with a letter, at
/// most 63 of them: a DNS label, so that it can be part of any name.
pub fn is_kebab(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && !name.contains("--")
        && name.chars().all(allowed)
}

fn parse_kind(text: &str) -> Option<Kind> {
    let (api_version, kind) = text.rsplit_once('/')?;
    let parsed = Kind::parse(api_version, kind);
    let named =
        kind.starts_with(|c: char| c.is_ascii_uppercase()) && parsed.version.starts_with('v');
    (named && !parsed.group.contains('/')).then_some(parsed)
}
