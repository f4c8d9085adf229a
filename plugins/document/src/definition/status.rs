//! The status rules of a file.

use bowsprit_plugin_sdk::{Object, State, Status, quoted};

use super::{Manifest, StatusRule, StatusRules};
use crate::expression::Names;
use crate::mistake::Mistakes;
use crate::table::{Table, one_of};
use crate::template::{Template, compile, expression, text};
use crate::yaml::{Entry, Node};

/// What a rule can say. Whether an object is there at all is not its business.
const STATES: [(&str, State); 7] = [
    ("healthy", State::Healthy),
    ("progressing", State::Progressing),
    ("pending", State::Pending),
    ("degraded", State::Degraded),
    ("failed", State::Failed),
    ("completed", State::Completed),
    ("suspended", State::Suspended),
];

/// What cards say of themselves, by the state of the node.
pub const RESERVED: [&str; 2] = ["message", "state"];

/// Says how an object is doing; the condition is the one that matters, if it
/// is known.
pub type Judge = fn(&Object<'_>, Option<&str>) -> Status;

pub(super) fn read(
    table: &mut Table<'_>,
    manifests: &[Manifest],
    names: &mut Names,
    judge: Option<Judge>,
    log: &mut Mistakes,
) -> StatusRules {
    let none = || StatusRules { judge, ..StatusRules::default() };
    let Some(node) = table.take("status") else { return none() };
    let Some(mut item) = Table::of(node, "`status`", log) else { return none() };
    let condition = judge.and_then(|_| item.text("condition", log)).map(str::to_owned);
    let of = judged(&mut item, manifests, log);
    let with_pods = item.flag("with-pods", log);
    let with_events = item.flag("with-events", log);
    let rules = item.list("rules", log);
    let rules = rules.iter().filter_map(|it| rule(it, names, log)).collect();
    let ready = item.take("ready").and_then(|it| expression(it, names, log));
    let desired = item.take("desired").and_then(|it| expression(it, names, log));
    let addresses = item.take("addresses").map(|it| compile(it, names, log));
    let card = card(item.entries("card", log), names, log);
    item.finish(log);
    StatusRules {
        of,
        with_pods,
        with_events,
        rules,
        judge,
        condition,
        ready,
        desired,
        addresses,
        card,
    }
}

/// What the card shows besides. A word of the card's own is not for the author
/// to say here: it is what rules come to.
fn card(entries: &[Entry], names: &mut Names, log: &mut Mistakes) -> Vec<(String, Template)> {
    for Entry { at, key, .. } in entries.iter().filter(|it| RESERVED.contains(&it.key.as_str())) {
        let problem = format!("`card` has `{key}`, which the card says of itself.");
        let fix = format!("Give it another name, or write a rule with the {key} you want.");
        log.key(*at, problem, fix);
    }
    entries.iter().map(|it| (it.key.clone(), compile(&it.value, names, log))).collect()
}

fn judged(item: &mut Table<'_>, manifests: &[Manifest], log: &mut Mistakes) -> usize {
    let Some(node) = item.take("of") else { return 0 };
    let Some(id) = item.text("of", log) else { return 0 };
    let found = manifests.iter().position(|it| it.id == id);
    if found.is_none() {
        let known = one_of(manifests.iter().map(|it| it.id.as_str()));
        let problem = format!("There is no manifest {}.", quoted(id));
        log.value(node.at, problem, format!("Write {known}."));
    }
    found.unwrap_or_default()
}

fn rule(node: &Node, names: &Names, log: &mut Mistakes) -> Option<StatusRule> {
    let mut item = Table::of(node, "A status rule", log)?;
    let when = item.take("if").map(|it| expression(it, names, log));
    item.require("state", log);
    let state = item.word("state", &STATES, log);
    let reason = item.require("reason", log).map(|it| text(it, names, log));
    let message = item.require("message", log).map(|it| text(it, names, log));
    let card = item.text("card", log).map(str::to_owned);
    item.finish(log);
    let when = match when {
        Some(None) => return None,
        Some(when) => when,
        None => None,
    };
    Some(StatusRule { when, state: state?, reason: reason?, message: message?, card })
}
