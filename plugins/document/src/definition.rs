//! One node type, read from a file, checked and ready to serve.

mod describe;
mod manifests;
mod read;
mod status;

use bowsprit_plugin_sdk::{Connection, Failure, Handle, Kind, Severity, State};

use crate::expression::Expression;
use crate::mistake::{File, Mark, Mistakes};
use crate::template::Template;
use crate::yaml;

pub use manifests::{Options, options, overlay};
pub use read::{Head, complete, scope, type_name};
pub use status::{Judge, RESERVED};

/// A node type.
#[derive(Debug)]
pub struct Definition {
    /// The file it was read from.
    pub file: File,
    /// What it begins with.
    pub head: Head,
    /// Points where edges can end.
    pub handles: Vec<Handle>,
    /// Meanings edges from this type can have.
    pub connections: Vec<Connection>,
    /// Roles in which other nodes can use this one.
    pub provides: Vec<String>,
    /// What neighbours may know besides.
    pub view: Option<Template>,
    /// What has to hold.
    pub checks: Vec<Check>,
    /// The objects; at least one.
    pub manifests: Vec<Manifest>,
    /// How a node is doing.
    pub status: StatusRules,
}

/// What has to hold for a node.
#[derive(Debug)]
pub struct Check {
    /// Where it was written.
    pub at: Mark,
    /// What has to hold.
    pub holds: Expression,
    /// The last part of its finding's code.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// What to say.
    pub message: Template,
    /// The field it is about.
    pub field: Option<String>,
    /// What to do about it.
    pub suggestion: Option<Template>,
}

/// One object.
#[derive(Debug)]
pub struct Manifest {
    /// Where it was written.
    pub at: Mark,
    /// Its key within the node.
    pub id: String,
    /// There is one if this holds.
    pub when: Option<Expression>,
    /// Its kind, in the preferred version.
    pub kind: Kind,
    /// Further versions, for clusters that do not serve the preferred one.
    pub others: Vec<String>,
    /// Where a field with more of the object is laid over it.
    pub more: Option<More>,
    /// How it is applied.
    pub options: Options,
    /// Laid over the standard metadata.
    pub metadata: Option<Template>,
    /// All but `apiVersion`, `kind` and `metadata`.
    pub body: Template,
}

/// The field of that name has more of an object, and goes to a part of it.
#[derive(Debug, Clone)]
pub struct More {
    /// The field.
    pub field: String,
    /// The member it is laid over; none = the whole object.
    pub part: Option<&'static str>,
}

/// How a status is found.
#[derive(Debug, Default)]
pub struct StatusRules {
    /// Index of the manifest whose object is judged.
    pub of: usize,
    /// Look at the object's pods too.
    pub with_pods: bool,
    /// And at events.
    pub with_events: bool,
    /// The first that holds counts.
    pub rules: Vec<StatusRule>,
    /// Judges an object for which there are no rules; that it is there is
    /// enough if there is no judge.
    pub judge: Option<Judge>,
    /// The condition that says whether the object is as it should be.
    pub condition: Option<String>,
    /// How many replicas are ready.
    pub ready: Option<Expression>,
    /// How many are wanted.
    pub desired: Option<Expression>,
    /// Where it can be reached.
    pub addresses: Option<Template>,
    /// What else the card shows.
    pub card: Vec<(String, Template)>,
}

/// A state, and when it is the right one.
#[derive(Debug)]
pub struct StatusRule {
    /// Always, if there is none.
    pub when: Option<Expression>,
    /// The state.
    pub state: State,
    /// Why, in one word.
    pub reason: Template,
    /// Why, in a sentence.
    pub message: Template,
    /// The state word of the card.
    pub card: Option<String>,
}

impl Definition {
    /// Reads a `resource.yaml`.
    ///
    /// # Errors
    ///
    /// Every mistake in it, with its line, column and fix.
    pub fn parse(text: &str, file: File) -> Result<Self, Failure> {
        let mut log = Mistakes::of(file);
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
