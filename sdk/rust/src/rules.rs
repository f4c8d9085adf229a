//! Rules of Kubernetes that can be checked without a cluster.
//!
//! Each rule is a plain function from a text to its [`Flaw`], named for what
//! the text is, with the source of the rule in its documentation.

mod images;
mod names;
mod quantity;
mod schedule;
mod values;

#[cfg(test)]
mod tests;

pub use images::image;
pub use names::{
    annotation_key, config_key, dns_label, dns_subdomain, env_name, label_key, label_value,
    port_name, service_name,
};
pub use quantity::{compare, quantity};
pub use schedule::schedule;
pub use values::{
    address, base64, cidr, host, http_path, lies_within, mount_path, percentage, sub_path,
};

/// Why a text breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flaw {
    /// Completes "`text` …": `is not a valid port name`.
    pub problem: &'static str,
    /// What is allowed, as an instruction.
    pub hint: &'static str,
}

/// A rule for texts.
pub type Rule = fn(&str) -> Result<(), Flaw>;

/// No rule: every text follows it.
///
/// # Errors
///
/// None.
pub fn anything(_text: &str) -> Result<(), Flaw> {
    Ok(())
}

fn ensure(holds: bool, problem: &'static str, hint: &'static str) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(Flaw { problem, hint }) }
}

/// Whether `part` is somewhere in `text`. The search of `str::contains` is for
/// long texts, and 2 KB of code.
fn holds(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|it| it == part.as_bytes())
}

fn is_lower_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// `[edge]([inner]*[edge])?`: the form of most Kubernetes names.
fn is_framed(text: &str, edge: fn(u8) -> bool, inner: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let framed =
        bytes.first().copied().is_some_and(edge) && bytes.last().copied().is_some_and(edge);
    framed && bytes.iter().all(|byte| edge(*byte) || inner(*byte))
}
