//! Where things are: in the checkout, and in the cache beside it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout this xtask was built from.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| root().join("target"))
}

/// Caches what is slow to build (servers, root file systems) outside the
/// checkout, so that a fresh clone reuses it: `BOWSPRIT_TOOLS`, else
/// `~/.cache/bowsprit/tools`.
pub(crate) fn tools() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("BOWSPRIT_TOOLS") {
        return Ok(path.into());
    }
    let home = std::env::var_os("HOME").context("neither `BOWSPRIT_TOOLS` nor `HOME` is set")?;
    Ok(Path::new(&home).join(".cache/bowsprit/tools"))
}

/// The first file called `name` in the folders of `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
