//! Node types without code: each is a `resource.yaml`.
//!
//! A plugin folder with `uses = "resource-template"` in its `plugin.toml` has
//! its `resource.yaml` interpreted by this component. The file declares fields,
//! handles, objects and status rules; its values are expressions that are put
//! into a tree parsed beforehand, never into text.
//!
//! - [`yaml`], [`table`] and [`mistake`] read files and say what is wrong where.
//! - [`expression`] is the language, [`template`] values with expressions in
//!   them, [`field`] what a user enters.
//! - [`document`] is a whole file, [`node_type`] a file as a node type.
//!
//! The component's own folder has [`OWN`] among its assets and no node type.

mod document;
mod expression;
mod field;
mod mistake;
mod node_type;
mod table;
mod template;
mod yaml;

use bowsprit_plugin_sdk::{DynamicType, DynamicTypes, Failure, assets};

use crate::document::Document;
use crate::mistake::{FILE, Mark, Mistake, Mistakes};

/// The asset by which the folder of this component itself is known.
const OWN: &str = "interpreter.txt";

/// The node types of the folder whose assets these are: one, or none.
#[derive(Debug)]
pub struct ResourceTemplate;

impl DynamicTypes for ResourceTemplate {
    fn load() -> Result<Vec<Box<dyn DynamicType>>, Failure> {
        match assets::read(FILE) {
            Some(bytes) => Ok(vec![Box::new(read(&bytes)?)]),
            None if assets::read(OWN).is_some() => Ok(Vec::new()),
            None => Err(unusable(format!("There is no `{FILE}`."), "Put it beside plugin.toml.")),
        }
    }
}

fn read(bytes: &[u8]) -> Result<Document, Failure> {
    match str::from_utf8(bytes) {
        Ok(text) => Document::parse(text),
        Err(_) => Err(unusable("It is not UTF-8.".into(), "Save the file as UTF-8.")),
    }
}

fn unusable(problem: String, fix: &str) -> Failure {
    let mut log = Mistakes::default();
    log.add(Mistake::syntax(Mark { line: 1, column: 1 }, problem, fix));
    log.into_failure()
}

bowsprit_plugin_sdk::export_dynamic_types!(ResourceTemplate);

#[cfg(test)]
mod tests;
