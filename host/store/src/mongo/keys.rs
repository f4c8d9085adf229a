//! Body keys as BSON field names, and back.
//!
//! BSON cannot hold a zero byte in a name, updates read a dot as a path and a
//! leading dollar as an operator, and three names on top are ours. Such
//! characters are written as a percent sign and two hex digits; so is the
//! percent sign itself, which makes it reversible. An empty key, which updates
//! refuse, is a lone percent sign.

use std::borrow::Cow;

use mongodb::bson::raw::CString;

/// Field names on top that are not body keys.
pub(super) const ID: &str = "_id";
/// See [`ID`].
pub(super) const REVISION: &str = "revision";
/// See [`ID`].
pub(super) const PAYLOAD: &str = "payload";

const EMPTY: &str = "%";

/// The field name of a key of the body itself.
pub(super) fn top(key: &str) -> Cow<'_, str> {
    match key {
        ID | REVISION | PAYLOAD => Cow::Owned(with_first_escaped(key)),
        _ => nested(key),
    }
}

/// The field name of a key further down.
pub(super) fn nested(key: &str) -> Cow<'_, str> {
    if key.is_empty() {
        return Cow::Borrowed(EMPTY);
    }
    if !key.starts_with('$') && !key.contains(['.', '%', '\0']) {
        return Cow::Borrowed(key);
    }
    let mut name = String::with_capacity(key.len() + 8);
    for (at, c) in key.char_indices() {
        match c {
            '$' if at == 0 => name.push_str("%24"),
            '%' => name.push_str("%25"),
            '.' => name.push_str("%2E"),
            '\0' => name.push_str("%00"),
            other => name.push(other),
        }
    }
    Cow::Owned(name)
}

/// The key that was written as `name`. A percent sign that does not start an
/// escape stands for itself: somebody else wrote it.
pub(super) fn key(name: &str) -> Cow<'_, str> {
    if name == EMPTY {
        return Cow::Borrowed("");
    }
    let Some((before, mut rest)) = name.split_once('%') else { return Cow::Borrowed(name) };
    let mut key = before.to_owned();
    loop {
        match escaped(rest) {
            Some((c, after)) => {
                key.push(c);
                rest = after;
            }
            None => key.push('%'),
        }
        let Some((before, after)) = rest.split_once('%') else { break };
        key.push_str(before);
        rest = after;
    }
    key.push_str(rest);
    Cow::Owned(key)
}

/// `name` without the check that [`nested`] and [`top`] make unnecessary.
pub(super) fn c_string(name: Cow<'_, str>) -> Result<CString, mongodb::bson::error::Error> {
    CString::try_from(name.into_owned())
}

fn with_first_escaped(key: &str) -> String {
    let mut chars = key.chars();
    let first = chars.next().map_or(0, u32::from);
    format!("%{first:02X}{}", chars.as_str())
}

fn escaped(rest: &str) -> Option<(char, &str)> {
    let (digits, after) = rest.split_at_checked(2)?;
    let upper = |c: char| c.is_ascii_digit() || ('A'..='F').contains(&c);
    if !digits.chars().all(upper) {
        return None;
    }
    let code = u8::from_str_radix(digits, 16).ok()?;
    code.is_ascii().then_some((char::from(code), after))
}
