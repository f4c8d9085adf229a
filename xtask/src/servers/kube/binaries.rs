//! Finds the control plane's programs, or builds them from Go modules.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::metrics;
use crate::paths;
use crate::process::{self, Running};
use crate::progress::Step;
use crate::servers::tools;

/// The names under which the programs are started.
const PROGRAMS: [&str; 4] = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
/// The version of the node simulator.
const KWOK: &str = "v0.7.0";

/// Where the programs are.
pub(super) struct Binaries {
    /// One path per name in [`PROGRAMS`]; all the same file if we built it.
    programs: Vec<PathBuf>,
    /// The node simulator.
    pub(super) kwok: PathBuf,
    /// The metrics API.
    pub(super) metrics: PathBuf,
}

impl Binaries {
    /// Takes what is installed, then what is cached, then builds.
    pub(super) fn obtain() -> Result<Self> {
        let kwok = match paths::on_path("kwok") {
            Some(path) => path,
            None => tools::tool("kwok", KWOK, |folder, _| {
                tools::go_install("sigs.k8s.io/kwok/cmd/kwok", KWOK, folder)
            })?
            .join("kwok"),
        };
        let programs = match installed() {
            Some(programs) => programs,
            None => vec![built()?; PROGRAMS.len()],
        };
        Ok(Self { programs, kwok, metrics: metrics::program()? })
    }

    /// Links the programs into `folder` under the names they go by.
    pub(super) fn link(&self, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder)?;
        for (name, program) in PROGRAMS.iter().zip(&self.programs) {
            symlink(program, folder.join(name))?;
        }
        Ok(folder.to_owned())
    }
}

/// All four programs from `KUBEBUILDER_ASSETS`, else from `PATH`.
fn installed() -> Option<Vec<PathBuf>> {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let all = |find: &dyn Fn(&str) -> Option<PathBuf>| -> Option<Vec<PathBuf>> {
        PROGRAMS.iter().map(|name| find(name)).collect()
    };
    let in_assets = |name: &str| Some(assets.as_ref()?.join(name)).filter(|file| file.is_file());
    all(&in_assets).or_else(|| all(&paths::on_path))
}

/// The binary built from `tests/servers/kube`.
fn built() -> Result<PathBuf> {
    let source = paths::root().join("tests/servers/kube");
    let module = fs::read_to_string(source.join("go.mod"))?;
    let kubernetes = required(&module, "k8s.io/kubernetes")?;
    let etcd = required(&module, "go.etcd.io/etcd/server/v3")?;
    let version = format!("{kubernetes}-etcd-{etcd}");
    let folder = tools::tool("kube", &version, |folder, step| {
        build(&source, kubernetes, &folder.join("kube"), step)
    })?;
    Ok(folder.join("kube"))
}

/// The version of `name` that a `go.mod` requires.
fn required<'a>(module: &'a str, name: &str) -> Result<&'a str> {
    let version = module.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(' '));
    version.map(str::trim).with_context(|| format!("`go.mod` does not require `{name}`"))
}

fn build(source: &Path, version: &str, output: &Path, step: &mut Step) -> Result<()> {
    let mut list = go_in(source)?;
    list.args(["list", "-deps", "."]);
    let total = process::output("`go list`", list)?.lines().count();

    let mut command = go_in(source)?;
    command.args(["build", "-v", "-trimpath", "-ldflags", &linker_flags(version)?, "-o"]);
    command.arg(output).arg(".").stderr(Stdio::piped());
    let mut running = Running::start("go build", command)?;
    let pipe = running.child().stderr.take().context("no pipe")?;
    // `-v` names each package that is compiled; what fails is said there too.
    let mut said = Vec::new();
    for line in BufReader::new(pipe).lines() {
        said.push(line?);
        step.far(&format!("{} of at most {total} packages", said.len()));
        process::check_interrupted()?;
    }
    let status = running.wait()?;
    if !status.success() {
        let end = said.get(said.len().saturating_sub(20)..).unwrap_or_default();
        bail!("go build failed ({status}):\n{}", end.join("\n"));
    }
    Ok(())
}

fn go_in(source: &Path) -> Result<Command> {
    let mut command = tools::go()?;
    command.current_dir(source).env("CGO_ENABLED", "0");
    Ok(command)
}

/// Without a version the server reports one that clients cannot parse.
fn linker_flags(version: &str) -> Result<String> {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = numbers.next().zip(numbers.next()).context("not a version")?;
    let package = "k8s.io/component-base/version";
    Ok(format!(
        "-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} \
         -X {package}.gitMinor={minor}"
    ))
}
