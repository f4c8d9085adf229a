//! The volumes and mounts of one pod, each volume once.

use std::borrow::Cow;

use bowsprit_plugin_sdk::{Json, Neighbour, Object, json, rules};

use super::ClaimMount;

/// What can be mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    ConfigMap,
    Secret,
    Claim,
    Empty,
    Host,
    /// One of the volumes the drawing lists itself.
    Own,
}

impl Source {
    /// By the word the canvas writes.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "configmap" => Some(Self::ConfigMap),
            "secret" => Some(Self::Secret),
            "persistentvolumeclaim" | "pvc" => Some(Self::Claim),
            "emptydir" => Some(Self::Empty),
            "hostpath" => Some(Self::Host),
            "volume" => Some(Self::Own),
            _ => None,
        }
    }

    /// By the kind of a connected node's object.
    pub(crate) fn of_kind(kind: &str) -> Option<Self> {
        match kind {
            "ConfigMap" => Some(Self::ConfigMap),
            "Secret" => Some(Self::Secret),
            "PersistentVolumeClaim" => Some(Self::Claim),
            _ => None,
        }
    }

    /// Whether it is an object with a name.
    pub(crate) fn is_named(self) -> bool {
        matches!(self, Self::ConfigMap | Self::Secret | Self::Claim | Self::Own)
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::ConfigMap => "config",
            Self::Secret => "secret",
            Self::Claim => "claim",
            Self::Empty => "empty",
            Self::Host => "host",
            Self::Own => "volume",
        }
    }
}

/// One mount to add.
#[derive(Debug)]
pub(crate) struct Mount<'a> {
    pub(crate) source: Source,
    /// The object's name; a label for volumes that have none.
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) read_only: Option<bool>,
    pub(crate) sub_path: Option<Cow<'a, str>>,
    pub(crate) items: Option<Json<'a>>,
    /// A raw device instead of a file system.
    pub(crate) is_block: bool,
    pub(crate) host_path: Option<Cow<'a, str>>,
    pub(crate) host_path_type: Option<&'static str>,
    /// What an empty volume is made of, and how much it holds.
    pub(crate) medium: Option<&'static str>,
    pub(crate) size: Option<Cow<'a, str>>,
}

impl Mount<'_> {
    /// A mount without name and path.
    pub(crate) fn of(source: Source) -> Self {
        Self {
            source,
            name: String::new(),
            path: String::new(),
            read_only: None,
            sub_path: None,
            items: None,
            is_block: false,
            host_path: None,
            host_path_type: None,
            medium: None,
            size: None,
        }
    }
}

/// Collected volumes, mounts and sources of variables.
#[derive(Debug, Default)]
pub(crate) struct Mounts<'a> {
    pub(crate) volumes: Vec<Object<'a>>,
    pub(crate) mounts: Vec<Object<'a>>,
    pub(crate) devices: Vec<Object<'a>>,
    pub(crate) environment: Vec<Object<'a>>,
    /// Names of variables that come from connected nodes.
    pub(crate) variables: Vec<&'a str>,
    /// Whether a connected node may bring variables we cannot know.
    pub(crate) has_unknown_variables: bool,
    paths: Vec<String>,
    names: Vec<String>,
    /// `ConfigMap`s the pods read once, when they start: name and digest.
    settings: Vec<String>,
}

/// Something else is mounted at that path.
pub(crate) struct PathTaken;

impl<'a> Mounts<'a> {
    /// Mounts a volume that exists without us.
    pub(crate) fn add_claim(&mut self, claim: &ClaimMount) {
        self.paths.push(claim.path.clone());
        self.names.push(claim.volume.clone());
        let (path, name) = (claim.path.clone(), claim.volume.clone());
        if claim.is_block {
            self.devices.push(Object::new().with("devicePath", path).with("name", name));
        } else {
            self.mounts.push(Object::new().with("mountPath", path).with("name", name));
        }
    }

    /// Adds a volume of the drawing's own.
    pub(crate) fn add_own(&mut self, name: String, volume: Object<'a>) {
        self.names.push(name);
        self.volumes.push(volume);
    }

    /// Whether the pod has a volume of that name.
    pub(crate) fn has_volume(&self, name: &str) -> bool {
        self.names.iter().any(|it| it == name)
    }

