//! What a plugin may see and make, as its calls need it.

use bowsprit_host_core::node_types::Kind;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::package::Wants;

/// The wants of a plugin, ready for use.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    pub(crate) produces: Vec<Kind>,
    pub(crate) reads: Vec<Kind>,
    pub(crate) changes: Vec<Kind>,
    /// Whether objects may be outside of namespaces.
    pub(crate) cluster_scoped: bool,
    files: GlobSet,
}

impl Grants {
    pub(crate) fn of(wants: &Wants) -> Self {
        Self {
            produces: wants.produced(),
            reads: wants.read(),
            changes: wants.changed(),
            cluster_scoped: wants.cluster_scoped,
            files: globs(&wants.source_files),
        }
    }

    /// Whether an importer may see the file.
    pub(crate) fn shows(&self, path: &str) -> bool {
        self.files.is_match(path)
    }
}

/// Patterns in which `*` stays within a segment. Those that cannot be read
/// match nothing; they are refused when the package is read.
pub(crate) fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}
