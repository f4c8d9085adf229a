//! A plugin or template without a page or a test is not finished.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Finding;

/// What plugin, template and document folders lack.
pub(super) fn incomplete(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let needed = ["plugin.toml", "resource.yaml", "README.md", "golden"];
    lacking(root, "templates/resources", &needed, &mut findings)?;
    let needed = ["plugin.toml", "catalogue.yaml", "golden"];
    lacking(root, "plugins/catalogue", &needed, &mut findings)?;
    let Ok(entries) = fs::read_dir(root.join("plugins")) else { return Ok(findings) };
    for entry in entries {
        let folder = entry?.path();
        if !folder.join("plugin.toml").is_file() {
            continue;
        }
        let mut lacks = |what: &str| {
            let path = folder.strip_prefix(root).unwrap_or(&folder).to_owned();
            findings.push(Finding { path, line: 0, message: format!("has no {what}") });
        };
        if !folder.join("README.md").is_file() {
            lacks("`README.md`");
        }
        if !has_tests(&folder)? {
            lacks("tests (`src/tests.rs`, `src/<module>/tests.rs` or `tests/`)");
        }
    }
    Ok(findings)
}

/// Folders without code are tested by their golden files.
fn lacking(root: &Path, base: &str, needed: &[&str], findings: &mut Vec<Finding>) -> Result<()> {
    let Ok(entries) = fs::read_dir(root.join(base)) else { return Ok(()) };
    for entry in entries {
        let folder = entry?.path();
        if !folder.is_dir() {
            continue;
        }
        for lacking in needed.iter().filter(|it| !folder.join(it).exists()) {
            let path = folder.strip_prefix(root).unwrap_or(&folder).to_owned();
            findings.push(Finding { path, line: 0, message: format!("has no `{lacking}`") });
        }
    }
    Ok(())
}

fn has_tests(folder: &Path) -> Result<bool> {
    let mut files = Vec::new();
    super::walk(folder, &mut files)?;
    Ok(files.iter().any(|file| {
        let inside = file.strip_prefix(folder).unwrap_or(file);
        let rust = file.extension().is_some_and(|ending| ending == "rs");
        rust && (file.ends_with("tests.rs") || inside.starts_with("tests"))
    }))
}
