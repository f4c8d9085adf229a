//! The rules a text field can follow, by the words a file uses.

use bowsprit_plugin_sdk::rules::{self, Flaw, Rule};

use crate::number;

/// Every rule.
pub(super) const RULES: [(&str, Rule); 20] = [
    ("any", rules::anything),
    ("annotation-key", rules::annotation_key),
    ("base64", rules::base64),
    ("cidr", rules::cidr),
    ("config-key", rules::config_key),
    ("dns-label", rules::dns_label),
    ("dns-subdomain", rules::dns_subdomain),
    ("duration", duration),
    ("env-name", rules::env_name),
    ("host-name", host_name),
    ("image", rules::image),
    ("label-key", rules::label_key),
    ("label-value", rules::label_value),
    ("mount-path", rules::mount_path),
    ("path-segment", path_segment),
    ("port-name", rules::port_name),
    ("quantity", rules::quantity),
    ("service-name", rules::service_name),
    ("sub-path", rules::sub_path),
    ("url-path", url_path),
];

/// A span of time as Go writes it: `90s`, `1h30m`.
///
/// Source: Go's `time.ParseDuration`, without signs.
fn duration(text: &str) -> Result<(), Flaw> {
    let mut rest = text;
    let mut parts = 0_usize;
    while !rest.is_empty() {
        let unit = rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
        let count = rest.strip_suffix(unit).unwrap_or_default();
        let units = ["ms", "us", "ns", "h", "m", "s"];
        let after = units.iter().find_map(|it| unit.strip_prefix(it));
        let (Some(after), Some(_)) = (after, number::read(count)) else { break };
        rest = after;
        parts = parts.saturating_add(1);
    }
    ensure(
        rest.is_empty() && parts > 0,
        "is not a span of time",
        "Write numbers with a unit, such as `90s`, `15m` or `1h30m`.",
    )
}

/// A host's name, of which the first part may be `*`.
///
/// Source: `gateway.networking.k8s.io/v1.Hostname`.
fn host_name(text: &str) -> Result<(), Flaw> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    ensure(
        rules::dns_subdomain(name).is_ok(),
        "is not a host name",
        "Write a name such as `www.example.com` or `*.example.com`.",
    )
}

/// A name that is one segment of a path: names of RBAC objects.
///
/// Source: `apimachinery/pkg/api/validation/path.IsValidPathSegmentName`.
fn path_segment(text: &str) -> Result<(), Flaw> {
    let plain = !matches!(text, "" | "." | "..") && !text.contains(['/', '%']);
    ensure(
        plain && !text.contains(char::is_control) && text.len() <= 253,
        "is not a valid name",
        "Use a name without `/` and `%`.",
    )
}

/// The path of a URL.
///
/// Source: `gateway.networking.k8s.io/v1.HTTPPathMatch`.
fn url_path(text: &str) -> Result<(), Flaw> {
    let clean = text.bytes().all(|it| it.is_ascii_graphic()) && !text.contains(['?', '#']);
    let climbs = text.contains("//") || text.split('/').any(|it| matches!(it, "." | ".."));
    ensure(
        text.starts_with('/') && clean && !climbs && text.len() <= 1024,
        "is not a path",
        "Write a path that begins with `/`, without `//`, `..`, `?` and `#`.",
    )
}

fn ensure(holds: bool, problem: &'static str, hint: &'static str) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(Flaw { problem, hint }) }
}
