//! Plugins for workloads.

/// The component with other bytes and the same behaviour.
pub(crate) fn salted(component: &[u8], salt: u32) -> Vec<u8> {
    let mut bytes = component.to_vec();
    // A custom section (id 0) of nine bytes: the name `salt` and four more.
    bytes.extend([0, 9, 4]);
    bytes.extend(b"salt");
    bytes.extend(salt.to_le_bytes());
    bytes
}
