//! References to container images.

use super::{Flaw, ensure, holds, is_framed, is_lower_alphanumeric};

/// A reference to a container image: registry, repository, tag and digest.
/// Whether it exists is for the registry to say.
///
/// Source: the grammar of `distribution/reference`, except that a digest may
/// be of any length.
pub fn image(text: &str) -> Result<(), Flaw> {
    let (rest, digest) = split(text, text.find('@'));
    // A colon before a slash belongs to the registry's port.
    let slash = rest.rfind('/').map_or(0, |it| it.saturating_add(1));
    let colon = rest.get(slash..).and_then(|it| it.find(':')).map(|it| it.saturating_add(slash));
    let (name, tag) = split(rest, colon);
    let parts = tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
    ensure(
        text.len() <= 512 && parts && is_name(name),
        "is not an image reference",
        "Write registry, repository and tag, the repository in lower case, such as `nginx:1.27` or `ghcr.io/acme/api:1.0`.",
    )
}

/// What is before and after the one byte at `at`.
fn split(text: &str, at: Option<usize>) -> (&str, Option<&str>) {
    let Some(at) = at else { return (text, None) };
    let before = text.get(..at).unwrap_or_default();
    (before, Some(text.get(at.saturating_add(1)..).unwrap_or_default()))
}

fn is_name(name: &str) -> bool {
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if is_registry(first) => (Some(first), rest),
        _ => (None, name),
    };
    let registry = registry.is_none_or(|it| {
        let (host, port) = split(it, it.rfind(':'));
        let digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
        let host = is_framed(host, |it| it.is_ascii_alphanumeric(), |it| matches!(it, b'-' | b'.'));
        host && port.is_none_or(digits)
    });
    registry && path.split('/').all(is_component)
}

/// A first part with a dot, a port or capitals is a registry's host.
fn is_registry(part: &str) -> bool {
    part == "localhost"
        || part.contains(['.', ':'])
        || part.bytes().any(|it| it.is_ascii_uppercase())
}

fn is_component(part: &str) -> bool {
    let inner = |it: u8| matches!(it, b'-' | b'_' | b'.');
    let doubled = ["..", "___", "._", "_.", "-.", ".-", "-_", "_-"];
    is_framed(part, is_lower_alphanumeric, inner) && !doubled.iter().any(|it| holds(part, it))
}

fn is_tag(tag: &str) -> bool {
    let starts_well = !tag.starts_with(['-', '.']);
    let word = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
    !tag.is_empty() && tag.len() <= 128 && starts_well && tag.bytes().all(word)
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hash)) = digest.split_once(':') else { return false };
    let word = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'.' | b'_' | b'-');
    let named = !algorithm.is_empty() && algorithm.bytes().all(word);
    named && !hash.is_empty() && hash.bytes().all(|it| it.is_ascii_hexdigit())
}
