//! Asking a fresh generation what it provides, and whether that will do.

use std::collections::BTreeSet;

use bowsprit_host_core::{
    node_types::{Descriptor, Kind, NodeType},
    plugins::{LoadFailure, LoadStage},
};

use crate::{
    bindings::v0_1::node_types as wit,
    call::{Idle, Runtime},
    convert::answers::{Answers, invalid, kind, object},
    failure::failure,
    fault::Fault,
    functions::{Describe, Outcome},
    instance::Program,
    package::{PluginToml, is_kebab},
};

/// Longest title, category, icon or tag, bytes.
const WORD: usize = 200;
/// Longest description, bytes.
const TEXT: usize = 4 << 10;

/// The plugin's node types, ordered by name.
pub(crate) async fn describe(
    runtime: &Runtime,
    program: &Program,
    toml: &PluginToml,
) -> Result<Vec<NodeType>, LoadFailure> {
    let described = runtime.turn_and_run(program, &Idle::default(), &Describe).await;
    let descriptors = match described.map_err(|fault| refused(&fault))? {
        Outcome::Answer(descriptors) => descriptors,
        Outcome::Invalid(_) | Outcome::Unsupported(_) => {
            return Err(refused(&invalid("it declines to describe itself")));
        }
    };
    let granted = toml.produces();
    let mut names = BTreeSet::new();
    let mut types = Vec::with_capacity(descriptors.len());
    for from in descriptors {
        let answers = Answers { list_entries: program.limits.list_entries };
        let descriptor = descriptor(from, &answers).map_err(|fault| refused(&fault))?;
        if !names.insert(descriptor.name.clone()) {
            let what = format!("two node types named `{}`", descriptor.name);
            return Err(refused(&invalid(what)));
        }
        within_grant(&descriptor, &granted)?;
        types.push(NodeType {
            descriptor,
            plugin: program.plugin.clone(),
            plugin_version: toml.version.clone(),
            generation: program.generation.clone(),
            native: toml.palette.native,
            usage_frequency: toml.palette.usage_frequency().into(),
            difficulty: toml.palette.difficulty().into(),
        });
    }
    types.sort_by(|a, b| a.descriptor.name.cmp(&b.descriptor.name));
    Ok(types)
}

fn descriptor(from: wit::Descriptor, answers: &Answers) -> Result<Descriptor, Fault> {
    if !is_kebab(&from.name) {
        let shown: String = from.name.chars().take(80).collect();
        return Err(invalid(format!("a node type named `{shown}`, which is not kebab-case")));
    }
    let words = [&from.title, &from.category, &from.icon];
    let tags_fit = from.tags.iter().all(|it| it.len() <= WORD);
    if words.iter().any(|it| it.is_empty() || it.len() > WORD)
        || from.description.len() > TEXT
        || !tags_fit
    {
        let what = format!("a text of node type `{}` is missing or too long", from.name);
        return Err(invalid(what));
    }
    let mut handles = BTreeSet::new();
    answers.list("a type's list of handles", from.handles, |it| {
        if handles.insert(it.id) { Ok(()) } else { Err(invalid("two handles with one id")) }
    })?;
    answers.list("a type's list of connections", from.connections, |it| {
        answers.strings("a connection's list of types", it.to)
    })?;
    Ok(Descriptor {
        schema: object("the schema", from.schema)?,
        tags: answers.strings("a type's list of tags", from.tags)?,
        produces: answers.list("a type's list of kinds", from.produces, |it| Ok(kind(it)))?,
        name: from.name,
        title: from.title,
        description: from.description,
        category: from.category,
        icon: from.icon,
        schema_version: from.schema_version,
    })
}

fn within_grant(descriptor: &Descriptor, granted: &[Kind]) -> Result<(), LoadFailure> {
    let Some(kind) = descriptor.produces.iter().find(|it| !granted.contains(it)) else {
        return Ok(());
    };
    let kind = format!("{}/{}", kind.api_version(), kind.kind);
    Err(failure(
        LoadStage::Describe,
        "plugin.produces.not-wanted",
        format!("node type `{}` produces `{kind}`, which `wants` does not list", descriptor.name),
        format!("add `{kind}` to `produces` under `[wants]` in plugin.toml"),
    ))
}

/// A fault in `describe` as the record of a load.
fn refused(fault: &Fault) -> LoadFailure {
    let message = match fault {
        // What is wrong with an answer is said by us, not by the guest.
        Fault::InvalidOutput(what) => format!("`describe` answered wrongly: {what}"),
        _ => format!("`describe` failed: {}", fault.reason()),
    };
    failure(LoadStage::Describe, fault.code(), message, fault.fix())
}
