//! The traits of a diagnostics plugin: checks that judge live objects, and
//! fixes that repair what they found.

pub mod export;
mod snapshot;

use crate::{Failure, Finding, Json, Kind, Node, Object, Report};

pub use crate::bindings::diagnostics::exports::bowsprit::plugin::diagnostics::{Query, Risk};
pub use snapshot::{Objects, Snapshot};

/// One check.
///
/// Pure: the same node and snapshot give the same verdict.
pub trait Check {
    /// Unique within the plugin, kebab-case. Codes of its findings begin with
    /// it.
    const ID: &'static str;

    /// How the check is shown.
    fn describe() -> CheckDescription;

    /// What it wants to see of a node.
    fn queries(node: &Node<'_>) -> Vec<Query>;

    /// What it comes to. Findings go to the report; [`Verdict::Found`] and
    /// [`Verdict::Stop`] hand them on.
    fn diagnose(node: &Node<'_>, snapshot: &Snapshot<'_>, report: &mut Report) -> Verdict;
}

/// How one check is shown. Its id is [`Check::ID`].
#[derive(Debug, Clone)]
pub struct CheckDescription {
    /// Shown to people.
    pub title: &'static str,
    /// Node types it applies to; `*` is any. At least one.
    pub node_types: &'static [&'static str],
    /// What it looks at and why it matters.
    pub docs: &'static str,
}

/// What a check comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Not applicable here, or something it needs is forbidden: why.
    Skipped(String),
    /// In order: one sentence.
    Passed(String),
    /// Something is wrong, as the report says.
    Found,
    /// The same, and the checks after it would say nothing new.
    Stop,
}

/// One repair.
pub trait Fix {
    /// Unique within the plugin, kebab-case; findings name it.
    const ID: &'static str;

    /// What it would change.
    ///
    /// # Errors
    ///
    /// `unsupported` when it does not apply here; says why.
    fn propose(request: &Request<'_>) -> Result<Proposal, Failure>;
}

/// What a fix is asked about.
#[derive(Debug)]
pub struct Request<'a> {
    /// What it is to repair; none when a user asks for the fix by its id.
    pub finding: Option<&'a Finding>,
    /// What the user set, by the fix's schema.
    pub parameters: &'a Object<'a>,
    /// The node.
    pub node: &'a Node<'a>,
    /// Of the check that found it, else of all checks of the node, in order.
    pub snapshot: &'a Snapshot<'a>,
}

/// A repair, worked out for one node.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Shown to people.
    pub title: String,
    /// What it does and why.
    pub explanation: String,
    /// What applying it may cost.
    pub risk: Risk,
    /// JSON Schema of the parameters.
    pub parameters: Object<'static>,
    /// What it changes.
    pub patches: Vec<Patch>,
    /// Codes of findings that have to be gone afterwards, as the checks report
    /// them.
    pub cures: Vec<String>,
}

/// One change of a repair.
#[derive(Debug, Clone)]
pub enum Patch {
    /// A merge patch (RFC 7386) of the node's data.
    Drawing(Object<'static>),
    /// Exactly these fields of an object, by server-side apply.
    Object(Object<'static>),
}

/// Asks for one object by name.
pub fn named(kind: Kind, namespace: Option<&str>, name: &str) -> Query {
    Query { name: Some(name.to_owned()), ..all(kind, namespace, 1) }
}

/// Asks for objects by label selector, in the API server's syntax.
pub fn selected(kind: Kind, namespace: Option<&str>, selector: &str, limit: u32) -> Query {
    Query { selector: Some(selector.to_owned()), ..all(kind, namespace, limit) }
}

/// Asks for all objects of a kind, in a namespace or everywhere.
pub fn all(kind: Kind, namespace: Option<&str>, limit: u32) -> Query {
    Query {
        kind,
        namespace: namespace.map(str::to_owned),
        name: None,
        selector: None,
        with_events: false,
        log_lines: 0,
        limit,
    }
}

/// A JSON value that borrows nothing, for patches.
pub fn owned(json: &Json<'_>) -> Json<'static> {
    match json {
        Json::Null => Json::Null,
        Json::Bool(value) => Json::Bool(*value),
        Json::Int(number) => Json::Int(*number),
        Json::Float(number) => Json::Float(*number),
        Json::Text(text) => Json::Text(text.to_string().into()),
        Json::List(items) => Json::List(items.iter().map(owned).collect()),
        Json::Object(object) => {
            Json::Object(object.iter().map(|(key, value)| (key.to_owned(), owned(value))).collect())
        }
    }
}
