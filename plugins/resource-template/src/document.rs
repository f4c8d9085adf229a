//! A whole `resource.yaml`: one node type, checked and ready to serve.

mod describe;
mod manifests;
mod read;
mod status;

use bowsprit_plugin_sdk::rules::Rule;
use bowsprit_plugin_sdk::{
    Connection, Failure, Handle, Kind, OnImmutable, Order, Prune, Severity, State, WaitFor,
};

use crate::expression::Expression;
use crate::field::Field;
use crate::mistake::{Mark, Mistakes};
use crate::template::Template;
use crate::yaml;

/// A node type.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) name: String,
    title: String,
    description: String,
    category: String,
    icon: String,
    tags: Vec<String>,
    schema_version: u32,
    /// Whether its objects live in namespaces, unless one says otherwise.
    pub(crate) namespaced: bool,
    pub(crate) name_rule: Rule,
    pub(crate) fields: Vec<Field>,
    pub(crate) handles: Vec<Handle>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) provides: Vec<String>,
    pub(crate) view: Option<Template>,
    pub(crate) checks: Vec<Check>,
    /// At least one.
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) status: StatusRules,
}

/// What has to hold for a node.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) at: Mark,
    pub(crate) holds: Expression,
    pub(crate) code: String,
    pub(crate) severity: Severity,
    pub(crate) message: Template,
    /// The field it is about.
    pub(crate) field: Option<String>,
    pub(crate) suggestion: Option<Template>,
}

/// One object.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) at: Mark,
    pub(crate) id: String,
    /// There is one if this holds.
    pub(crate) when: Option<Expression>,
    pub(crate) kind: Kind,
    pub(crate) namespaced: bool,
    pub(crate) order: Order,
    pub(crate) wait: WaitFor,
    pub(crate) prune: Prune,
    pub(crate) on_immutable: OnImmutable,
    pub(crate) yields: Vec<String>,
    /// Laid over the standard metadata.
    pub(crate) metadata: Option<Template>,
    /// All but `apiVersion`, `kind` and `metadata`.
    pub(crate) body: Template,
}

/// How a status is found.
#[derive(Debug, Default)]
pub(crate) struct StatusRules {
    /// Index of the manifest whose object is judged.
    pub(crate) of: usize,
    pub(crate) with_pods: bool,
    pub(crate) with_events: bool,
    /// The first that holds counts.
    pub(crate) rules: Vec<StatusRule>,
    pub(crate) ready: Option<Expression>,
    pub(crate) desired: Option<Expression>,
    pub(crate) addresses: Option<Template>,
    pub(crate) card: Vec<(String, Template)>,
}

/// A state, and when it is the right one.
#[derive(Debug)]
pub(crate) struct StatusRule {
    /// Always, if there is none.
    pub(crate) when: Option<Expression>,
    pub(crate) state: State,
    pub(crate) reason: Template,
    pub(crate) message: Template,
    /// The state word of the card.
    pub(crate) card: Option<String>,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Every mistake in it, with its line, column and fix.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut log = Mistakes::default();
        let root = match yaml::parse(text) {
            Ok(root) => root,
            Err(mistake) => {
                log.add(mistake);
                return Err(log.into_failure());
            }
        };
        let document = read::document(&root, &mut log);
        match document {
            Some(document) if log.is_empty() => Ok(document),
            _ => Err(log.into_failure()),
        }
    }
}
