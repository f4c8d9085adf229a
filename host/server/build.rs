//! Embeds what `bowsprit plugin new` writes: the scaffolds, the SDK and the
//! plugin interfaces, so that the binary alone begins a plugin.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// What is embedded, from the checkout's root.
const EMBEDDED: [&str; 9] = [
    "Cargo.toml",
    "plugins/.cargo/config.toml",
    "sdk/javascript/scaffold",
    "sdk/none/scaffold",
    "sdk/python/scaffold",
    "sdk/rust/Cargo.toml",
    "sdk/rust/README.md",
    "sdk/rust/src",
    "sdk/rust/scaffold",
];
/// What an editor, or somebody who tries a scaffold in place, leaves behind.
const LEFT: [&str; 5] = ["target", "dist", "node_modules", "__pycache__", "Cargo.lock"];
const INTERFACES: &str = "wit/bowsprit-plugin";

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = fs::canonicalize(manifest.join("../.."))?;
    let mut files = Vec::new();
    for name in EMBEDDED.into_iter().chain([INTERFACES]) {
        println!("cargo::rerun-if-changed={}", root.join(name).display());
        collect(&root, Path::new(name), &mut files)?;
    }
    files.sort();
    let entries = files.iter().map(|name| {
        let (name, path) = (name.display().to_string(), root.join(name).display().to_string());
        format!("({name:?}, include_str!({path:?})),\n")
    });
    let list: String = entries.collect();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), format!("&[\n{list}]\n"))
}

fn collect(root: &Path, inside: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !root.join(inside).is_dir() {
        files.push(inside.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(root.join(inside))? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if !text.starts_with('.') && !LEFT.contains(&&*text) {
            collect(root, &inside.join(name), files)?;
        }
    }
    Ok(())
}
