//! From ES modules to a component, by the tool that the plugin's own
//! `package.json` pins.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::{BuildError, Runner, at, embedding::Task, toolchain::is_on_path};

/// What tells a folder with JavaScript.
pub(crate) const MANIFEST: &str = "package.json";
const LOCK: &str = "package-lock.json";
/// Embeds QuickJS.
const TOOL: &str = "componentize-qjs";
/// Which begins the interpreter when the component is made, and never after.
const OWN_EXPORT: &str = "init";

/// Installs what the lock file says, unless it is there, and makes the
/// component.
pub(crate) fn build(folder: &Path, locked: bool, runner: &dyn Runner) -> Result<(), BuildError> {
    let task = Task::of(folder)?;
    let entry = entry(&task.folder)?;
    task.kept("npm", &[MANIFEST, LOCK])?
        .or_make(&task.folder.join("node_modules"), || install(&task.folder, locked, runner))?;
    let tool = task.folder.join("node_modules/.bin").join(TOOL);
    if !tool.is_file() {
        return Err(BuildError::NoTool { tool: TOOL, manifest: MANIFEST });
    }
    let mut command = Command::new(tool);
    command.arg("--wit").arg(&task.interfaces).args(["--world", &task.world]);
    command.args(["--js", &entry, "--module-root", "."]);
    // Calls are synchronous, and no WASI is offered.
    command.args(["--sync", "--stub-wasi"]).arg("--output").arg(&task.component);
    command.current_dir(&task.folder);
    task.componentize(TOOL, command, OWN_EXPORT, runner)
}

fn install(folder: &Path, locked: bool, runner: &dyn Runner) -> Result<(), BuildError> {
    if !is_on_path("npm") {
        return Err(BuildError::NoProgram { program: "npm", of: "Node.js 18 or newer" });
    }
    let verb = if locked || folder.join(LOCK).is_file() { "ci" } else { "install" };
    let mut command = Command::new("npm");
    command.args([verb, "--no-audit", "--no-fund"]).current_dir(folder);
    runner.run(&format!("npm {verb}"), command).map_err(BuildError::Program)
}

/// The module to begin with, which exports the interfaces.
fn entry(folder: &Path) -> Result<String, BuildError> {
    let file = folder.join(MANIFEST);
    let written = fs::read_to_string(&file).map_err(at(&file))?;
    let manifest: Value = serde_json::from_str(&written).unwrap_or_default();
    let entry = manifest.get("main").and_then(Value::as_str).map(str::to_owned);
    entry.filter(|it| folder.join(it).is_file()).ok_or(BuildError::NoEntry {
        file,
        fix: "write `\"main\": \"src/plugin.js\"`, the module that exports the interfaces",
    })
}
