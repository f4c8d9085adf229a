//! Finds a Rust toolchain that has, or can build, `std` for wasm32.
//!
//! The normal way is the target that rustup installs. Where rustup cannot
//! reach its server, `std` is compiled from source along with the plugins: from
//! the toolchain's own `rust-src`, or with Debian's `rustc-web` packages, whose
//! compiler and sources always match.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{BuildError, Runner, cargo};

/// The compilation target of every plugin: no WASI, so nothing to import.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Where the wasm standard library comes from.
#[derive(Debug)]
pub enum Way {
    /// The active toolchain has it installed.
    Installed,
    /// Compiled from the active toolchain's `rust-src`.
    Source,
    /// Compiled with Debian's compiler; holds the linker to use.
    Debian(PathBuf),
}

impl Way {
    /// Said in the build's output, because speed and bytes depend on it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Installed => "wasm std of the active toolchain",
            Self::Source => "wasm std built from rust-src",
            Self::Debian(_) => "wasm std built with Debian's rustc-web",
        }
    }

    /// `cargo build` in `folder`, set up for this way; the caller adds flags.
    pub(crate) fn cargo_build(&self, folder: &Path) -> Command {
        let mut command = match self {
            Self::Installed | Self::Source => cargo::cargo("build", folder),
            Self::Debian(_) => {
                let mut command = Command::new("/usr/bin/cargo");
                command.arg("build").current_dir(folder);
                cargo::forget_us(&mut command);
                command
            }
        };
        clear_inherited(&mut command);
        command.args(["--release", "--target", TARGET]);
        if !matches!(self, Self::Installed) {
            command.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
        }
        if let Self::Debian(linker) = self {
            // ~/.cargo/bin comes first on PATH and its `rustc` is rustup's.
            command
                .env_remove("RUSTUP_TOOLCHAIN")
                .env("PATH", "/usr/bin:/bin")
                .env("RUSTC", "/usr/bin/rustc")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        command
    }
}

/// Removes what a developer's shell would pass on to a build for another target.
pub(crate) fn clear_inherited(command: &mut Command) {
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        command.env_remove(name);
    }
}

impl Way {
    /// The first way that works for what lies in `folder` (its
    /// `rust-toolchain.toml` counts); `BOWSPRIT_WASM_STD=source|debian` forces
    /// a fallback, to try it where the normal way works too.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoTarget`] if no way works, [`BuildError::Program`] if
    /// there is no `rustc`.
    pub fn choose(folder: &Path, runner: &dyn Runner) -> Result<Self, BuildError> {
        let forced = std::env::var("BOWSPRIT_WASM_STD").unwrap_or_default();
        let sysroot = sysroot(folder, runner)?;
        match forced.as_str() {
            "source" => return from_source(&sysroot).ok_or(BuildError::NoTarget),
            "debian" => return from_debian(&sysroot).ok_or(BuildError::NoTarget),
            _ => {}
        }
        if is_installed(&sysroot) {
            return Ok(Self::Installed);
        }
        let offline = std::env::var_os("XTASK_OFFLINE").is_some();
        if !offline && add_target(folder, runner) && is_installed(&sysroot) {
            return Ok(Self::Installed);
        }
        let built = from_source(&sysroot).or_else(|| from_debian(&sysroot));
        let built =
            built.or_else(|| install_debian(runner).then(|| from_debian(&sysroot)).flatten());
        built.ok_or(BuildError::NoTarget)
    }
}

/// In CI nobody is there to follow advice, so Debian's compiler is installed.
fn install_debian(runner: &dyn Runner) -> bool {
    if std::env::var("CI").is_err() || !is_on_path("apt-get") {
        return false;
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        runner.run("`apt-get`", command).is_ok()
    };
    let install = ["install", "--yes", "--no-install-recommends"];
    let packages = ["rustc-web", "cargo-web", "rust-web-src", "lld"];
    apt(&["update", "--quiet"]) && apt(&[install.as_slice(), &packages].concat())
}

fn sysroot(folder: &Path, runner: &dyn Runner) -> Result<PathBuf, BuildError> {
    let mut command = Command::new("rustc");
    command.args(["--print", "sysroot"]).current_dir(folder);
    let printed = runner.output("`rustc --print sysroot`", command).map_err(BuildError::Program)?;
    Ok(printed.trim().into())
}

/// Whether there is a program of that name.
pub(crate) fn is_on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn is_installed(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir()
}

fn add_target(folder: &Path, runner: &dyn Runner) -> bool {
    if !is_on_path("rustup") {
        return false;
    }
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]).current_dir(folder);
    match runner.run("`rustup target add`", command) {
        Ok(()) => true,
        Err(error) => {
            eprintln!("  {error}; trying to build the standard library instead");
            false
        }
    }
}

fn from_source(sysroot: &Path) -> Option<Way> {
    sysroot.join("lib/rustlib/src/rust/library/std").is_dir().then_some(Way::Source)
}

fn from_debian(sysroot: &Path) -> Option<Way> {
    let compiler =
        ["/usr/bin/rustc", "/usr/bin/cargo"].iter().all(|file| Path::new(file).is_file());
    let sources = Path::new("/usr/lib/rustlib/src/rust/library/std").is_dir()
        || std::fs::read_dir("/usr/src").is_ok_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|it| it.file_name().to_string_lossy().starts_with("rustc-"))
            })
        });
    if !(compiler && sources) {
        return None;
    }
    linker(sysroot).map(Way::Debian)
}

/// Debian's compiler has no linker for wasm: rustup's, else lld's.
fn linker(sysroot: &Path) -> Option<PathBuf> {
    let host = "lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld";
    let bundled = Some(sysroot.join(host)).filter(|file| file.is_file());
    bundled.or_else(|| {
        let mut found: Vec<_> = std::fs::read_dir("/usr/bin")
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                path.file_name().is_some_and(|it| it.to_string_lossy().starts_with("wasm-ld"))
            })
            .collect();
        found.sort();
        found.pop()
    })
}
