//! From Python modules to a component, by the tool that the plugin's own
//! `requirements.txt` pins.

use std::{fs, path::Path, process::Command};

use crate::{BuildError, Runner, at, embedding::Task, made::WORK, toolchain::is_on_path};

/// What tells a folder with Python.
pub(crate) const REQUIREMENTS: &str = "requirements.txt";
/// Embeds CPython.
const TOOL: &str = "componentize-py";
/// Which begins the interpreter when the component is made, and never after.
const OWN_EXPORT: &str = "exports";
/// The folder of the modules, and the one that exports the interfaces.
const MODULES: &str = "src";
const ENTRY: &str = "plugin";

/// Installs what is required into an environment of the plugin's own, unless it
/// is there, and makes the component.
pub(crate) fn build(folder: &Path, runner: &dyn Runner) -> Result<(), BuildError> {
    let task = Task::of(folder)?;
    for (file, fix) in [
        (Path::new(REQUIREMENTS).to_owned(), "pin `componentize-py` in it, best with its hashes"),
        (Path::new(MODULES).join(ENTRY).with_extension("py"), "export the interfaces from it"),
    ] {
        let file = task.folder.join(file);
        if !file.is_file() {
            return Err(BuildError::NoEntry { file, fix });
        }
    }
    let home = task.folder.join(WORK).join("venv");
    task.kept("venv", &[REQUIREMENTS])?.or_make(&home, || install(&task.folder, &home, runner))?;
    let tool = home.join("bin").join(TOOL);
    if !tool.is_file() {
        return Err(BuildError::NoTool { tool: TOOL, manifest: REQUIREMENTS });
    }
    let mut command = Command::new(tool);
    command.arg("--wit-path").arg(&task.interfaces).args(["--world", &task.world]);
    command.args(["componentize", "--stub-wasi", "--python-path", MODULES, "--output"]);
    command.arg(&task.component).arg(ENTRY);
    // Where it looks for what else is required.
    own(&mut command).env("VIRTUAL_ENV", &home).current_dir(&task.folder);
    task.componentize(TOOL, command, OWN_EXPORT, runner)
}

/// Has a command see no modules but those that are required.
fn own(command: &mut Command) -> &mut Command {
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME")
}

fn install(folder: &Path, home: &Path, runner: &dyn Runner) -> Result<(), BuildError> {
    if !is_on_path("python3") {
        return Err(BuildError::NoProgram { program: "python3", of: "Python 3.10 or newer" });
    }
    if home.exists() {
        fs::remove_dir_all(home).map_err(at(home))?;
    }
    let mut command = Command::new("python3");
    own(&mut command).args(["-m", "venv"]).arg(home).current_dir(folder);
    runner.run("python3 -m venv", command).map_err(BuildError::Program)?;
    let mut command = Command::new(home.join("bin/python"));
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    own(&mut command).args(["--requirement", REQUIREMENTS]).current_dir(folder);
    runner.run("pip install", command).map_err(BuildError::Program)
}
