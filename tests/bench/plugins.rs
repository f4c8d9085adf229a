//! Plugin folders for workloads.

use std::path::Path;

/// Copies a plugin's folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
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
