//! What plugins are written in: the one list, and what tells them apart.

use std::path::Path;

use crate::{BuildError, Runner, Way, compile, javascript, python, source::Head};

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Nothing: the plugin's files are read by another plugin's component.
    None,
    /// Crates.
    Rust,
    /// ES modules, run by QuickJS inside the component.
    JavaScript,
    /// Python modules, run by CPython inside the component.
    Python,
}

impl Language {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::None, Self::Rust, Self::JavaScript, Self::Python];

    /// How it is called on the command line; its scaffold is in
    /// `sdk/<name>/scaffold`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Rust => "rust",
            Self::JavaScript => "javascript",
            Self::Python => "python",
        }
    }

    /// The language of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// What the sources in `folder` are written in, by the file that names
    /// what they need. A plugin's folder as built has no such file: `None`.
    pub fn of(folder: &Path) -> Self {
        let has = |name: &str| folder.join(name).is_file();
        if Head::read(folder).is_ok_and(|it| it.word("uses").is_some()) {
            Self::None
        } else if has("Cargo.toml") {
            Self::Rust
        } else if has(javascript::MANIFEST) {
            Self::JavaScript
        } else if has(python::REQUIREMENTS) || has("pyproject.toml") {
            Self::Python
        } else {
            Self::None
        }
    }

    /// Makes the code of the plugins in `folder`, ready to be published; with
    /// `locked` of exactly what the lock file says.
    ///
    /// # Errors
    ///
    /// [`BuildError`] says what is missing or did not work.
    pub fn build(self, folder: &Path, locked: bool, runner: &dyn Runner) -> Result<(), BuildError> {
        match self {
            Self::None => Ok(()),
            Self::Rust => compile(folder, &Way::choose(folder, runner)?, locked, runner),
            Self::JavaScript => javascript::build(folder, locked, runner),
            // What is not pinned there is not built in any case.
            Self::Python => python::build(folder, runner),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_language_is_known_by_what_is_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let has = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
            Language::of(folder.path())
        };
        assert_eq!(has("plugin.toml", "component = \"plugin.wasm\""), Language::None);
        assert_eq!(has("pyproject.toml", ""), Language::Python);
        assert_eq!(has("package.json", "{}"), Language::JavaScript);
        assert_eq!(has("Cargo.toml", ""), Language::Rust);
        assert_eq!(has("plugin.toml", "uses = \"resource-template\""), Language::None);
        for language in Language::ALL {
            assert_eq!(Language::parse(language.name()), Some(language));
        }
        assert_eq!(Language::parse("cobol"), None);
    }
}
