//! Node types without code: each is a `resource.yaml`.
//!
//! A plugin folder with `uses = "resource-template"` in its `plugin.toml` has
//! its `resource.yaml` interpreted by this component. The file declares fields,
//! handles, objects and status rules; its values are expressions that are put
//! into a tree parsed beforehand, never into text.
//!
//! The crate `document` reads it and answers for it; this one finds it.
//!
//! The component's own folder has [`OWN`] among its assets and no node type.

use bowsprit_plugin_sdk::{DynamicType, DynamicTypes, Failure, assets};
use document::definition::Definition;
use document::mistake::{File, Mark, Mistake, Mistakes};

/// The file a folder's node type is written in.
const FILE: File = File { name: "resource.yaml", interpreter: "resource-template" };

/// The asset by which the folder of this component itself is known.
const OWN: &str = "interpreter.txt";

/// The node types of the folder whose assets these are: one, or none.
#[derive(Debug)]
pub struct ResourceTemplate;

impl DynamicTypes for ResourceTemplate {
    fn load() -> Result<Vec<Box<dyn DynamicType>>, Failure> {
        match assets::read(FILE.name) {
            Some(bytes) => Ok(vec![Box::new(read(&bytes)?)]),
            None if assets::read(OWN).is_some() => Ok(Vec::new()),
            None => {
                let problem = format!("There is no `{}`.", FILE.name);
                Err(unusable(START, problem, "Put it beside plugin.toml."))
            }
        }
    }
}

/// Where a file begins.
const START: Mark = Mark { line: 1, column: 1 };

fn read(bytes: &[u8]) -> Result<Definition, Failure> {
    match str::from_utf8(bytes) {
        Ok(text) => Definition::parse(text, FILE),
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

bowsprit_plugin_sdk::export_dynamic_types!(ResourceTemplate);

#[cfg(test)]
mod tests;
