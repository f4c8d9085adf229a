//! Which plugins there are, and where their code will be.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{BuildError, Language, Runner, at, compile::crates, embedding};

/// A plugin's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its id, as `plugin.toml` says; the folder's name if it says none.
    pub id: String,
    /// The folder with `plugin.toml`.
    pub folder: PathBuf,
    /// What its component is made of; none if the plugin has no code.
    pub code: Option<Code>,
}

/// What a plugin's component is made of, once that is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A core module, which names its world but is no component yet.
    Module(PathBuf),
    /// A component, as the tools of interpreters write it.
    Component(PathBuf),
}

/// The plugins of a folder, by id: each crate of its workspace that has a
/// `plugin.toml`, or the folder itself if it has one.
///
/// # Errors
///
/// [`BuildError::NoPlugin`] if there is none, [`BuildError::NotLoadable`] if a
/// crate is no `cdylib`, [`BuildError::SameId`] if two have one id.
pub fn sources(folder: &Path, runner: &dyn Runner) -> Result<Vec<Source>, BuildError> {
    let language = Language::of(folder);
    let itself = |code| -> Result<Vec<Source>, BuildError> {
        if !folder.join("plugin.toml").is_file() {
            return Ok(Vec::new());
        }
        Ok(vec![Source { id: Head::read(folder)?.id(), folder: folder.to_owned(), code }])
    };
    let mut found = match language {
        Language::Rust => crates(folder, runner)?,
        Language::None => itself(None)?,
        Language::JavaScript | Language::Python => {
            itself(Some(Code::Component(embedding::component(folder))))?
        }
    };
    if found.is_empty() {
        return Err(BuildError::NoPlugin(folder.to_owned()));
    }
    found.sort_by(|left, right| left.id.cmp(&right.id));
    match found.windows(2).find(|it| matches!(it, [left, right] if left.id == right.id)) {
        Some([twice, ..]) => Err(BuildError::SameId(twice.id.clone())),
        _ => Ok(found),
    }
}

/// What of `plugin.toml` a build goes by. Whether the file is right is for the
/// host to say.
pub(crate) struct Head {
    folder: PathBuf,
    table: toml::Table,
}

impl Head {
    pub(crate) fn read(folder: &Path) -> Result<Self, BuildError> {
        let file = folder.join("plugin.toml");
        let written = fs::read_to_string(&file).map_err(at(&file))?;
        let table = toml::from_str(&written).unwrap_or_default();
        Ok(Self { folder: folder.to_owned(), table })
    }

    /// A key that is a text.
    pub(crate) fn word(&self, key: &str) -> Option<&str> {
        self.table.get(key).and_then(toml::Value::as_str)
    }

    /// What it calls the plugin, else the folder's name.
    pub(crate) fn id(&self) -> String {
        let fine = |it: &&str| !it.is_empty() && !it.contains(['/', '\\', '.']);
        let named = self.word("id").filter(fine).map(str::to_owned);
        named.unwrap_or_else(|| match fs::canonicalize(&self.folder) {
            Ok(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Err(_) => "plugin".to_owned(),
        })
    }
}
