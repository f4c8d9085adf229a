//! What a plugin asks to be allowed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Permissions by the key of `[wants]` in `plugin.toml`: `produces` with kinds
/// as `group/version/Kind`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Wants(pub BTreeMap<String, BTreeSet<String>>);

impl Wants {
    /// Adds one permission.
    pub fn add(&mut self, key: impl Into<String>, what: impl Into<String>) {
        self.0.entry(key.into()).or_default().insert(what.into());
    }

    /// Nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(BTreeSet::is_empty)
    }

    /// What is here and not in `granted`. Permissions are compared as they are
    /// written: a wider one is a new one.
    #[must_use]
    pub fn beyond(&self, granted: &Self) -> Self {
        let mut more = Self::default();
        for (key, all) in &self.0 {
            let had = granted.0.get(key);
            for what in all.iter().filter(|it| had.is_none_or(|had| !had.contains(*it))) {
                more.add(key, what);
            }
        }
        more
    }
}

impl fmt::Display for Wants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (key, all) in &self.0 {
            for what in all {
                f.write_str(if first { "" } else { ", " })?;
                write!(f, "{key} {what}")?;
                first = false;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(all: &[(&str, &str)]) -> Wants {
        let mut wants = Wants::default();
        all.iter().for_each(|(key, what)| wants.add(*key, *what));
        wants
    }

    #[test]
    fn only_what_is_new_goes_beyond() {
        let had = wants(&[("produces", "v1/Secret"), ("produces", "v1/Service")]);
        let less = wants(&[("produces", "v1/Service")]);
        let other = wants(&[("produces", "v1/Service"), ("reads", "v1/Secret")]);
        assert!(less.beyond(&had).is_empty());
        assert!(had.beyond(&had).is_empty());
        assert_eq!(other.beyond(&had), wants(&[("reads", "v1/Secret")]));
        assert_eq!(had.beyond(&Wants::default()), had);
        assert_eq!(other.to_string(), "produces v1/Service, reads v1/Secret");
    }
}