    /// Notes a connected node whose values the pods read when they start.
    pub(crate) fn add_settings(&mut self, neighbour: &Neighbour<'_>) {
        let digest = neighbour.view.text_at(&["digest"]);
        if !digest.is_empty() {
            self.settings.push(format!("{}={digest}", neighbour.name()));
        }
    }

    /// What the pods read when they start, in an order that does not depend
    /// on the edges'.
    pub(crate) fn settings(&self) -> Option<String> {
        let settings = json::sorted(self.settings.iter().map(String::as_str));
        let settings: Vec<&str> = settings.iter().filter_map(Json::as_str).collect();
        (!settings.is_empty()).then(|| settings.join(","))
    }

    /// Adds a mount, and its volume unless an equal one is there.
    pub(crate) fn add(&mut self, mount: Mount<'a>) -> Result<(), PathTaken> {
        let path = mount.path.trim_end_matches('/').to_owned();
        if self.paths.contains(&path) {
            return Err(PathTaken);
        }
        self.paths.push(path);
        let volume = self.volume(&mount);
        if mount.is_block {
            let device = Object::new().with("devicePath", mount.path).with("name", volume);
            self.devices.push(device);
            return Ok(());
        }
        let is_file_source = matches!(mount.source, Source::ConfigMap | Source::Secret);
        let read_only = mount.read_only.or(is_file_source.then_some(true));
        self.mounts.push(
            Object::new()
                .with("mountPath", mount.path)
                .with("name", volume)
                .with_some("readOnly", read_only)
                .with_some("subPath", mount.sub_path),
        );
        Ok(())
    }

    /// Makes all entries of a connected node variables.
    pub(crate) fn add_environment(&mut self, source: Source, neighbour: &'a Neighbour<'a>) {
        let reference = Object::new().with("name", neighbour.name());
        let key = if source == Source::Secret { "secretRef" } else { "configMapRef" };
        self.environment.push(Object::new().with(key, reference));
        self.add_settings(neighbour);
        match neighbour.view.get("keys") {
            Some(keys) => self.variables.extend(keys.elements().iter().filter_map(Json::as_str)),
            None => self.has_unknown_variables = true,
        }
    }

    /// The name of the volume for a mount.
    fn volume(&mut self, mount: &Mount<'a>) -> String {
        if mount.source == Source::Own {
            return mount.name.clone();
        }
        let source = definition(mount);
        let same = |volume: &&Object<'a>| {
            let mut other = (*volume).clone();
            other.remove("name");
            other == source && mount.source != Source::Empty
        };
        if let Some(volume) = self.volumes.iter().find(same) {
            return volume.text_at(&["name"]).to_owned();
        }
        let name = self.free_name(mount);
        self.names.push(name.clone());
        self.volumes.push(source.with("name", name.clone()));
        name
    }

    /// A volume's name has to be a DNS label, unique in the pod.
    fn free_name(&self, mount: &Mount<'_>) -> String {
        const LONGEST: usize = 58;
        let word =
            |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' };
        let base = format!("{}-{}", mount.source.prefix(), mount.name);
        let base: String = base.chars().map(word).take(LONGEST).collect();
        let base = base.trim_end_matches('-');
        let mut name = base.to_owned();
        let mut number = 2_u32;
        while self.names.contains(&name) || rules::dns_label(&name).is_err() && number < 9999 {
            name = format!("{base}-{number}");
            number = number.saturating_add(1);
        }
        name
    }
}

/// A volume without its name.
fn definition<'a>(mount: &Mount<'a>) -> Object<'a> {
    let (name, items) = (mount.name.clone(), mount.items.clone());
    match mount.source {
        Source::ConfigMap => Object::new()
            .with("configMap", Object::new().with_some("items", items).with("name", name)),
        Source::Secret => Object::new()
            .with("secret", Object::new().with_some("items", items).with("secretName", name)),
        Source::Claim => {
            Object::new().with("persistentVolumeClaim", Object::new().with("claimName", name))
        }
        Source::Empty | Source::Own => Object::new().with(
            "emptyDir",
            Object::new()
                .with_some("medium", mount.medium)
                .with_some("sizeLimit", mount.size.clone()),
        ),
        Source::Host => Object::new().with(
            "hostPath",
            Object::new()
                .with_some("path", mount.host_path.clone())
                .with_some("type", mount.host_path_type),
        ),
    }
}
