//! The plugin interface is frozen: its digest is written in its changelog.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::Finding;

/// The folder with one folder per version.
const PACKAGE: &str = "wit/bowsprit-plugin";
/// Where the digests are written down.
const CHANGELOG: &str = "wit/CHANGELOG.md";

/// The versions whose files are not what the changelog says.
pub(super) fn changed(root: &Path) -> Result<Vec<Finding>> {
    let changelog = fs::read_to_string(root.join(CHANGELOG))?;
    let mut findings = Vec::new();
    for version in versions(root)? {
        let line = digest_line(root, &version)?;
        if !changelog.lines().any(|it| it == line) {
            findings.push(Finding {
                path: PathBuf::from(PACKAGE).join(&version),
                line: 0,
                message: format!(
                    "differs from the digest in `{CHANGELOG}`: say there what changed, run \
                     `cargo xtask tidy --fix`, rebuild all plugins"
                ),
            });
        }
    }
    Ok(findings)
}

/// Replaces the digests in the changelog by the current ones.
pub(super) fn write_digest(root: &Path) -> Result<()> {
    let path = root.join(CHANGELOG);
    let mut changelog = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    for version in versions(root)? {
        let start = digest_start(&version);
        let line = digest_line(root, &version)?;
        let written = changelog.lines().map(|it| if it.starts_with(&start) { &line } else { it });
        changelog = written.map(|it| format!("{it}\n")).collect();
        if !changelog.lines().any(|it| it == line) {
            changelog.push_str(&format!("\n{line}\n"));
        }
    }
    fs::write(path, changelog)?;
    Ok(())
}

fn versions(root: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(root.join(PACKAGE))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn digest_start(version: &str) -> String {
    format!("Digest of {version}: ")
}

fn digest_line(root: &Path, version: &str) -> Result<String> {
    let folder = root.join(PACKAGE).join(version);
    let mut files = Vec::new();
    super::walk(&folder, &mut files)?;
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let name = file.strip_prefix(&folder)?.to_string_lossy().into_owned();
        let bytes = fs::read(&file)?;
        // Lengths first, so that no two folders look the same.
        hash.update(format!("{}:{name}{}:", name.len(), bytes.len()));
        hash.update(bytes);
    }
    Ok(format!("{}`sha256:{}`", digest_start(version), hex::encode(hash.finalize())))
}
