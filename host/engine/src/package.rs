//! A plugin's folder as bytes: read whole, bounded, and named by its digest.

mod plugin_toml;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use bowsprit_host_core::plugins::{LoadFailure, LoadStage};
use sha2::{Digest as _, Sha256};

use crate::{failure::failure, world::World};
pub use plugin_toml::is_kebab;
pub(crate) use plugin_toml::{Asks, Code as CodeOf, PluginToml, Wants};

/// Largest component, bytes: room for an interpreter, not for a data set.
const COMPONENT_BYTES: u64 = 32 << 20;
/// Largest `plugin.toml`, bytes.
const TOML_BYTES: u64 = 64 << 10;
/// Most bytes of all assets together.
const ASSETS_BYTES: u64 = 16 << 20;
/// Most assets.
const ASSETS: usize = 1000;
/// Deepest folder below `assets/`.
const ASSETS_DEPTH: usize = 8;
/// Most bytes of all golden files together.
const GOLDEN_BYTES: u64 = 4 << 20;
/// Most golden files.
const GOLDEN: usize = 200;
/// Most files of golden sources, all cases together.
const GOLDEN_SOURCES: usize = 1000;

/// SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    pub(crate) fn hex(self) -> String {
        hex::encode(self.0)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.hex())
    }
}

/// The files a component may read, by path below `assets/`.
pub(crate) type Assets = BTreeMap<String, Vec<u8>>;

/// A component as it was read, hashed once.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) digest: Digest,
}

impl Code {
    fn of(bytes: Vec<u8>) -> Self {
        Self { digest: Digest::of(&bytes), bytes: bytes.into() }
    }
}

/// A plugin that could be read.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) folder: PathBuf,
    pub(crate) toml: Arc<PluginToml>,
    /// `plugin.toml` as it is written.
    pub(crate) text: Arc<str>,
    /// None if another plugin's component is used.
    pub(crate) component: Option<Code>,
    pub(crate) assets: Arc<Assets>,
    /// Golden files by name, and golden sources by `<case>/<path>`.
    pub(crate) golden: Arc<Assets>,
    /// Of the golden files.
    pub(crate) tests: Digest,
    /// The generation's identity: of everything above but the golden files.
    pub(crate) digest: Digest,
    /// Of everything above.
    pub(crate) seen: Digest,
}

/// Why a folder could not be read.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The plugin's id, if that much could be read.
    pub(crate) id: Option<String>,
    pub(crate) failure: LoadFailure,
}

/// What is found when looking at a folder.
#[derive(Debug, Clone)]
pub(crate) enum Sight {
    /// No folder, or none with a `plugin.toml`.
    Absent,
    /// A plugin that cannot be read.
    Refused(Refusal),
    /// A plugin.
    Ready(Package),
}

impl Sight {
    /// Looks at `folder`. Blocks.
    pub(crate) fn of(folder: &Path) -> Self {
        let file = folder.join("plugin.toml");
        match fs::metadata(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::Absent,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Self::Absent,
            _ => {}
        }
        let mut id = None;
        match read(folder, &file, &mut id) {
            Ok(package) => Self::Ready(package),
            Err(failure) => Self::Refused(Refusal { id, failure }),
        }
    }

    /// Equal for equal content, so that two looks can be compared.
    pub(crate) fn digest(&self) -> Option<Digest> {
        match self {
            Self::Absent => None,
            Self::Refused(refusal) => Some(Digest::of(refusal.failure.message.as_bytes())),
            Self::Ready(package) => Some(package.seen),
        }
    }
}

