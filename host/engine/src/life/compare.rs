//! Rendering the same inputs with two generations.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use bowsprit_host_core::{
    node_types::Rendered,
    plugins::{ComparisonReport, ComparisonSummary, InputDifference, ManifestDifference},
    time::Timestamp,
};
use serde_json::Value;

use super::recent::Input;

use crate::{
    call::{Idle, Runtime},
    cases::{answers, compare::first_differences},
    convert::inputs,
    functions::{Outcome, node_types::Render},
    generations::Generation,
};

/// Inputs whose differences are told one by one.
const TOLD: usize = 32;
/// Pointers told of one manifest.
const POINTERS: usize = 32;

/// Renders `recent` with both, for as long as `most`.
pub(crate) async fn compare(
    runtime: &Runtime,
    before: &Generation,
    after: &Generation,
    recent: &[Input],
    most: Duration,
) -> ComparisonReport {
    let until = Instant::now() + most;
    let (idle_before, idle_after) = (Idle::default(), Idle::default());
    let mut summary = ComparisonSummary::default();
    let mut differences = Vec::new();
    for input in recent {
        if Instant::now() > until {
            break;
        }
        let old = answer(runtime, before, &idle_before, input).await;
        let new = answer(runtime, after, &idle_after, input).await;
        let difference = weigh(input, &old, &new, &mut summary);
        differences.extend(difference.filter(|_| differences.len() < TOLD));
    }
    ComparisonReport {
        generation: after.program.generation.clone(),
        against: before.program.generation.clone(),
        at: Timestamp::now(),
        summary,
        differences,
    }
}

/// The answer as far as it is compared: objects and findings, or in a word why
/// there is none.
type Compared = Result<Vec<(String, Value)>, String>;

async fn answer(
    runtime: &Runtime,
    generation: &Generation,
    idle: &Idle,
    input: &Input,
) -> Compared {
    let known =
        generation.provides.node_types.iter().find(|it| it.descriptor.name == input.node.type_name);
    let known = known.ok_or_else(|| "no such node type".to_owned())?;
    let function = Render {
        node: inputs::node(&input.node),
        context: inputs::context(&input.context),
        produces: &known.descriptor.produces,
        cluster_scoped: known.cluster_scoped,
    };
    match runtime.turn_and_run(&generation.program, idle, &function).await {
        Ok(Outcome::Answer(rendered)) => Ok(parts(&rendered)),
        Ok(Outcome::Invalid(findings)) => Ok(vec![(String::new(), answers::findings(&findings))]),
        Ok(Outcome::Unsupported(_)) => Err("unsupported".into()),
        Err(fault) => Err(fault.code().into()),
    }
}

/// Manifests by their keys, findings by none.
fn parts(rendered: &Rendered) -> Vec<(String, Value)> {
    let told = answers::rendered(rendered);
    let manifests = told.get("manifests").and_then(Value::as_array).into_iter().flatten();
    let ids = rendered.manifests.iter().map(|it| it.local_id.clone());
    let mut parts: Vec<_> = ids.zip(manifests.cloned()).collect();
    let findings = told.get("findings").cloned().unwrap_or_default();
    if findings.as_array().is_some_and(|it| !it.is_empty()) {
        parts.push((String::new(), findings));
    }
    parts
}

/// Counts one input, and tells if it is answered differently.
fn weigh(
    input: &Input,
    before: &Compared,
    after: &Compared,
    summary: &mut ComparisonSummary,
) -> Option<InputDifference> {
    summary.inputs += 1;
    let none = Vec::new();
    let old = before.as_ref().unwrap_or(&none);
    let new = after.as_ref().unwrap_or(&none);
    let keys: BTreeSet<&str> = old.iter().chain(new).map(|(key, _)| key.as_str()).collect();
    let mut manifests = Vec::new();
    for key in keys {
        let find = |all: &'_ [(String, Value)]| {
            all.iter().find(|(it, _)| it == key).map(|(_, value)| value.clone())
        };
        let pointers = match (find(old), find(new)) {
            (Some(old), Some(new)) => {
                let found = first_differences(&old, &new, POINTERS);
                found.into_iter().map(|it| it.at).collect()
            }
            _ => vec![String::new()],
        };
        let (count, changed) = (u32::from(!key.is_empty()), !pointers.is_empty());
        summary.manifests += count;
        if changed {
            summary.manifests_changed += count;
            manifests.push(ManifestDifference { manifest: key.to_owned(), pointers });
        }
    }
    let word = |it: &Compared| it.as_ref().map_or_else(Clone::clone, |_| "ok".to_owned());
    let words = (word(before), word(after));
    if manifests.is_empty() && words.0 == words.1 {
        return None;
    }
    summary.inputs_changed += 1;
    let told = words.0 != words.1;
    Some(InputDifference {
        node_type: input.node.type_name.clone(),
        node: input.node.id.clone(),
        manifests,
        before: told.then_some(words.0),
        after: told.then_some(words.1),
    })
}
