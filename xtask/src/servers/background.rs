//! `cargo xtask servers up`: servers that outlive the command.
//!
//! A process of its own holds them; it writes a state file once they are ready
//! and removes it when it ends, however it is asked to.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Environment, Needs, Servers, print};
use crate::progress::Step;
use crate::{paths, process};

/// Covers building every tool on a slow machine.
const PATIENCE: Duration = Duration::from_secs(45 * 60);

/// What the state file says.
pub(super) struct State {
    /// The process that holds the servers.
    pub(super) pid: u32,
    /// What users of the servers are told.
    pub(super) environment: Environment,
}

/// The servers running in the background, if any.
pub(super) fn running() -> Result<Option<State>> {
    let Ok(text) = fs::read_to_string(state_file()?) else { return Ok(None) };
    let value: Value = serde_json::from_str(&text).context("the state file is damaged")?;
    let pid = value.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok());
    let pid = pid.context("the state file names no process")?;
    if !is_holder(pid) {
        return Ok(None);
    }
    let entries = value.get("environment").and_then(Value::as_object).into_iter().flatten();
    let environment =
        entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Ok(Some(State { pid, environment: environment.collect() }))
}

/// Starts the holder and waits until the servers are ready.
pub(super) fn up() -> Result<()> {
    if running()?.is_some() {
        println!("already up");
        return status();
    }
    let step = Step::start("starting servers in the background");
    let log = folder()?.join("servers.log");
    let output = File::create(&log)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["servers", "hold"]).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(output).process_group(0);
    let mut holder = command.spawn().context("cannot start the holder")?;
    let ready = process::wait_for("starting the servers", PATIENCE, || {
        if let Some(status) = holder.try_wait()? {
            bail!("the servers did not start ({status}):\n{}", fs::read_to_string(&log)?);
        }
        Ok(running()?.filter(|state| state.pid == holder.id()))
    });
    match ready {
        Ok(state) => {
            step.done("ready");
            print(&state.environment);
            Ok(())
        }
        Err(error) => {
            stop(holder.id())?;
            Err(error)
        }
    }
}

/// Stops the holder and waits until it is gone.
pub(super) fn down() -> Result<()> {
    let Some(state) = running()? else {
        println!("not running");
        return Ok(());
    };
    stop(state.pid)?;
    println!("stopped");
    Ok(())
}

/// Prints what runs in the background.
pub(super) fn status() -> Result<()> {
    match running()? {
        None => println!("not running"),
        Some(state) => {
            println!("# held by process {}", state.pid);
            print(&state.environment);
        }
    }
    Ok(())
}

/// Holds the servers until a signal comes.
pub(super) fn hold() -> Result<()> {
    let file = state_file()?;
    let mut servers = Servers::start(Needs::All)?;
    let state = json!({ "pid": std::process::id(), "environment": servers.environment });
    let unfinished = file.with_extension("new");
    fs::write(&unfinished, state.to_string())?;
    fs::rename(&unfinished, &file)?;
    let outcome = servers.keep_until_interrupted();
    fs::remove_file(&file)?;
    outcome
}

fn stop(pid: u32) -> Result<()> {
    process::terminate(pid)?;
    process::wait_for("stopping the servers", Duration::from_secs(30), || {
        Ok((!is_holder(pid)).then_some(()))
    })
}

/// Whether `pid` is a holder: numbers are used again.
fn is_holder(pid: u32) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let ended = fs::read_to_string(process.join("stat")).is_ok_and(|it| it.contains(") Z "));
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    !ended && line.ends_with(b"\0servers\0hold\0")
}

fn folder() -> Result<PathBuf> {
    let folder = paths::tools()?.join("run");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn state_file() -> Result<PathBuf> {
    Ok(folder()?.join("servers.json"))
}
