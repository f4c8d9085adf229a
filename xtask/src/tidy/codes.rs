//! Stable codes: the list that the documents are made from has all that the
//! source uses, and no other.

use super::Finding;
use super::source::{Keep, Source};

/// The list, relative to the checkout.
const LIST: &str = "host/api/src/problem/codes.rs";
/// What stands before a code where one is made.
const MAKERS: [&str; 3] = ["code:", "refusal(", "failure("];
/// Files whose `match` arms are codes.
const TABLES: [&str; 3] =
    ["host/core/src/error.rs", "host/engine/src/fault.rs", "host/cluster/src/errors.rs"];

/// Codes of one side that the other does not have.
pub(super) fn unlisted(sources: &[Source]) -> Vec<Finding> {
    let Some(list) = sources.iter().find(|it| it.path.ends_with(LIST)) else { return Vec::new() };
    let listed: Vec<(usize, &str)> =
        literals(&list.text).filter(|(at, _)| before(&list.text, *at).ends_with(',')).collect();
    let mut findings = Vec::new();
    let mut used = String::new();
    for source in sources.iter().filter(|it| is_host(it) && it.path != list.path) {
        let text = source.blanked(Keep::CodeAndStrings);
        let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        used.push_str(text);
        for (at, code) in literals(text) {
            if is_made(source, text, at) && !listed.iter().any(|(_, it)| *it == code) {
                let line = text.get(..at).unwrap_or_default().lines().count();
                findings.push(
                    source.finding(line, format!("uses the code `{code}`; add it to {LIST}")),
                );
            }
        }
    }
    let unused = listed.iter().filter(|(_, code)| !used.contains(&format!("\"{code}\"")));
    findings.extend(unused.map(|(at, code)| {
        let line = list.text.get(..*at).unwrap_or_default().lines().count();
        list.finding(line, format!("lists the code `{code}`, which nothing uses"))
    }));
    findings
}

fn is_host(source: &Source) -> bool {
    source.is_rust() && !source.is_test() && source.path.starts_with("host")
}

/// Literals that look like codes, with where they begin.
fn literals(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = text.match_indices('"').filter_map(move |(at, _)| {
        let rest = text.get(at + 1..)?;
        let literal = rest.get(..rest.find('"')?)?;
        looks_like_code(literal).then_some((at, literal))
    });
    parts.collect::<Vec<_>>().into_iter()
}

fn looks_like_code(literal: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || "-.".contains(it);
    let words = literal.split('.').all(|it| !it.is_empty() && !it.starts_with('-'));
    literal.len() > 3 && literal.chars().all(plain) && words
}

/// Whether the literal at `at` is made a code there.
fn is_made(source: &Source, text: &str, at: usize) -> bool {
    let before = before(text, at);
    let by_failure = before.rsplit('(').next().is_some_and(|it| {
        let it = it.trim();
        it.starts_with("LoadStage::") && it.ends_with(',') && !it.contains('\n')
    });
    let in_table = TABLES.iter().any(|it| source.path.ends_with(it));
    let by_arm = before.ends_with("=>") || before.ends_with("=> (") || before.ends_with("=> {\n (");
    let dotted = text.get(at + 1..).and_then(|it| it.split('"').next()).unwrap_or_default();
    MAKERS.iter().any(|it| before.ends_with(it))
        || by_failure
        || (in_table && by_arm && dotted.contains('.'))
}

fn before(text: &str, at: usize) -> &str {
    text.get(..at).unwrap_or_default().trim_end()
}