fn read(folder: &Path, file: &Path, id: &mut Option<String>) -> Result<Package, LoadFailure> {
    let root = fs::canonicalize(folder).map_err(|error| unreadable(folder, &error))?;
    let text = read_bounded(&root, file, TOML_BYTES)?;
    let text = String::from_utf8(text).map_err(|_| {
        let message = format!("{} is not UTF-8", file.display());
        failure(LoadStage::Read, "plugin.toml.invalid", message, "save the file as UTF-8")
    })?;
    *id = PluginToml::guess_id(&text);
    let toml = PluginToml::parse(&text, &file.display().to_string())?;
    let component = match toml.code() {
        CodeOf::Own(name) => {
            let path = folder.join(name);
            if let Err(error) = fs::metadata(&path)
                && error.kind() == io::ErrorKind::NotFound
            {
                return Err(not_built(&path));
            }
            Some(Code::of(read_bounded(&root, &path, COMPONENT_BYTES)?))
        }
        CodeOf::Of(_) => None,
    };
    let mut assets = read_assets(&root, &folder.join("assets"))?;
    if let CodeOf::Of(_) = toml.code() {
        add_documents(&root, folder, &mut assets)?;
    }
    let golden = read_golden(&root, &folder.join("golden"), toml.world())?;
    let digest = digest(&text, component.as_ref(), &assets);
    let mut tests = Sha256::new();
    golden.iter().for_each(|(name, bytes)| part(&mut tests, name, bytes));
    let tests = Digest(tests.finalize().into());
    let mut seen = Sha256::new();
    part(&mut seen, "package", digest.bytes());
    part(&mut seen, "golden", tests.bytes());
    Ok(Package {
        folder: folder.to_owned(),
        toml: Arc::new(toml),
        text: text.into(),
        component,
        assets: Arc::new(assets),
        golden: Arc::new(golden),
        tests,
        digest,
        seen: Digest(seen.finalize().into()),
    })
}

/// The identity of a generation: each part by its name and its own digest,
/// parts in order of their names.
fn digest(toml: &str, component: Option<&Code>, assets: &Assets) -> Digest {
    let mut hash = Sha256::new();
    for (path, bytes) in assets {
        part(&mut hash, &format!("assets/{path}"), bytes);
    }
    if let Some(component) = component {
        part_of(&mut hash, "component", component.digest);
    }
    part(&mut hash, "plugin.toml", toml.as_bytes());
    Digest(hash.finalize().into())
}

fn part(hash: &mut Sha256, name: &str, bytes: &[u8]) {
    part_of(hash, name, Digest::of(bytes));
}

fn part_of(hash: &mut Sha256, name: &str, digest: Digest) {
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(name);
    hash.update(digest.bytes());
}

/// `*.json` right below `folder`, and for importers what lies in the folders of
/// their names; other files are the author's own.
pub(crate) fn read_golden(root: &Path, folder: &Path, world: World) -> Result<Assets, LoadFailure> {
    let mut golden = Assets::new();
    let mut left = GOLDEN_BYTES;
    for name in names(folder)?.into_iter().filter(|it| it.ends_with(".json")) {
        let path = folder.join(&name);
        let bytes = read_bounded(root, &path, left)?;
        left -= bytes.len() as u64;
        golden.insert(name, bytes);
        if golden.len() > GOLDEN {
            return Err(too_many(folder, GOLDEN));
        }
    }
    if world == World::Importer {
        let cases: Vec<String> = golden.keys().cloned().collect();
        let most = golden.len() + GOLDEN_SOURCES;
        let mut tree = Tree { root, left, most, files: golden };
        for case in cases.iter().filter_map(|it| it.strip_suffix(".json")) {
            tree.add(&folder.join(case), &format!("{case}/"))?;
        }
        return Ok(tree.files);
    }
    Ok(golden)
}

/// Files below folders, read one after the other within common bounds.
struct Tree<'r> {
    root: &'r Path,
    /// Bytes.
    left: u64,
    /// Files.
    most: usize,
    files: Assets,
}

impl Tree<'_> {
    /// Adds what is below `whole`, its paths beginning with `prefix`.
    fn add(&mut self, whole: &Path, prefix: &str) -> Result<(), LoadFailure> {
        let mut open = vec![(whole.to_owned(), prefix.to_owned(), 0)];
        while let Some((folder, prefix, depth)) = open.pop() {
            for name in names(&folder)? {
                let path = folder.join(&name);
                let inner = format!("{prefix}{name}");
                if path.is_dir() {
                    if depth == ASSETS_DEPTH {
                        return Err(too_large(&path, "its folders are nested too deeply"));
                    }
                    open.push((path, format!("{inner}/"), depth + 1));
                    continue;
                }
                let bytes = read_bounded(self.root, &path, self.left)?;
                self.left -= bytes.len() as u64;
                self.files.insert(inner, bytes);
                if self.files.len() > self.most {
                    return Err(too_many(whole, self.most));
                }
            }
        }
        Ok(())
    }
}

