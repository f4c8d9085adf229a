//! Packages, fetched by the ordinary client of each registry.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::existing;
use crate::progress::Step;
use crate::{json, process};

/// What turns Strimzi's classes into definitions; its versions follow the
/// tool, not the operator.
const STRIMZI_GENERATOR: &str = "io.strimzi:crd-generator@0.45.0";

/// The packages of this run, each fetched once and removed at the end.
pub(super) struct Packages {
    folder: tempfile::TempDir,
    fetched: RefCell<HashMap<String, PathBuf>>,
}

impl Packages {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, fetched: RefCell::default() })
    }

    /// The files of a package, on disk.
    pub(super) fn files(&self, package: &str, files: &[String]) -> Result<Vec<PathBuf>> {
        if files.is_empty() {
            bail!("`files` names none");
        }
        if let Some(artifact) = package.strip_prefix("maven:") {
            return files.iter().map(|class| self.generate(artifact, class)).collect();
        }
        let folder = self.unpacked(package)?;
        files.iter().map(|file| existing(&folder, file)).collect()
    }

    fn unpacked(&self, package: &str) -> Result<PathBuf> {
        if let Some(folder) = self.fetched.borrow().get(package) {
            return Ok(folder.clone());
        }
        let step = Step::start(format!("fetching {package}"));
        let place = self.folder.path().join(self.fetched.borrow().len().to_string());
        fs::create_dir(&place)?;
        let folder = match package.split_once(':') {
            Some(("go", module)) => go(module, &place)?,
            Some(("crate", name)) => cargo(name, &place)?,
            Some(("npm", name)) => npm(name, &place)?,
            _ => bail!("`{package}` begins with no registry this knows"),
        };
        step.done("fetched");
        self.fetched.borrow_mut().insert(package.to_owned(), folder.clone());
        Ok(folder)
    }

    /// The definition that Strimzi's own generator makes of one of its classes.
    fn generate(&self, artifact: &str, class: &str) -> Result<PathBuf> {
        let place = self.folder.path().join("maven");
        if !place.is_dir() {
            fs::create_dir(&place)?;
            maven(&[artifact, STRIMZI_GENERATOR], &place)?;
        }
        let file = place.join(format!("{class}.yaml"));
        let mut command = Command::new("java");
        command.arg("-cp").arg(place.join("lib/*")).arg("io.strimzi.crdgenerator.CrdGenerator");
        command.arg("--yaml").arg(format!("{class}={}", file.display()));
        process::run("Strimzi's generator", command)?;
        Ok(file)
    }
}

/// A module, in a module cache of its own: many are hundreds of megabytes.
fn go(module: &str, place: &Path) -> Result<PathBuf> {
    let mut command = Command::new("go");
    command.args(["mod", "download", "-json", module]).current_dir(place);
    command.env("GOMODCACHE", place).env("GOFLAGS", "-modcacherw").env("GOWORK", "off");
    let told: Value = serde_json::from_str(&process::output("`go mod download`", command)?)?;
    Ok(json::text(&told, "/Dir").context("`go mod download` named no folder")?.into())
}

/// A crate, as a dependency of an empty package, where cargo keeps its sources.
fn cargo(name: &str, place: &Path) -> Result<PathBuf> {
    let (name, version) = name.rsplit_once('@').context("a crate needs `@VERSION`")?;
    let manifest = format!(
        "[package]\nname = \"asks\"\nedition = \"2024\"\n[workspace]\n\
         [dependencies]\n{name} = \"={version}\"\n"
    );
    fs::create_dir(place.join("src"))?;
    fs::write(place.join("src/lib.rs"), "")?;
    fs::write(place.join("Cargo.toml"), manifest)?;
    let mut command = Command::new("cargo");
    command.args(["metadata", "--format-version", "1"]).current_dir(place);
    let told: Value = serde_json::from_str(&process::output("`cargo metadata`", command)?)?;
    let is_it = |it: &&Value| json::text(it, "/name") == Some(name);
    let found = json::list(&told, "/packages").iter().find(is_it);
    let manifest = found.and_then(|it| json::text(it, "/manifest_path"));
    let folder = manifest.and_then(|it| Path::new(it).parent());
    Ok(folder.context("`cargo metadata` does not name it")?.to_owned())
}

/// A package's archive, unpacked. Nothing of it is run.
fn npm(name: &str, place: &Path) -> Result<PathBuf> {
    let mut pack = Command::new("npm");
    pack.args(["pack", "--silent", "--ignore-scripts", name]).current_dir(place);
    let archive = process::output("`npm pack`", pack)?;
    let mut unpack = Command::new("tar");
    unpack.args(["-xzf", archive.trim()]).current_dir(place);
    process::run("`tar`", unpack)?;
    Ok(place.join("package"))
}

/// Artifacts and what they need, as jars in `place/lib`.
fn maven(artifacts: &[&str], place: &Path) -> Result<()> {
    let mut dependencies = String::new();
    for artifact in artifacts {
        let (name, version) = artifact.rsplit_once('@').context("needs `@VERSION`")?;
        let (group, name) = name.split_once(':').context("needs `GROUP:NAME`")?;
        dependencies.push_str(&format!(
            "<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>\
             <version>{version}</version></dependency>"
        ));
    }
    let project = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>asks</groupId>\
         <artifactId>asks</artifactId><version>1</version>\
         <dependencies>{dependencies}</dependencies></project>"
    );
    fs::write(place.join("pom.xml"), project)?;
    let mut command = Command::new("mvn");
    command.args(["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]);
    command.current_dir(place);
    process::run("`mvn dependency:copy-dependencies`", command)
}
