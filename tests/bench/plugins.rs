//! Plugins for workloads, and what the platform they live on reaches.

mod answers;
mod density;
mod kills;
mod scaling;
mod storm;

use std::{fs, path::Path};

use bowsprit_tests::{copy_folder, guests_dir};

use crate::{machine::Process, report::Report};

/// Measures the plugin platform beyond single calls and reloads.
pub(crate) async fn measure(report: &mut Report) {
    scaling::measure(report).await;
    answers::measure(report).await;
    kills::measure(report).await;
    storm::measure(report).await;
    density::measure(report).await;
}

/// The component with other bytes and the same behaviour.
pub(crate) fn salted(component: &[u8], salt: u32) -> Vec<u8> {
    let mut bytes = component.to_vec();
    // A custom section (id 0) of nine bytes: the name `salt` and four more.
    bytes.extend([0, 9, 4]);
    bytes.extend(b"salt");
    bytes.extend(salt.to_le_bytes());
    bytes
}

/// A plugin made of a guest, under another id.
fn guest(guest: &str, id: &str, folder: &Path) {
    copy_folder(&guests_dir().join(guest), folder);
    let file = folder.join("plugin.toml");
    let toml = fs::read_to_string(&file).unwrap();
    fs::write(file, toml.replace(&format!("id = \"{guest}\""), &format!("id = \"{id}\""))).unwrap();
}

/// Resident memory of this process, MiB.
fn resident_mib() -> f64 {
    Process(std::process::id()).resident_kib() / 1024.0
}
