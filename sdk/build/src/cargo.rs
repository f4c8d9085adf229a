//! Cargo, started as if from a shell.

use std::path::Path;
use std::process::Command;

/// What `cargo run` tells the program it runs about that program. Build
/// scripts (`ring`'s, for one) ask to run again when these change, so passing
/// them on would rebuild half the workspace at every change between
/// `cargo xtask` and `cargo` itself.
const ABOUT_US: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];

/// The cargo that started us, so that its toolchain is used again.
pub fn cargo(subcommand: &str, folder: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.arg(subcommand).current_dir(folder);
    forget_us(&mut command);
    command
}

/// Removes what is about us from the environment of a cargo.
pub fn forget_us(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text == "CARGO" || ABOUT_US.iter().any(|start| text.starts_with(start)) {
            command.env_remove(&name);
        }
    }
}
