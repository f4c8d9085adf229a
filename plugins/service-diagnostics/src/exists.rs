//! Whether the Service is there at all.

use bowsprit_plugin_sdk::diagnostics::{Check, CheckDescription, Query, Snapshot, Verdict};
use bowsprit_plugin_sdk::{Node, Report, quoted};

use crate::service;

/// The check `service-exists`.
#[derive(Debug)]
pub(crate) struct ServiceExists;

impl Check for ServiceExists {
    const ID: &'static str = "service-exists";

    fn describe() -> CheckDescription {
        CheckDescription {
            title: "The Service exists",
            node_types: &["service"],
            docs: "Looks for the Service by name. Nothing else can be said of one that is missing.",
        }
    }

    fn queries(node: &Node<'_>) -> Vec<Query> {
        vec![service::query(node)]
    }

    fn diagnose(node: &Node<'_>, snapshot: &Snapshot<'_>, report: &mut Report) -> Verdict {
        let (name, namespace) = (node.name(), service::namespace(node));
        match snapshot.objects(0) {
            Err(why) => Verdict::Skipped(why),
            Ok(found) if found.is_empty() => {
                let message = format!(
                    "There is no Service {} in namespace {}.",
                    quoted(&name),
                    quoted(&namespace)
                );
                let suggestion = "Run the workflow; it creates the Service.";
                report.error("missing", message).suggest(suggestion);
                Verdict::Stop
            }
            Ok(_) => Verdict::Passed(format!("The Service {} exists.", quoted(&name))),
        }
    }
}
