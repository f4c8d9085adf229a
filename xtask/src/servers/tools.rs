//! The cache of what is slow to make: one folder per name and version.
//!
//! A folder is made under a temporary name and renamed when it is complete, so
//! its existence means that it can be used. One process makes it at a time;
//! what an interrupted one left behind is removed by the next.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::progress::Step;
use crate::{paths, process};

/// Marks folders that are not complete.
const UNFINISHED: &str = ".making-";

/// The folder of `name` at `version`; `make` fills it where it is missing.
pub(super) fn tool(
    name: &str,
    version: &str,
    make: impl FnOnce(&Path, &mut Step) -> Result<()>,
) -> Result<PathBuf> {
    let base = paths::tools()?.join(name);
    let done = base.join(version);
    if done.is_dir() {
        return Ok(done);
    }
    fs::create_dir_all(&base).with_context(|| format!("cannot create `{}`", base.display()))?;
    let lock = File::create(base.join(".lock"))?;
    lock.lock()?;
    if done.is_dir() {
        return Ok(done);
    }
    remove_unfinished(&base)?;
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&base)?;
    let mut step = Step::start(format!("making {name} {version} (once, kept in the cache)"));
    make(unfinished.path(), &mut step)?;
    fs::set_permissions(unfinished.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    fs::rename(unfinished.keep(), &done)?;
    step.done("made");
    Ok(done)
}

fn remove_unfinished(base: &Path) -> Result<()> {
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A Go program at a version, installed into `folder` from the module proxy.
pub(super) fn go_install(package: &str, version: &str, folder: &Path) -> Result<()> {
    let mut command = go()?;
    command.arg("install").arg(format!("{package}@{version}")).env("GOBIN", folder);
    process::run(&format!("`go install {package}@{version}`"), command)
}

/// The packages that the `package-lock.json` in `source` names, installed into
/// `folder` from npm's registry. Nothing of theirs is run.
pub(super) fn npm_install(source: &Path, folder: &Path) -> Result<()> {
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), folder.join(file))?;
    }
    let mut command = Command::new("npm");
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    command.stdout(std::process::Stdio::null());
    process::run("`npm ci`", command)
}

/// The `go` command, not influenced by a workspace around us.
pub(super) fn go() -> Result<Command> {
    if paths::on_path("go").is_none() {
        bail!("`go` is not on `PATH`; it builds the servers the tests need (https://go.dev/dl)");
    }
    let mut command = Command::new("go");
    command.env("GOWORK", "off").env_remove("GOFLAGS");
    Ok(command)
}