fn read_assets(root: &Path, folder: &Path) -> Result<Assets, LoadFailure> {
    let mut tree = Tree { root, left: ASSETS_BYTES, most: ASSETS, files: Assets::new() };
    tree.add(folder, "")?;
    Ok(tree.files)
}

/// Adds what is written for another plugin's component: the YAML files beside
/// `plugin.toml`, each as the asset of its name.
fn add_documents(root: &Path, folder: &Path, assets: &mut Assets) -> Result<(), LoadFailure> {
    let used: u64 = assets.values().map(|it| it.len() as u64).sum();
    let mut left = ASSETS_BYTES.saturating_sub(used);
    for name in names(folder)?.into_iter().filter(|it| it.ends_with(".yaml")) {
        let path = folder.join(&name);
        let bytes = read_bounded(root, &path, left)?;
        left -= bytes.len() as u64;
        if assets.insert(name, bytes).is_some() {
            let message = format!("{} is also in `assets/`", path.display());
            let fix = "keep one of the two";
            return Err(failure(LoadStage::Read, "plugin.folder.ambiguous", message, fix));
        }
        if assets.len() > ASSETS {
            return Err(too_many(folder, ASSETS));
        }
    }
    Ok(())
}

/// Names in `folder` without those that editors and mounts use for themselves;
/// none if there is no such folder.
fn names(folder: &Path) -> Result<Vec<String>, LoadFailure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(folder, &error))?.file_name();
        let Some(name) = name.to_str() else {
            let message = format!("a file name in {} is not UTF-8", folder.display());
            return Err(failure(
                LoadStage::Read,
                "plugin.folder.unreadable",
                message,
                "rename the file",
            ));
        };
        if !is_scratch(name) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a name is an editor's or a mount's own: `.x.swp`, `x~`, `#x#`,
/// `x.tmp`, `..data`.
pub(crate) fn is_scratch(name: &str) -> bool {
    name.starts_with(['.', '#']) || name.ends_with('~') || name.ends_with(".tmp")
}

/// The bytes of a regular file inside `root`.
fn read_bounded(root: &Path, path: &Path, most: u64) -> Result<Vec<u8>, LoadFailure> {
    // Links are followed, for that is how Kubernetes mounts its volumes, but
    // not out of the folder: a plugin must not read its neighbours' files.
    let real = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
    if !real.starts_with(root) {
        let message = format!("{} leads out of the plugin's folder", path.display());
        return Err(failure(
            LoadStage::Read,
            "plugin.folder.escape",
            message,
            "copy the file into the folder",
        ));
    }
    if !fs::metadata(&real).map_err(|error| unreadable(path, &error))?.is_file() {
        let message = format!("{} is not a regular file", path.display());
        return Err(failure(
            LoadStage::Read,
            "plugin.folder.unreadable",
            message,
            "put a regular file there",
        ));
    }
    let mut bytes = Vec::new();
    let file = File::open(&real).map_err(|error| unreadable(path, &error))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > most {
        return Err(too_large(path, &format!("more than {most} bytes")));
    }
    Ok(bytes)
}

fn too_large(path: &Path, why: &str) -> LoadFailure {
    too_much(format!("{} is too large: {why}", path.display()))
}

fn too_many(folder: &Path, most: usize) -> LoadFailure {
    too_much(format!("{} has more than {most} files", folder.display()))
}

fn too_much(message: String) -> LoadFailure {
    let fix = "leave out what the plugin does not need";
    failure(LoadStage::Read, "plugin.folder.too-large", message, fix)
}

fn not_built(path: &Path) -> LoadFailure {
    let message = format!("{} is not there", path.display());
    let fix = "make it with `bowsprit plugin build`, or correct `component` in plugin.toml";
    failure(LoadStage::Read, "plugin.folder.unreadable", message, fix)
}

fn unreadable(path: &Path, error: &io::Error) -> LoadFailure {
    let message = format!("{} cannot be read: {}", path.display(), error.kind());
    failure(
        LoadStage::Read,
        "plugin.folder.unreadable",
        message,
        "check that the file is there and its mode allows reading",
    )
}
