//! Values of other kinds: paths, hosts, address ranges, encodings.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Flaw, dns_subdomain, ensure, holds};

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

/// A path of a URL, as routes match it.
///
/// Source: `networking/validation.validateHTTPIngressPath`, for paths that
/// are no expressions of a controller's own.
pub fn http_path(text: &str) -> Result<(), Flaw> {
    let odd = ["//", "/./", "/../", "%2f", "%2F"].iter().any(|it| holds(text, it));
    let climbs = text.ends_with("/..") || text.ends_with("/.");
    ensure(
        text.starts_with('/') && !odd && !climbs && !text.contains(char::is_whitespace),
        "is not a path of a URL",
        "Write a path that starts with `/` and holds no `//`, `.` or `..` steps.",
    )
}

/// A host name that requests are matched by; its first label may be `*`.
///
/// Source: `networking/validation.validateIngressRules`.
pub fn host(text: &str) -> Result<(), Flaw> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_address = text.parse::<Ipv4Addr>().is_ok();
    ensure(
        dns_subdomain(name).is_ok() && !is_address,
        "is not a host name",
        "Write a name such as `shop.example.com` or `*.example.com`, without scheme, port or path.",
    )
}

/// An IP address, version 4 or 6.
///
/// Source: RFC 791 and RFC 4291, as `netutils.ParseIPSloppy` reads them.
pub fn address(text: &str) -> Result<(), Flaw> {
    let holds = text.parse::<Ipv4Addr>().is_ok() || text.parse::<Ipv6Addr>().is_ok();
    ensure(holds, "is not an IP address", "Write an address such as `10.0.0.1`.")
}

/// A share of all: `25%`.
///
/// Source: `apimachinery/pkg/util/validation.IsValidPercent`, and at most all.
pub fn percentage(text: &str) -> Result<(), Flaw> {
    let number = text.strip_suffix('%').unwrap_or_default();
    let digits = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    let holds = digits && number.parse::<u8>().is_ok_and(|it| it <= 100);
    ensure(holds, "is not a percentage", "Write a number from 0 to 100 and `%`.")
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

/// Whether a range of addresses is a smaller part of another one; `None` when
/// one of the two is no range.
pub fn lies_within(part: &str, whole: &str) -> Option<bool> {
    let (part, part_bits, part_is_v4) = range(part)?;
    let (whole, whole_bits, whole_is_v4) = range(whole)?;
    let shift = 128_u32.checked_sub(whole_bits)?;
    let prefix = |it: u128| it.checked_shr(shift).unwrap_or_default();
    Some(part_is_v4 == whole_is_v4 && part_bits > whole_bits && prefix(part) == prefix(whole))
}

/// The first 128 bits of a range's address, its prefix length, and whether it
/// is of version 4.
fn range(text: &str) -> Option<(u128, u32, bool)> {
    cidr(text).ok()?;
    let (address, bits) = text.split_once('/')?;
    let bits = bits.parse().ok()?;
    if let Ok(v4) = address.parse::<Ipv4Addr>() {
        return Some((u128::from(v4.to_bits()).checked_shl(96)?, bits, true));
    }
    Some((address.parse::<Ipv6Addr>().ok()?.to_bits(), bits, false))
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
