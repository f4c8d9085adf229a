//! Golden files: what is asked, with the answers that are expected.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use bowsprit_host_core::plugins::LoadFailure;
use serde_json::{Value, json};

use super::{Asked, CaseError, Difference, Subject, differences, source::Files};
use crate::{
    package::{Assets, read_golden},
    world::World,
};

/// A golden file.
#[derive(Debug, Clone)]
pub struct Golden {
    /// The file.
    pub file: PathBuf,
    /// What is asked.
    pub subject: Subject,
    input: Value,
    expected: Value,
}

/// Why a golden file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    /// The folder cannot be read, or there is too much in it.
    #[error("{}; {}", .0.message, .0.fix)]
    Unreadable(Box<LoadFailure>),
    /// There are no plugins of that kind.
    #[error("there are no plugins of kind `{0}`")]
    Kind(String),
    /// It is not JSON with `input` and `expected`.
    #[error("{problem}")]
    Form {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Its `input` is not a case.
    #[error("`input`: {source}")]
    Input {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: CaseError,
    },
}

impl GoldenError {
    /// The file it is about, where it is about one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Unreadable(_) | Self::Kind(_) => None,
            Self::Form { file, .. } | Self::Input { file, .. } => Some(file),
        }
    }
}

impl Golden {
    /// The golden files of the plugin in `folder`, by name, none if it has
    /// none, within the bounds a host has. `kind` is the plugin's. Blocks.
    ///
    /// # Errors
    ///
    /// If one cannot be read or is not written as it should be; says where.
    pub fn all(folder: &Path, kind: &str) -> Result<Vec<Self>, GoldenError> {
        let world = World::of_kind(kind).ok_or_else(|| GoldenError::Kind(kind.to_owned()))?;
        let root = match fs::canonicalize(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            found => found.unwrap_or_else(|_| folder.to_owned()),
        };
        let inner = folder.join("golden");
        let files = read_golden(&root, &inner, world);
        Self::of(&inner, &files.map_err(|it| GoldenError::Unreadable(Box::new(it)))?, world)
            .collect()
    }

    /// The golden files among those of a package that was read from `folder`.
    pub(crate) fn of<'f>(
        folder: &'f Path,
        files: &'f Assets,
        world: World,
    ) -> impl Iterator<Item = Result<Self, GoldenError>> + 'f {
        let golden = files.iter().filter(|(name, _)| !name.contains('/'));
        golden.map(move |(name, bytes)| {
            let prefix = format!("{}/", name.trim_end_matches(".json"));
            let below = files.iter().filter_map(|(path, bytes)| {
                Some((path.strip_prefix(&prefix)?.to_owned(), bytes.clone()))
            });
            Self::parse(folder.join(name), bytes, world, below.collect())
        })
    }

    fn parse(
        file: PathBuf,
        bytes: &[u8],
        world: World,
        sources: Files,
    ) -> Result<Self, GoldenError> {
        let form = |problem: String| GoldenError::Form { file: file.clone(), problem };
        let mut all: Value =
            serde_json::from_slice(bytes).map_err(|error| form(format!("is not JSON: {error}")))?;
        let known = |key: &str| matches!(key, "input" | "expected");
        let keys = all.as_object().into_iter().flat_map(serde_json::Map::keys);
        if let Some(unknown) = keys.map(String::as_str).find(|it| !known(it)) {
            return Err(form(format!("`{unknown}` is neither `input` nor `expected`")));
        }
        let mut part = |key: &str| all.get_mut(key).map(Value::take).unwrap_or_default();
        let (input, expected) = (part("input"), part("expected"));
        if !input.is_object() {
            return Err(form("has no `input`".to_owned()));
        }
        if !expected.is_object() && !expected.is_null() {
            return Err(form("`expected` is no object".to_owned()));
        }
        let subject = Subject::read(&input, world, sources)
            .map_err(|source| GoldenError::Input { file: file.clone(), source })?;
        Ok(Self { file, subject, input, expected })
    }

    /// The file's name.
    pub fn name(&self) -> String {
        self.file.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether it says nothing yet of what is expected.
    pub fn is_open(&self) -> bool {
        self.expected.is_null()
    }

    /// What the plugin answers to it.
    pub async fn answered(&self, plugin: &dyn Asked) -> Value {
        self.subject.call_all(plugin).await
    }

    /// Where `answered` is not what the file expects; the first step of a
    /// pointer is the function.
    pub fn differences(&self, answered: &Value) -> Vec<Difference> {
        differences(&self.expected, answered)
    }

    /// The file's text with `answered` as what is expected.
    pub fn text_expecting(&self, answered: &Value) -> String {
        let all = json!({ "expected": answered, "input": self.input });
        format!("{all:#}\n")
    }
}
