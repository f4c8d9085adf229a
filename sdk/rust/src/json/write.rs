//! Writing, canonical: sorted keys, no white space.

use std::fmt::Write;

use super::{Json, Object};

/// Enough for most answers, so that the text is not moved while it grows.
const EXPECTED_BYTES: usize = 2048;

impl Json<'_> {
    /// The value as canonical JSON text.
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(EXPECTED_BYTES);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(true) => out.push_str("true"),
            Json::Bool(false) => out.push_str("false"),
            Json::Int(number) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{number}");
            }
            Json::Float(number) => match serde_json::to_string(number) {
                Ok(text) => out.push_str(&text),
                Err(_) => out.push_str("null"),
            },
            Json::Text(text) => write_text(text, out),
            Json::List(items) => write_list(items, out),
            Json::Object(object) => object.write(out),
        }
    }
}

impl Object<'_> {
    /// The object as canonical JSON text.
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(EXPECTED_BYTES);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push('{');
        for (index, (key, value)) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_text(key, out);
            out.push(':');
            value.write(out);
        }
        out.push('}');
    }
}

fn write_list(items: &[Json<'_>], out: &mut String) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        item.write(out);
    }
    out.push(']');
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    // Runs without anything to escape are copied whole.
    let mut rest = text;
    while let Some((clean, tail)) = split_at_escape(rest) {
        out.push_str(clean);
        let mut characters = tail.chars();
        if let Some(character) = characters.next() {
            write_escape(character, out);
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// What is before the first character to escape, and the rest.
fn split_at_escape(text: &str) -> Option<(&str, &str)> {
    let index = text.bytes().position(needs_escape)?;
    // `split_at` would bring the tables that a panic prints a text with.
    text.split_at_checked(index)
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escape(character: char, out: &mut String) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        other => {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(other));
        }
    }
}
