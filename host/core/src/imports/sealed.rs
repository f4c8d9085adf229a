//! Secret values of a source on their way to the workflow it becomes.

use secrecy::SecretString;

use crate::{
    Result,
    id::Id,
    secrets::{KeyRing, Place},
};

/// Seals values for one user, so that the answer may carry them.
///
/// The place names user, node and key. A node's id is fresh in each analysis,
/// so a sealed value is good for nothing but that node, in the hands of that
/// user, on this host.
pub struct Sealed<'a> {
    keys: &'a KeyRing,
    user: String,
}

impl<'a> Sealed<'a> {
    /// For what `user` imports.
    pub fn new(keys: &'a KeyRing, user: Id) -> Self {
        Self { keys, user: user.to_string() }
    }

    /// Seals a value of a node.
    pub fn seal(&self, node: &str, key: &str, value: &SecretString) -> Result<String> {
        self.keys.seal(self.place(&field(node, key)), value)
    }

    /// Opens what was sealed for that user, node and key.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Unreadable`] if it was sealed for another of them, or
    /// with a key that is gone.
    pub fn open(&self, node: &str, key: &str, sealed: &str) -> Result<SecretString> {
        self.keys.open(self.place(&field(node, key)), sealed)
    }

    fn place<'p>(&'p self, field: &'p str) -> Place<'p> {
        Place { collection: "imports", document: &self.user, field }
    }
}

/// Neither part can hold a line break that would make two places one: ids are
/// the host's own.
fn field(node: &str, key: &str) -> String {
    format!("{node}\n{key}")
}
