//! The trait of a plugin that knows the custom resources of operators.

use crate::{Failure, Kind};

pub use crate::bindings::bowsprit::plugin::types::Descriptor;
pub use crate::bindings::catalogue::exports::bowsprit::plugin::catalogue::{
    Entry, Match, Presence, Served,
};

/// A catalogue of custom resources, described by documents among the assets or
/// by a cluster's own definitions.
pub trait ResourceCatalogue {
    /// The entries.
    ///
    /// # Errors
    ///
    /// `invalid-input` when one of the plugin's documents cannot be read; the
    /// findings name it.
    fn entries() -> Result<Vec<Entry>, Failure>;

    /// How each entry stands on a cluster that serves these kinds: by default
    /// which of its kinds are served, in the order of preference.
    ///
    /// # Errors
    ///
    /// As [`ResourceCatalogue::entries`].
    fn match_cluster(served: &[Served]) -> Result<Vec<Match>, Failure> {
        Ok(Self::entries()?.into_iter().map(|it| matched(it, served)).collect())
    }

    /// A form schema made from a definition alone.
    ///
    /// # Errors
    ///
    /// `unsupported` when the definition has no schema to make one of.
    fn form(served: &Served) -> Result<String, Failure>;

    /// A whole node type made from a definition alone.
    ///
    /// # Errors
    ///
    /// `unsupported` when nothing can be made of it.
    fn describe_served(served: &Served) -> Result<Descriptor, Failure>;
}

/// An entry is installed when some version of each of its kinds is served.
fn matched(entry: Entry, served: &[Served]) -> Match {
    let same = |a: &Kind, b: &Kind| a.group == b.group && a.kind == b.kind;
    let mut wanted: Vec<&Kind> = Vec::new();
    let mut versions: Vec<Kind> = Vec::new();
    for kind in &entry.kinds {
        if !wanted.iter().any(|it| same(it, kind)) {
            wanted.push(kind);
        }
        let is_served = served.iter().any(|it| it.kind == *kind);
        if is_served && !versions.iter().any(|it| same(it, kind)) {
            versions.push(kind.clone());
        }
    }
    let presence = match versions.len() {
        0 => Presence::Missing,
        some if some < wanted.len() => Presence::Partly,
        _ => Presence::Installed,
    };
    Match { entry: entry.id, presence, versions, findings: Vec::new() }
}

/// Makes a catalogue this component's exports, beside
/// [`export_node_types!`](crate::export_node_types).
#[macro_export]
macro_rules! export_catalogue {
    ($catalogue:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::Failure;
            use $crate::bindings::catalogue::exports::bowsprit::plugin::catalogue as wit;
            use $crate::catalogue::{Descriptor, ResourceCatalogue};

            struct Component;

            impl wit::Guest for Component {
                fn entries() -> Result<Vec<wit::Entry>, Failure> {
                    <$catalogue as ResourceCatalogue>::entries()
                }
                fn match_cluster(served: Vec<wit::Served>) -> Result<Vec<wit::Match>, Failure> {
                    <$catalogue as ResourceCatalogue>::match_cluster(&served)
                }
                fn form(served: wit::Served) -> Result<String, Failure> {
                    <$catalogue as ResourceCatalogue>::form(&served)
                }
                fn describe_served(served: wit::Served) -> Result<Descriptor, Failure> {
                    <$catalogue as ResourceCatalogue>::describe_served(&served)
                }
            }

            $crate::bindings::catalogue::export_catalogue_world!(
                Component with_types_in $crate::bindings::catalogue
            );
        };
    };
}

#[cfg(test)]
mod tests;
