//! `cargo xtask crds`: the operators' own definitions of their kinds, as test
//! material in `tests/crds/`, made anew from the packages that
//! `tests/crds/sources.toml` names.
//!
//! What it writes is committed, so that tests and CI ask no registry for it.

mod declarations;
mod fetch;
mod kopium;
mod schema;
mod sources;
mod strip;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;

use self::fetch::Packages;
use self::sources::Source;
use crate::{json, paths, process};

/// What `cargo xtask crds` is told.
#[derive(Args)]
pub(crate) struct Options {
    /// The catalogue entries to fetch anew; without any, all of them.
    ids: Vec<String>,
}

/// Fetches the packages and writes `tests/crds/<id>.yaml`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = paths::root().join("tests/crds");
    let all = sources::read(&folder.join("sources.toml"))?;
    let wanted: BTreeSet<&String> = options.ids.iter().collect();
    if let Some(id) = wanted.iter().find(|id| !all.contains_key(**id)) {
        bail!("`{id}` is not in tests/crds/sources.toml");
    }
    let packages = Packages::new()?;
    let mut failed = 0;
    for (id, from) in &all {
        if !wanted.is_empty() && !wanted.contains(id) {
            continue;
        }
        process::check_interrupted()?;
        match definitions(from, &packages) {
            Ok(None) => {}
            Ok(Some(text)) => {
                println!("{id}: {} kB", text.len() / 1000);
                fs::write(folder.join(format!("{id}.yaml")), text)?;
            }
            Err(error) => {
                eprintln!("{id}: {error:#}");
                failed += 1;
            }
        }
    }
    if failed > 0 {
        bail!("{failed} entries could not be made anew; their files are as they were");
    }
    Ok(())
}

/// The file of one entry; none if all of it is written by hand.
fn definitions(from: &[Source], packages: &Packages) -> Result<Option<String>> {
    let mut text = String::new();
    for source in from {
        let Some(package) = &source.package else { continue };
        let mut found = Vec::new();
        for path in packages.files(package, &source.files)? {
            found.extend(read(&path, source).with_context(|| format!("`{}`", path.display()))?);
        }
        let chosen = choose(found, &source.kinds)?;
        let licence = source.licence.as_deref().context("a package needs its `licence`")?;
        text.push_str(&format!("# From {package} ({licence}), without descriptions.\n"));
        text.push_str("# Made by `cargo xtask crds`; not edited by hand.\n");
        for definition in chosen {
            let small = strip::small(&definition, &source.versions)?;
            text.push_str(&format!("---\n{small}\n"));
        }
    }
    Ok((!text.is_empty()).then_some(text))
}

/// The definitions in one file, whatever it is written in.
fn read(path: &Path, source: &Source) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path)?;
    match path.extension().and_then(|it| it.to_str()) {
        Some("yaml" | "yml") => {
            let documents: Vec<Value> = serde_saphyr::from_multiple(&without_actions(&text))?;
            let is_definition =
                |it: &Value| json::text(it, "/kind") == Some("CustomResourceDefinition");
            Ok(documents.into_iter().filter(is_definition).collect())
        }
        Some("rs") => Ok(vec![kopium::definition(&text)?]),
        Some("ts" | "cts") => declarations::definitions(&text, &source.types),
        _ => bail!("no reader for this kind of file"),
    }
}

/// A file of a Helm chart without the lines that are its template's.
fn without_actions(text: &str) -> String {
    let lines = text.lines().filter(|it| !it.starts_with("{{"));
    lines.flat_map(|it| [it, "\n"]).collect()
}

/// Those of the wanted kinds, in the order of `kinds`; all if it names none.
fn choose(found: Vec<Value>, kinds: &[String]) -> Result<Vec<Value>> {
    if kinds.is_empty() {
        return Ok(found);
    }
    let of_kind = |kind: &String| {
        let has = |it: &&Value| json::text(it, "/spec/names/kind") == Some(kind);
        found.iter().find(has).cloned().with_context(|| format!("kind `{kind}` was not found"))
    };
    kinds.iter().map(of_kind).collect()
}

/// `file` inside `folder`, which has to be there.
fn existing(folder: &Path, file: &str) -> Result<PathBuf> {
    let path = folder.join(file);
    if !path.is_file() {
        bail!("`{file}` is not in the package (looked in `{}`)", folder.display());
    }
    Ok(path)
}
