//! Names of objects, labels, ports, variables and files.

use super::{Flaw, ensure, holds, is_framed, is_lower_alphanumeric};

const LABEL_LENGTH: usize = 63;
const SUBDOMAIN_LENGTH: usize = 253;

/// A DNS label: names of namespaces, containers and volumes.
///
/// Source: RFC 1123 as `apimachinery/pkg/util/validation.IsDNS1123Label`.
pub fn dns_label(text: &str) -> Result<(), Flaw> {
    ensure(
        text.len() <= LABEL_LENGTH && is_framed(text, is_lower_alphanumeric, |it| it == b'-'),
        "is not a valid name",
        "Use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends.",
    )
}

/// A DNS subdomain: names of most objects.
///
/// Source: RFC 1123 as `apimachinery/pkg/util/validation.IsDNS1123Subdomain`.
pub fn dns_subdomain(text: &str) -> Result<(), Flaw> {
    let labels_hold = || text.split('.').all(|it| is_framed(it, is_lower_alphanumeric, is_hyphen));
    ensure(
        text.len() <= SUBDOMAIN_LENGTH && labels_hold(),
        "is not a valid object name",
        "Use lower-case letters, digits, `-` and `.`, with a letter or digit at both ends and around each `.`.",
    )
}

/// A Service's name, which becomes part of host names.
///
/// Source: RFC 1035 as `apimachinery/pkg/util/validation.IsDNS1035Label`.
pub fn service_name(text: &str) -> Result<(), Flaw> {
    let starts_with_letter = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    ensure(
        starts_with_letter && dns_label(text).is_ok(),
        "is not a valid Service name",
        "Use at most 63 lower-case letters, digits and `-`, starting with a letter and not ending with `-`.",
    )
}

/// A label's key: an optional DNS subdomain, `/`, and a name.
///
/// Source: `apimachinery/pkg/util/validation.IsQualifiedName`.
pub fn label_key(text: &str) -> Result<(), Flaw> {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    ensure(
        prefix.is_none_or(|it| dns_subdomain(it).is_ok()) && is_label_word(name),
        "is not a valid key",
        "Use at most 63 letters, digits, `-`, `_` and `.`, optionally after a domain name and `/`.",
    )
}

/// An annotation's key: a label's key in any case.
///
/// Source: `apimachinery/pkg/api/validation.ValidateAnnotations`.
pub fn annotation_key(text: &str) -> Result<(), Flaw> {
    // Whole tables of letters for the sake of the few outside ASCII, none of
    // which is allowed, would be in every component.
    label_key(&text.to_ascii_lowercase())
}

/// A label's value; may be empty.
///
/// Source: `apimachinery/pkg/util/validation.IsValidLabelValue`.
pub fn label_value(text: &str) -> Result<(), Flaw> {
    ensure(
        text.is_empty() || is_label_word(text),
        "is not a valid label value",
        "Use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends.",
    )
}

/// The name of a port of a container or Service.
///
/// Source: RFC 6335 as `apimachinery/pkg/util/validation.IsValidPortName`.
pub fn port_name(text: &str) -> Result<(), Flaw> {
    let form = text.len() <= 15 && is_framed(text, is_lower_alphanumeric, is_hyphen);
    let has_letter = text.bytes().any(|it| it.is_ascii_lowercase());
    ensure(
        form && has_letter && !holds(text, "--"),
        "is not a valid port name",
        "Use at most 15 lower-case letters, digits and single `-`, among them a letter.",
    )
}

/// The name of an environment variable, as every supported version of the
/// server accepts it (newer ones accept more).
///
/// Source: `apimachinery/pkg/util/validation.IsEnvVarName`.
pub fn env_name(text: &str) -> Result<(), Flaw> {
    let starts_well = text.as_bytes().first().is_some_and(|it| !it.is_ascii_digit());
    let is_dots = matches!(text, "." | "..") || text.starts_with("..");
    ensure(
        starts_well && text.bytes().all(is_word) && !is_dots,
        "is not a valid name of an environment variable",
        "Use letters, digits, `_`, `-` and `.`, not starting with a digit.",
    )
}

/// A key of a `ConfigMap` or Secret, which becomes a file name.
///
/// Source: `apimachinery/pkg/util/validation.IsConfigMapKey`.
pub fn config_key(text: &str) -> Result<(), Flaw> {
    let form = !text.is_empty() && text.len() <= SUBDOMAIN_LENGTH && text.bytes().all(is_word);
    ensure(
        form && text != "." && !text.starts_with(".."),
        "is not a valid key",
        "Use at most 253 letters, digits, `-`, `_` and `.`, not starting with `..`.",
    )
}

/// At most 63 of `[A-Za-z0-9_.-]`, alphanumeric at both ends.
fn is_label_word(text: &str) -> bool {
    text.len() <= LABEL_LENGTH && is_framed(text, |it| it.is_ascii_alphanumeric(), is_word)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn is_hyphen(byte: u8) -> bool {
    byte == b'-'
}
