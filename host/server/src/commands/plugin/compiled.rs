//! Where the author's commands keep compiled code for the next call.

use std::{
    env,
    path::{Path, PathBuf},
};

use bowsprit_host_engine::{
    OpenError,
    workbench::{CodeCache, Workbench},
};
use clap::Args;

/// Stands for no folder; one of this name is `./none`.
const NONE: &str = "none";

/// The cache of compiled code.
#[derive(Debug, Args)]
pub(super) struct CompiledCode {
    /// Private folder in which compiled code is kept for the next call, or
    /// `none`. If not given: `bowsprit/code` in the user's cache folder.
    #[arg(long, value_name = "DIR", env = "BOWSPRIT_CODE_CACHE")]
    code_cache: Option<PathBuf>,
    /// Most mebibytes of it; what was used longest ago goes first.
    #[arg(
        long,
        value_name = "MIB",
        env = "BOWSPRIT_CODE_CACHE_MIB",
        default_value_t = 512,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    code_cache_mib: u32,
}

impl CompiledCode {
    /// A workbench with this cache. One that nobody named and that will not do
    /// is only a pity.
    pub(super) fn workbench(&self, dirs: Vec<PathBuf>) -> Result<Workbench, OpenError> {
        let bytes = u64::from(self.code_cache_mib) << 20;
        let cache = |folder: PathBuf| CodeCache { folder, bytes };
        if let Some(folder) = &self.code_cache {
            let named = Some(folder.clone()).filter(|it| it != Path::new(NONE));
            return Workbench::open(dirs, named.map(cache));
        }
        match Workbench::open(dirs.clone(), users_folder().map(cache)) {
            Err(OpenError::Cache(error)) => {
                eprintln!(
                    "compiled code is not kept: {error}; `--code-cache` names another folder"
                );
                Workbench::open(dirs, None)
            }
            other => other,
        }
    }
}

/// By the XDG base directory specification, which ignores what is relative.
fn users_folder() -> Option<PathBuf> {
    let given = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|it| it.is_absolute());
    let home = || env::home_dir().filter(|it| it.is_absolute()).map(|it| it.join(".cache"));
    Some(given.or_else(home)?.join("bowsprit/code"))
}
