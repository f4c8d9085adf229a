//! `tests/crds/sources.toml`: where each catalogue entry's definitions come from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// One origin of an entry's definitions: a package, or documentation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// `go:MODULE@VERSION`, `crate:NAME@VERSION`, `npm:NAME@VERSION` or
    /// `maven:GROUP:NAME@VERSION`; none if the definition is written by hand.
    pub(super) package: Option<String>,
    /// The licence of the definitions in the package (SPDX).
    pub(super) licence: Option<String>,
    /// Paths in the package; class names for Maven.
    #[serde(default)]
    pub(super) files: Vec<String>,
    /// The kinds to keep; all that the files define if it is empty.
    #[serde(default)]
    pub(super) kinds: Vec<String>,
    /// The versions to keep; all that are served if it is empty.
    #[serde(default)]
    pub(super) versions: Vec<String>,
    /// What a file of type declarations does not say.
    #[serde(default)]
    pub(super) types: Vec<Declared>,
    /// The kinds that `written/<id>.yaml` defines.
    #[serde(default)]
    pub(super) written: Vec<String>,
    /// Why they are written by hand.
    pub(super) why: Option<String>,
    /// The documentation they are written from.
    pub(super) documentation: Option<String>,
}

/// The identity of a kind whose fields are declared in TypeScript.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declared {
    /// The interface that has `spec`.
    pub(super) root: String,
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) plural: String,
}

/// Reads the file.
pub(super) fn read(file: &Path) -> Result<BTreeMap<String, Vec<Source>>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let all: BTreeMap<String, Vec<Source>> = toml::from_str(&text)?;
    for (id, from) in &all {
        for source in from {
            source.check().with_context(|| format!("entry `{id}` of {}", file.display()))?;
        }
    }
    Ok(all)
}

impl Source {
    fn check(&self) -> Result<()> {
        let by_hand = self.why.is_some() && self.documentation.is_some();
        if self.package.is_some() == by_hand || by_hand == self.written.is_empty() {
            bail!("needs either `package` or `written`, `why` and `documentation`");
        }
        Ok(())
    }
}
