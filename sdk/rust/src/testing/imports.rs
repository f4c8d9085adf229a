//! Golden sources: a folder of files, and the drawing it becomes.
//!
//! `golden/<case>.json` beside the folder `golden/<case>/` with the files:
//!
//! ```json
//! {
//!   "input": {"importer": "dotenv", "options": {}},
//!   "expected": {"detect": {"dotenv": 90}, "analyze": {"ok": {"nodes": []}}}
//! }
//! ```
//!
//! Node ids given to `analyze` are `n1`, `n2`, …; `"ids"` in the input says how
//! many (100 by default). Names are those of the WIT, JSON texts are embedded
//! as JSON, and secret values are there: never put a real one into a golden
//! source.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Outcome, codec, golden};
use crate::bindings::importer::exports::bowsprit::plugin::importer as wit;
use crate::importer::export::{Functions, detected};
use crate::importer::{Analysis, Files, Tree};

/// Checks every case of `folder`. With `UPDATE_GOLDEN=1` in the environment it
/// writes what the importers answer instead; read the difference then.
///
/// # Errors
///
/// One text with everything that differs, and with cases that cannot be used.
pub fn importers_golden(importers: &[Functions], folder: impl AsRef<Path>) -> Result<(), String> {
    let folder = folder.as_ref();
    golden::each(&golden::files(folder)?, folder, |file| check(importers, file))
}

/// What an importer makes of files in memory.
pub fn analyzed(importer: &Functions, files: &dyn Files, options: &Value, ids: usize) -> Outcome {
    let ids = (1..=ids).map(|n| format!("n{n}")).collect();
    let answer = (importer.analyze)(files, &options.to_string(), ids);
    codec::outcome(answer.map(|it| analysis(&it)))
}

/// Checks what the contract asks of descriptions, and that equal sources give
/// equal answers.
///
/// # Errors
///
/// Says what does not hold.
pub fn check_importers(importers: &[Functions]) -> Result<(), String> {
    for importer in importers {
        let it = (importer.describe)().map_err(|it| format!("{it:?}"))?;
        codec::canonical(&it.options)?;
        if it.claims.is_empty() || it.title.is_empty() || !it.options.starts_with('{') {
            return Err(format!("the description of `{}` is incomplete", it.name));
        }
    }
    Ok(())
}

fn check(importers: &[Functions], file: &Path) -> Result<(), String> {
    let fault = |it: String| format!("`{}`: {it}", file.display());
    let golden = golden::read(file)?;
    let tree = tree(&file.with_extension("")).map_err(fault)?;
    let name = golden["input"]["importer"].as_str().unwrap_or_default();
    let importer = Functions::find(importers, name).map_err(|it| fault(format!("{it:?}")))?;
    let options = golden["input"].get("options").cloned().unwrap_or_else(|| json!({}));
    let ids = golden["input"]["ids"].as_u64().and_then(|it| usize::try_from(it).ok());
    let analyze = || analyzed(importer, &tree, &options, ids.unwrap_or(100));
    let answered = analyze();
    if answered != analyze() {
        return Err(fault("analyzing it twice gives two answers".into()));
    }
    let sure = detected(importers, &tree);
    let sure: Map<String, Value> =
        sure.into_iter().map(|it| (it.importer, it.percent.into())).collect();
    let detect = Value::Object(sure);
    golden::settle(file, golden, json!({ "detect": detect, "analyze": answered }))
}

/// The files of a folder. A name that begins with `dot.` stands for one that
/// begins with a dot: `dot.env` is `.env`.
fn tree(folder: &Path) -> Result<Tree, String> {
    let mut tree = Tree::new();
    let mut open: Vec<(PathBuf, String)> = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        let entries = fs::read_dir(&folder).map_err(|it| format!("{}: {it}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|it| it.to_string())?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let name = name.strip_prefix("dot.").map_or(name.clone(), |rest| format!(".{rest}"));
            if path.is_dir() {
                open.push((path, format!("{prefix}{name}/")));
            } else {
                let bytes = fs::read(&path).map_err(|it| it.to_string())?;
                tree = tree.with(format!("{prefix}{name}"), bytes);
            }
        }
    }
    Ok(tree)
}

fn analysis(it: &Analysis) -> Value {
    json!({
        "nodes": it.nodes.iter().map(node).collect::<Value>(),
        "edges": it.edges.iter().map(edge).collect::<Value>(),
        "findings": codec::findings(&it.findings),
        "traces": it.traces.iter().map(trace).collect::<Value>(),
        "builds": it.builds.iter().map(build).collect::<Value>(),
        "questions": it.questions.iter().map(question).collect::<Value>(),
        "secrets": it.secrets.iter().map(secret).collect::<Value>(),
        "missing-secrets": it.missing_secrets.iter().map(missing).collect::<Value>(),
        "summary": codec::embedded(&it.summary),
    })
}

fn node(it: &wit::DrawnNode) -> Value {
    json!({
        "id": it.id, "type": it.type_, "data": codec::embedded(&it.data),
        "hint": it.hint.map(|(column, row)| [column, row]),
    })
}

fn edge(it: &wit::DrawnEdge) -> Value {
    json!({
        "source": it.source, "target": it.target, "source-handle": it.source_handle,
        "target-handle": it.target_handle,
    })
}

/// On one line, since there are many.
fn trace(it: &wit::Trace) -> Value {
    let wit::Origin { path, line, column } = &it.origin;
    let fate = codec::word(&it.fate);
    let mut text = format!("{path}:{line}:{column} {} {}", it.key, fate.as_str());
    if let Some(node) = &it.node {
        text.push_str(&format!(" -> {node}{}", it.at.as_deref().unwrap_or_default()));
    }
    if let Some(note) = &it.note {
        text.push_str(&format!(" ({note})"));
    }
    text.into()
}

fn build(it: &wit::BuildPlan) -> Value {
    json!({
        "node": it.node, "build-context": it.build_context, "dockerfile": it.dockerfile,
        "plan": codec::embedded(&it.plan), "confidence": it.confidence,
    })
}

fn question(it: &wit::Question) -> Value {
    json!({ "id": it.id, "text": it.text, "choices": it.choices, "default": it.default })
}

fn secret(it: &wit::FoundSecret) -> Value {
    json!({ "node": it.node, "key": it.key, "value": it.value })
}

fn missing(it: &wit::MissingSecret) -> Value {
    json!({ "node": it.node, "key": it.key })
}
