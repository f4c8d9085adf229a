//! The tools that take a workflow's exports: Kustomize and Helm.
//!
//! Not servers, but built from Go modules like those, and beside them.

use anyhow::Result;

use super::Environment;
use super::tools::{go_install, tool};

struct Packager {
    name: &'static str,
    /// What tests are told its path by.
    variable: &'static str,
    package: &'static str,
    version: &'static str,
}

const PACKAGERS: [Packager; 2] = [
    Packager {
        name: "kustomize",
        variable: "BOWSPRIT_TEST_KUSTOMIZE",
        package: "sigs.k8s.io/kustomize/kustomize/v5",
        version: "v5.8.2",
    },
    Packager {
        name: "helm",
        variable: "BOWSPRIT_TEST_HELM",
        package: "helm.sh/helm/v3/cmd/helm",
        version: "v3.22.0",
    },
];

/// Where they are, made where they are missing: at one version each, because
/// tests compare what they write.
pub(super) fn obtain() -> Result<Environment> {
    let path = |it: &Packager| -> Result<(String, String)> {
        if let Ok(path) = std::env::var(it.variable) {
            eprintln!("  {}: using `{}`", it.name, it.variable);
            return Ok((it.variable.to_owned(), path));
        }
        let make = |folder: &std::path::Path, _: &mut crate::progress::Step| {
            go_install(it.package, it.version, folder)
        };
        let program = tool(it.name, it.version, make)?.join(it.name);
        Ok((it.variable.to_owned(), program.display().to_string()))
    };
    PACKAGERS.iter().map(path).collect()
}
