//! Golden files: cases with the answers that are expected.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{Case, CaseError, Difference, differences};

/// Most golden files of a plugin.
const FILES: usize = 500;
/// Largest golden file, bytes.
const BYTES: u64 = 1 << 20;

/// A golden file.
#[derive(Debug, Clone)]
pub struct Golden {
    /// The file.
    pub file: PathBuf,
    /// What is asked.
    pub case: Case,
    input: Value,
    expected: Value,
}

/// Why a golden file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    /// It cannot be read.
    #[error("`{}` cannot be read: {source}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is too large, or there are too many.
    #[error("`{}`: more than {most} {unit}", .file.display())]
    TooMuch {
        /// The file or folder.
        file: PathBuf,
        /// How much is allowed.
        most: u64,
        /// Of what.
        unit: &'static str,
    },
    /// It is not JSON with `input` and `expected`.
    #[error("`{}`: {problem}", .file.display())]
    Form {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Its `input` is not a case.
    #[error("`{}`: `input`: {source}", .file.display())]
    Input {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: CaseError,
    },
}

/// The golden files (`*.json`) of a folder, by name; none if there is no such
/// folder. Blocks.
///
/// # Errors
///
/// If the folder cannot be read or has more than 500 of them.
pub fn golden_files(folder: &Path) -> Result<Vec<PathBuf>, GoldenError> {
    let unreadable = |source| GoldenError::Unreadable { file: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|it| it == "json") {
            files.push(path);
        }
    }
    if files.len() > FILES {
        let most = FILES as u64;
        return Err(GoldenError::TooMuch { file: folder.to_owned(), most, unit: "golden files" });
    }
    files.sort();
    Ok(files)
}

impl Golden {
    /// Reads a golden file of at most 1 MiB. Blocks.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is not written as it should be; says where.
    pub fn read(file: &Path) -> Result<Self, GoldenError> {
        let name = || file.to_owned();
        let unreadable = |source| GoldenError::Unreadable { file: name(), source };
        let mut bytes = Vec::new();
        let opened = File::open(file).map_err(unreadable)?;
        opened.take(BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > BYTES {
            return Err(GoldenError::TooMuch { file: name(), most: BYTES, unit: "bytes" });
        }
        let form = |problem: String| GoldenError::Form { file: name(), problem };
        let mut all: Value = serde_json::from_slice(&bytes)
            .map_err(|error| form(format!("is not JSON: {error}")))?;
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
        let case =
            Case::read(&input).map_err(|source| GoldenError::Input { file: name(), source })?;
        Ok(Self { file: name(), case, input, expected })
    }

    /// The file's name.
    pub fn name(&self) -> String {
        self.file.file_name().unwrap_or_default().to_string_lossy().into_owned()
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
