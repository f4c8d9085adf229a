//! Custom resources of operators, by documents and by a cluster's definitions.
//!
//! A plugin folder with `uses = "resource-catalogue"` in its `plugin.toml` has
//! its `catalogue.yaml` interpreted by this component: an entry of the
//! catalogue and the node types it adds. What it has in common with resource
//! templates is in the crate `document`.
//!
//! Node types whose names begin with [`served::PREFIX`] have no document: they
//! are made of a definition that the host hands over with each call.
//!
//! The component's own folder has [`OWN`] among its assets and no entry.

mod catalogue;
mod columns;
mod entry;
mod judge;
mod node_type;
mod schema;
mod served;

use bowsprit_plugin_sdk::catalogue::{Descriptor, Entry, Match, ResourceCatalogue, Served};
use bowsprit_plugin_sdk::{DynamicType, DynamicTypes, Failure, assets};
use document::mistake::{File, Mark, Mistake, Mistakes};

use crate::catalogue::Document;
use crate::node_type::Curated;
use crate::served::Custom;

/// The file an entry is written in.
const FILE: File = File { name: "catalogue.yaml", interpreter: "resource-catalogue" };

/// The asset by which the folder of this component itself is known.
const OWN: &str = "interpreter.txt";

/// The entry of the folder whose assets these are: one, or none.
#[derive(Debug)]
pub struct Catalogue;

impl DynamicTypes for Catalogue {
    fn load() -> Result<Vec<Box<dyn DynamicType>>, Failure> {
        let types = loaded()?.map(|it| it.types).unwrap_or_default();
        Ok(types.into_iter().map(|it| Box::new(Curated(it)) as Box<dyn DynamicType>).collect())
    }

    fn other(name: &str) -> Option<Box<dyn DynamicType>> {
        name.starts_with(served::PREFIX).then(|| Box::new(Custom::called(name)) as _)
    }
}

impl ResourceCatalogue for Catalogue {
    fn entries() -> Result<Vec<Entry>, Failure> {
        Ok(loaded()?.iter().map(Document::entry).collect())
    }

    fn match_cluster(served: &[Served]) -> Result<Vec<Match>, Failure> {
        Ok(loaded()?.iter().map(|it| it.standing(served)).collect())
    }

    fn form(served: &Served) -> Result<String, Failure> {
        Ok(served::describe(served)?.schema)
    }

    fn describe_served(served: &Served) -> Result<Descriptor, Failure> {
        served::describe(served)
    }
}

fn loaded() -> Result<Option<Document>, Failure> {
    match assets::read(FILE.name) {
        Some(bytes) => read(&bytes).map(Some),
        None if assets::read(OWN).is_some() => Ok(None),
        None => {
            let problem = format!("There is no `{}`.", FILE.name);
            Err(unusable(START, problem, "Put it beside plugin.toml."))
        }
    }
}

/// Where a file begins.
const START: Mark = Mark { line: 1, column: 1 };

fn read(bytes: &[u8]) -> Result<Document, Failure> {
    match str::from_utf8(bytes) {
        Ok(text) => Document::parse(text),
        Err(error) => {
            let at = Mark::broken(bytes, error);
            Err(unusable(at, "It is not UTF-8.".into(), "Save the file as UTF-8."))
        }
    }
}

fn unusable(at: Mark, problem: String, fix: &str) -> Failure {
    let mut log = Mistakes::of(FILE);
    log.add(Mistake::syntax(at, problem, fix));
    log.into_failure()
}

bowsprit_plugin_sdk::export_dynamic_types!(Catalogue);
bowsprit_plugin_sdk::export_catalogue!(Catalogue);

#[cfg(test)]
mod tests;
