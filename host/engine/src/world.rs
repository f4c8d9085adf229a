//! The kinds of plugins: what each may import and has to export, as
//! `worlds.wit` says.

/// A world a component can be built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum World {
    NodeTypes,
    Importer,
    Diagnostics,
    ResourceCatalogue,
}

/// An interface a component may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Import {
    /// Without its version: `bowsprit:plugin/log`.
    pub(crate) name: &'static str,
    /// The key under `[wants]` it takes, where it is not free.
    pub(crate) grant: Option<&'static str>,
}

const TYPES: Import = Import { name: "bowsprit:plugin/types", grant: None };
const LOG: Import = Import { name: "bowsprit:plugin/log", grant: None };
const ASSETS: Import = Import { name: "bowsprit:plugin/assets", grant: None };
const PROGRESS: Import = Import { name: "bowsprit:plugin/progress", grant: None };
const SOURCE_FILES: Import =
    Import { name: "bowsprit:plugin/source-files", grant: Some("source-files") };

const NODE_TYPES: &str = "bowsprit:plugin/node-types";

impl World {
    pub(crate) const ALL: [Self; 4] =
        [Self::NodeTypes, Self::Importer, Self::Diagnostics, Self::ResourceCatalogue];

    /// The word under `kind` in `plugin.toml`.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::NodeTypes => "node-types",
            Self::Importer => "importer",
            Self::Diagnostics => "diagnostics",
            Self::ResourceCatalogue => "resource-catalogue",
        }
    }

    /// Its name in `worlds.wit`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NodeTypes => "node-types-plugin",
            Self::Importer => "importer-plugin",
            Self::Diagnostics => "diagnostics-plugin",
            Self::ResourceCatalogue => "resource-catalogue-plugin",
        }
    }

    pub(crate) const fn imports(self) -> &'static [Import] {
        match self {
            Self::NodeTypes | Self::Diagnostics | Self::ResourceCatalogue => &[TYPES, LOG, ASSETS],
            Self::Importer => &[TYPES, LOG, ASSETS, PROGRESS, SOURCE_FILES],
        }
    }

    pub(crate) const fn exports(self) -> &'static [&'static str] {
        match self {
            Self::NodeTypes => &[NODE_TYPES],
            Self::Importer => &["bowsprit:plugin/importer"],
            Self::Diagnostics => &["bowsprit:plugin/diagnostics"],
            Self::ResourceCatalogue => &[NODE_TYPES, "bowsprit:plugin/catalogue"],
        }
    }

    /// From the word under `kind`.
    pub(crate) fn of_kind(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.kind() == kind)
    }
}
