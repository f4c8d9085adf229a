//! Between the component's exports and [`Check`]s and [`Fix`]es. Called by the
//! code [`export_diagnostics!`](crate::export_diagnostics) writes, and by
//! tests.

use super::{Check, Fix, Patch, Proposal, Query, Request, Snapshot, Verdict};
use crate::bindings::bowsprit::plugin::types;
use crate::bindings::diagnostics::exports::bowsprit::plugin::diagnostics as wit;
use crate::report::quoted;
use crate::{Failure, Finding, Node, Object, Report};

/// The functions of one check, documented in `diagnostics.wit`.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the fields are the functions of the WIT interface")]
pub struct CheckFunctions {
    pub id: &'static str,
    pub describe: fn() -> wit::Check,
    pub queries: fn(&types::Node) -> Result<Vec<Query>, Failure>,
    pub diagnose: fn(&types::Node, &wit::Snapshot) -> Result<wit::Outcome, Failure>,
}

/// The function of one fix.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the fields are the functions of the WIT interface")]
pub struct FixFunctions {
    pub id: &'static str,
    pub propose: ProposeFunction,
}

/// Finding, parameters, node and snapshot in; a repair out.
pub type ProposeFunction =
    fn(Option<&Finding>, &str, &types::Node, &wit::Snapshot) -> Result<wit::Fix, Failure>;

impl CheckFunctions {
    /// The functions of a check.
    pub const fn of<T: Check>() -> Self {
        Self { id: T::ID, describe: describe::<T>, queries: queries::<T>, diagnose: diagnose::<T> }
    }

    /// The functions of the check with this id.
    ///
    /// # Errors
    ///
    /// `unsupported` when there is none.
    pub fn find<'t>(checks: &'t [Self], id: &str) -> Result<&'t Self, Failure> {
        let found = checks.iter().find(|it| it.id == id);
        found.ok_or_else(|| unknown("check", id))
    }
}

impl FixFunctions {
    /// The function of a fix.
    pub const fn of<T: Fix>() -> Self {
        Self { id: T::ID, propose: propose::<T> }
    }

    /// The function of the fix with this id.
    ///
    /// # Errors
    ///
    /// `unsupported` when there is none.
    pub fn find<'t>(fixes: &'t [Self], id: &str) -> Result<&'t Self, Failure> {
        fixes.iter().find(|it| it.id == id).ok_or_else(|| unknown("fix", id))
    }
}

fn unknown(what: &str, id: &str) -> Failure {
    Failure::Unsupported(format!("this plugin has no {what} {}", quoted(id)))
}

fn describe<T: Check>() -> wit::Check {
    let it = T::describe();
    wit::Check {
        id: T::ID.to_owned(),
        title: it.title.to_owned(),
        node_types: it.node_types.iter().map(|name| (*name).to_owned()).collect(),
        docs: it.docs.to_owned(),
    }
}

fn queries<T: Check>(node: &types::Node) -> Result<Vec<Query>, Failure> {
    Ok(T::queries(&Node::parse(node)?))
}

fn diagnose<T: Check>(
    node: &types::Node,
    snapshot: &wit::Snapshot,
) -> Result<wit::Outcome, Failure> {
    let node = Node::parse(node)?;
    let mut report = Report::new(T::ID, node.id);
    Ok(match T::diagnose(&node, &Snapshot::new(snapshot), &mut report) {
        Verdict::Skipped(why) => wit::Outcome::Skipped(why),
        Verdict::Passed(how) => wit::Outcome::Passed(how),
        Verdict::Found => wit::Outcome::Found(report.into_findings()),
        Verdict::Stop => wit::Outcome::Stop(report.into_findings()),
    })
}

fn propose<T: Fix>(
    finding: Option<&Finding>,
    parameters: &str,
    node: &types::Node,
    snapshot: &wit::Snapshot,
) -> Result<wit::Fix, Failure> {
    let node = Node::parse(node)?;
    let parameters = Object::parse(parameters).map_err(|error| {
        Failure::Unsupported(format!("parameters that are not an object: {error}"))
    })?;
    let snapshot = Snapshot::new(snapshot);
    let request = Request { finding, parameters: &parameters, node: &node, snapshot: &snapshot };
    let Proposal { title, explanation, risk, parameters, patches, cures } = T::propose(&request)?;
    let patches = patches.into_iter().map(|patch| match patch {
        Patch::Drawing(data) => wit::Patch::Drawing((node.id.to_owned(), data.to_text())),
        Patch::Object(object) => wit::Patch::Object(object.to_text()),
    });
    Ok(wit::Fix {
        id: T::ID.to_owned(),
        title,
        explanation,
        risk,
        parameters: parameters.to_text(),
        patches: patches.collect(),
        cures,
    })
}

/// Makes checks and fixes this component's exports:
/// `export_diagnostics!(checks: [EndpointsExist], fixes: [SelectorFix])`.
///
/// Checks are run in this order. Also defines `CHECKS` and `FIXES`, the tables
/// the exports look them up in, for native tests. On other targets than
/// WebAssembly that is all.
#[macro_export]
macro_rules! export_diagnostics {
    (checks: [$($check:ty),+ $(,)?], fixes: [$($fix:ty),* $(,)?] $(,)?) => {
        /// The checks of this plugin, in the order they are run.
        pub static CHECKS: &[$crate::diagnostics::export::CheckFunctions] =
            &[$($crate::diagnostics::export::CheckFunctions::of::<$check>()),+];

        /// The fixes of this plugin.
        pub static FIXES: &[$crate::diagnostics::export::FixFunctions] =
            &[$($crate::diagnostics::export::FixFunctions::of::<$fix>()),*];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::bindings::bowsprit::plugin::types::Node;
            use $crate::bindings::diagnostics::exports::bowsprit::plugin::diagnostics as wit;
            use $crate::diagnostics::export::{CheckFunctions, FixFunctions};
            use $crate::{Failure, Finding};

            struct Component;

            impl wit::Guest for Component {
                fn describe() -> Result<Vec<wit::Check>, Failure> {
                    Ok(CHECKS.iter().map(|it| (it.describe)()).collect())
                }
                fn queries(check: String, node: Node) -> Result<Vec<wit::Query>, Failure> {
                    (CheckFunctions::find(CHECKS, &check)?.queries)(&node)
                }
                fn diagnose(
                    check: String,
                    node: Node,
                    snapshot: wit::Snapshot,
                ) -> Result<wit::Outcome, Failure> {
                    (CheckFunctions::find(CHECKS, &check)?.diagnose)(&node, &snapshot)
                }
                fn propose(
                    fix: String,
                    finding: Option<Finding>,
                    parameters: String,
                    node: Node,
                    snapshot: wit::Snapshot,
                ) -> Result<wit::Fix, Failure> {
                    let it = FixFunctions::find(FIXES, &fix)?;
                    (it.propose)(finding.as_ref(), &parameters, &node, &snapshot)
                }
            }

            $crate::bindings::diagnostics::export_diagnostics_world!(
                Component with_types_in $crate::bindings::diagnostics
            );
        };
    };
}
