//! Golden files: one node in its surroundings, and what every function says.
//!
//! `golden/<case>.json`:
//!
//! ```json
//! {
//!   "input": {
//!     "node": {"id": "node-1", "type": "deployment", "data": {}},
//!     "context": {"namespace": "default", "neighbours": [], "environment-keys": []},
//!     "answers": [{"objects": []}], "at": "2026-01-01T00:00:00Z", "previous": null
//!   },
//!   "expected": {
//!     "normalize": {"ok": [{}, []]},
//!     "public-view": {"ok": {}},
//!     "validate": {"ok": []},
//!     "render": {"ok": {"manifests": [], "findings": []}},
//!     "observe": {"ok": []},
//!     "status": {"ok": {}}
//!   }
//! }
//! ```
//!
//! Names are those of the WIT, JSON texts are embedded as JSON. `normalize`
//! gets the data as it is in the file, the others as `normalize` returned it.
//! `status` is there when the input has `answers`. Everything in `context` may
//! be left out. A failure is `{"invalid-input": [findings]}`,
//! `{"unsupported": ""}` or `{"internal": ""}`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::Case;
use crate::dispatch::Functions;

/// Checks every file of `folder`. With `UPDATE_GOLDEN=1` in the environment it
/// writes what the functions answer instead; read the difference then.
///
/// # Errors
///
/// One text with everything that differs, and with files that cannot be used.
pub fn golden(types: &[Functions], folder: impl AsRef<Path>) -> Result<(), String> {
    each(&files(folder.as_ref())?, folder.as_ref(), |file| check(types, file))
}

/// Checks each of the golden `files` of `folder`, and gathers what differs.
pub(super) fn each(
    files: &[PathBuf],
    folder: &Path,
    check: impl Fn(&Path) -> Result<(), String>,
) -> Result<(), String> {
    if files.is_empty() {
        return Err(format!("no golden files in `{}`", folder.display()));
    }
    let faults: Vec<_> = files.iter().filter_map(|file| check(file).err()).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Compares what is expected by `golden` with what was answered, or has the
/// answer take its place.
pub(super) fn settle(file: &Path, mut golden: Value, answered: Value) -> Result<(), String> {
    let fault = |it: String| format!("`{}`: {it}", file.display());
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|it| it == "1") {
        golden["expected"] = answered;
        let written = serde_json::to_string_pretty(&golden).map_err(|it| fault(it.to_string()))?;
        return fs::write(file, written + "\n").map_err(|it| fault(it.to_string()));
    }
    if golden["expected"].is_null() {
        let fix = "`UPDATE_GOLDEN=1` in the environment of the test writes it";
        return Err(fault(format!("has no `expected` yet: {fix}")));
    }
    let mut differences = Vec::new();
    compare("", &golden["expected"], &answered, &mut differences);
    if differences.is_empty() { Ok(()) } else { Err(fault(differences.join("\n  "))) }
}

/// The text of a golden file as JSON.
pub(super) fn read(file: &Path) -> Result<Value, String> {
    let fault = |it: String| format!("`{}`: {it}", file.display());
    let text = fs::read_to_string(file).map_err(|it| fault(it.to_string()))?;
    serde_json::from_str(&text).map_err(|it| fault(it.to_string()))
}

/// The JSON files of a folder, by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|it| format!("`{}`: {it}", folder.display()))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|it| it.path()));
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "json")).collect();
    files.sort();
    Ok(files)
}

fn check(types: &[Functions], file: &Path) -> Result<(), String> {
    let fault = |it: String| format!("`{}`: {it}", file.display());
    let golden = read(file)?;
    let case = Case::from_input(types, &golden["input"]).map_err(fault)?;
    case.check_invariants().map_err(fault)?;
    let answered = answers(&case, golden["input"].get("answers").is_some());
    settle(file, golden, answered)
}

fn answers(case: &Case, has_answers: bool) -> Value {
    let mut all = Map::new();
    all.insert("normalize".into(), case.normalize());
    all.insert("public-view".into(), case.public_view());
    all.insert("validate".into(), case.validate());
    all.insert("render".into(), case.render());
    all.insert("observe".into(), case.observe());
    if has_answers {
        all.insert("status".into(), case.status());
    }
    Value::Object(all)
}

/// Notes the pointers at which two values differ.
fn compare(at: &str, expected: &Value, answered: &Value, differences: &mut Vec<String>) {
    match (expected, answered) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<_> = left.keys().chain(right.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let (left, right) = (&expected[key.as_str()], &answered[key.as_str()]);
                compare(&format!("{at}/{key}"), left, right, differences);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                let (left, right) = (left.len(), right.len());
                differences.push(format!("{at}: expected {left} elements, answered {right}"));
            }
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                compare(&format!("{at}/{index}"), left, right, differences);
            }
        }
        _ if expected == answered => {}
        _ => differences.push(format!("{at}: expected {expected}, answered {answered}")),
    }
}
