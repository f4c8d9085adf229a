//! Who may depend on whom: the arrows of the architecture, in one table.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::Finding;
use crate::{cargo, json, paths, process};

/// What one package of ours may use of ours, beyond its tests' needs.
const OURS: [(&str, &[&str]); 11] = [
    ("bowsprit-host-core", &[]),
    ("bowsprit-host-api", &["bowsprit-host-core"]),
    ("bowsprit-host-engine", &["bowsprit-host-core"]),
    ("bowsprit-host-store", &["bowsprit-host-core"]),
    ("bowsprit-host-cluster", &["bowsprit-host-core"]),
    ("bowsprit-host-outbound", &["bowsprit-host-core"]),
    (
        "bowsprit-host-server",
        &[
            "bowsprit-host-core",
            "bowsprit-host-api",
            "bowsprit-host-engine",
            "bowsprit-host-store",
            "bowsprit-host-cluster",
            "bowsprit-host-outbound",
            "bowsprit-plugin-build",
        ],
    ),
    ("bowsprit-fuzz", &[]),
    ("bowsprit-plugin-build", &[]),
    ("bowsprit-plugin-sdk", &[]),
    ("xtask", &["bowsprit-plugin-build"]),
];

/// The heavyweights: each lives in one package, so that a change there
/// rebuilds little and the others stay free of it.
const HEAVY: [(&str, &[&str]); 20] = [
    ("axum", &["bowsprit-host-api", "bowsprit-host-server"]),
    ("hyper", &["bowsprit-host-api", "bowsprit-host-server"]),
    ("tower-http", &["bowsprit-host-api", "bowsprit-host-server"]),
    ("wasmtime", &["bowsprit-host-engine"]),
    ("notify", &["bowsprit-host-engine", "bowsprit-plugin-build"]),
    ("mongodb", &["bowsprit-host-store"]),
    ("bson", &["bowsprit-host-store"]),
    ("rusqlite", &["bowsprit-host-store"]),
    ("kube", &["bowsprit-host-cluster"]),
    ("k8s-openapi", &["bowsprit-host-cluster"]),
    ("hyper-rustls", &["bowsprit-host-cluster"]),
    ("reqwest", &["bowsprit-host-outbound"]),
    ("openidconnect", &["bowsprit-host-outbound"]),
    ("oauth2", &["bowsprit-host-outbound"]),
    ("async-nats", &["bowsprit-host-outbound"]),
    ("wit-bindgen", &["bowsprit-plugin-sdk"]),
    ("wit-component", &["bowsprit-plugin-build"]),
    ("p256", &["bowsprit-host-outbound"]),
    ("clap", &["bowsprit-host-server", "xtask"]),
    // Callers branch on an error's kind; `anyhow` has none.
    ("anyhow", &["bowsprit-host-server", "xtask", TESTS]),
];

/// Sees everything, is seen by nobody.
const TESTS: &str = "bowsprit-tests";

/// The dependencies the tables do not allow.
pub(super) fn forbidden(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in packages(root)? {
        findings.extend(package.dependencies.iter().filter_map(|it| package.host_finding(it)));
    }
    if root.join("plugins/Cargo.toml").is_file() {
        for package in packages(&root.join("plugins"))? {
            findings
                .extend(package.dependencies.iter().filter_map(|it| package.plugin_finding(it)));
        }
    }
    Ok(findings)
}

struct Package {
    name: String,
    manifest: PathBuf,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    /// For tests and examples only.
    dev: bool,
}

impl Package {
    fn host_finding(&self, dependency: &Dependency) -> Option<Finding> {
        let Dependency { name, dev } = dependency;
        if name == TESTS {
            return Some(self.finding(format!("nothing may depend on `{TESTS}`")));
        }
        if *dev || self.name == TESTS {
            return None;
        }
        if is_ours(name) {
            let row = OURS.iter().find(|(package, _)| *package == self.name);
            let Some((_, allowed)) = row else {
                let package = &self.name;
                return Some(
                    self.finding(format!("`{package}` has no row in tidy's import table")),
                );
            };
            let fine = allowed.contains(&name.as_str());
            return (!fine).then(|| self.finding(format!("may not use `{name}`")));
        }
        let (_, owners) = HEAVY.iter().find(|(heavy, _)| heavy == name)?;
        let fine = owners.contains(&self.name.as_str());
        (!fine).then(|| {
            self.finding(format!("may not use `{name}`, which belongs in {}", owners.join(", ")))
        })
    }

    fn plugin_finding(&self, dependency: &Dependency) -> Option<Finding> {
        let name = &dependency.name;
        let host = name.starts_with("bowsprit-host") || name == TESTS || name == "xtask";
        host.then(|| self.finding(format!("a plugin may not use `{name}`")))
    }

    fn finding(&self, message: String) -> Finding {
        Finding { path: self.manifest.clone(), line: 0, message }
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with("bowsprit-") || name == "xtask"
}

fn packages(folder: &Path) -> Result<Vec<Package>> {
    let mut command = cargo::cargo("metadata", folder);
    command.args(["--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&process::output("cargo metadata", command)?)?;
    json::list(&metadata, "/packages").iter().map(package).collect()
}

fn package(value: &Value) -> Result<Package> {
    let text = |value: &Value, pointer: &str| {
        json::text(value, pointer).map(str::to_owned).with_context(|| format!("no `{pointer}`"))
    };
    let dependencies = json::list(value, "/dependencies").iter().map(|dependency| {
        let dev = json::text(dependency, "/kind") == Some("dev");
        Ok(Dependency { name: text(dependency, "/name")?, dev })
    });
    let manifest = PathBuf::from(text(value, "/manifest_path")?);
    Ok(Package {
        name: text(value, "/name")?,
        manifest: manifest.strip_prefix(paths::root()).unwrap_or(&manifest).to_owned(),
        dependencies: dependencies.collect::<Result<_>>()?,
    })
}
