//! Values of other kinds: images, paths, address ranges, encodings.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Flaw, ensure};

/// A reference to a container image. Whether it exists is for the registry to
/// say; here it only has to be one word that can be a reference.
///
/// Source: `core/validation` (no surrounding white space) and the grammar of
/// `distribution/reference`, of which this checks the outline.
pub fn image(text: &str) -> Result<(), Flaw> {
    let characters = text.bytes().all(|it| it.is_ascii_graphic());
    let ends = text.ends_with([':', '@', '/']) || text.starts_with([':', '@', '/', '-', '.']);
    ensure(
        !text.is_empty() && text.len() <= 512 && characters && !ends && !text.contains("://"),
        "is not an image reference",
        "Write registry, repository and tag without blanks, such as `nginx:1.27` or `ghcr.io/acme/api:1.0`.",
    )
}

/// Where a volume appears in a container.
///
/// Source: `VolumeMount.mountPath` (no `:`); relative paths depend on the
/// container runtime, so they are refused.
pub fn mount_path(text: &str) -> Result<(), Flaw> {
    let clean = !text.contains(':') && !text.contains(char::is_control);
    ensure(
        text.starts_with('/') && text != "/" && text.len() <= 4096 && clean,
        "is not a path to mount at",
        "Write a path that starts with `/`, is not `/` itself and holds no `:`.",
    )
}

/// A path inside a volume.
///
/// Source: `core/validation.validateLocalDescendingPath`.
pub fn sub_path(text: &str) -> Result<(), Flaw> {
    let climbs = text.split('/').any(|it| it == "..");
    ensure(
        !text.starts_with('/') && !climbs && !text.contains(char::is_control),
        "is not a path inside a volume",
        "Write a relative path without `..`.",
    )
}

/// A range of IP addresses, version 4 or 6.
///
/// Source: RFC 4632 and RFC 4291, as `netutils.ParseCIDRSloppy` reads them.
pub fn cidr(text: &str) -> Result<(), Flaw> {
    let holds = text.split_once('/').is_some_and(|(address, bits)| {
        let digits = !bits.is_empty() && bits.bytes().all(|it| it.is_ascii_digit());
        let most = if address.parse::<Ipv4Addr>().is_ok() {
            Some(32)
        } else {
            address.parse::<Ipv6Addr>().is_ok().then_some(128)
        };
        digits && most.zip(bits.parse::<u8>().ok()).is_some_and(|(most, bits)| bits <= most)
    });
    ensure(holds, "is not an address range", "Write a range such as `10.0.0.0/8`.")
}

/// Base64 with padding, as JSON carries bytes.
///
/// Source: RFC 4648 §4, as Go's `encoding/json` reads `[]byte`.
pub fn base64(text: &str) -> Result<(), Flaw> {
    let digits = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(digits.len());
    let alphabet = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/');
    ensure(
        text.len().is_multiple_of(4) && padding <= 2 && digits.bytes().all(alphabet),
        "is not base64",
        "Encode the bytes as base64 with padding, on one line.",
    )
}
