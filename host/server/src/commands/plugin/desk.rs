//! The folder a command is about, and the engine to look at it with.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, bail};
use bowsprit_host_core::plugins::LoadFailure;
use bowsprit_host_engine::{
    cases::{Case, Function, Golden},
    workbench::{Sample, Workbench},
};
use bowsprit_plugin_build::Language;
use clap::Args;
use serde_json::Value;

use super::compiled::CompiledCode;
use crate::start::plugins::beside_the_binary;

/// How often a call is measured; the middle one counts.
const MEASURED: usize = 5;

/// Where components are found that others use: those that came with the
/// program, and more.
#[derive(Debug, Args)]
pub(super) struct Bases {
    /// Folder of plugins whose components this one may use (`uses = "…"`) and
    /// whose names it may not have, beside those that came with the program; may
    /// be given more than once.
    #[arg(long, value_name = "DIR", env = "BOWSPRIT_PLUGINS_DIRS", value_delimiter = ',')]
    plugins: Vec<PathBuf>,
    #[command(flatten)]
    compiled: CompiledCode,
}

impl Bases {
    /// An engine with a host's default limits.
    pub(super) fn workbench(&self) -> anyhow::Result<Workbench> {
        let dirs = self.plugins.iter().cloned().chain(beside_the_binary()).collect();
        self.compiled.workbench(dirs).context("plugins cannot be run here")
    }
}

/// The folder a command is about.
#[derive(Debug, Args)]
pub(super) struct Desk {
    /// The plugin's folder: as built, or its sources once they are built.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) folder: PathBuf,
    #[command(flatten)]
    pub(super) bases: Bases,
}

impl Desk {
    /// The plugin, loaded as a host would.
    pub(super) async fn load(&self) -> anyhow::Result<Sample> {
        load(&self.bases.workbench()?, &self.folder).await
    }

    /// The plugin's golden files, as they lie in the folder that was named.
    pub(super) fn golden(&self, sample: &Sample) -> anyhow::Result<Vec<Golden>> {
        golden(sample, &self.folder)
    }
}

/// A plugin, loaded as a host would.
pub(super) async fn load(workbench: &Workbench, folder: &Path) -> anyhow::Result<Sample> {
    workbench.load(&package(folder)?).await.map_err(refused)
}

/// All golden files of a folder.
pub(super) fn golden(sample: &Sample, folder: &Path) -> anyhow::Result<Vec<Golden>> {
    Golden::all(folder, &sample.about.kind).map_err(|error| match error.file() {
        Some(file) => anyhow!("`{}`: {error}", file.display()),
        None => anyhow!(error),
    })
}

/// The built plugin that `folder` is or has below `dist`.
pub(super) fn package(folder: &Path) -> anyhow::Result<PathBuf> {
    let file = folder.join("plugin.toml");
    if folder.is_file() {
        let folder = folder.display();
        bail!(
            "`{folder}` is a file, not a plugin's folder: if it is an archive, unpack it with tar"
        );
    }
    let bytes = match fs::read(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(error).with_context(|| {
                format!("`{}` is no plugin's folder: plugin.toml", folder.display())
            });
        }
        read => read.unwrap_or_default(),
    };
    // Whatever is wrong with the file is the host's to say.
    let text = String::from_utf8_lossy(&bytes);
    let table: toml::Table = toml::from_str(&text).unwrap_or_default();
    let word = |key: &str| table.get(key).and_then(toml::Value::as_str);
    let component = word("component").unwrap_or("plugin.wasm");
    if Language::of(folder) == Language::None {
        return Ok(folder.to_owned());
    }
    let built = folder.join("dist").join(word("id").unwrap_or_default());
    if !built.join(component).is_file() {
        bail!(
            "`{}` is not built yet: run `bowsprit plugin build {}`",
            folder.display(),
            folder.display()
        );
    }
    Ok(built)
}

/// What the host would record, as an error.
pub(super) fn refused(failure: LoadFailure) -> anyhow::Error {
    let LoadFailure { code, message, fix, .. } = failure;
    let where_else = match code.as_str() {
        "plugin.uses.missing" => ", or name the folder it is in with `--plugins`",
        _ => "",
    };
    anyhow!("a host refuses this plugin ({code}): {message}; {fix}{where_else}")
}

/// What a function answers on a fresh instance, and the middle of several
/// measured times.
pub(super) async fn measured(
    sample: &Sample,
    case: &Case,
    function: Function,
) -> (Value, Duration) {
    let mut times = Vec::with_capacity(MEASURED);
    let mut answer = Value::Null;
    for _ in 0..MEASURED {
        let catalogue = sample.catalogue();
        let begun = Instant::now();
        answer = case.call(&*catalogue, function).await;
        times.push(begun.elapsed());
    }
    times.sort();
    (answer, times.get(MEASURED / 2).copied().unwrap_or_default())
}

/// `0.21 ms`.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// `97 KB`.
pub(super) fn kilobytes(bytes: usize) -> String {
    format!("{} KB", bytes.div_ceil(1000))
}
