//! A text file, and its code without comments and literals.

use std::path::PathBuf;

use super::Finding;

/// One file that is checked.
pub(super) struct Source {
    /// Where it is, relative to the checkout.
    pub(super) path: PathBuf,
    /// What it says.
    pub(super) text: String,
}

/// What to keep when blanking Rust code.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Keep {
    /// Code only.
    Code,
    /// Code and what is in string literals.
    CodeAndStrings,
}

impl Source {
    pub(super) fn new(path: PathBuf, text: String) -> Self {
        Self { path, text }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|ending| ending == "rs")
    }

    /// Whether it is test code: a `tests.rs`, or anything in a folder `tests`.
    pub(super) fn is_test(&self) -> bool {
        let in_tests = self.path.components().any(|part| part.as_os_str() == "tests");
        in_tests || self.path.file_name().is_some_and(|name| name == "tests.rs")
    }

    /// A finding in this file.
    pub(super) fn finding(&self, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, message: message.into() }
    }

    /// The text with everything else replaced by spaces; lines stay lines.
    pub(super) fn blanked(&self, keep: Keep) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut rest = self.text.as_str();
        let mut before = ' ';
        while let Some(first) = rest.chars().next() {
            let (length, kept) = match token(rest, before) {
                Token::Comment(length) => (length, false),
                Token::Text(length) => (length, keep == Keep::CodeAndStrings),
                Token::Code => (first.len_utf8(), true),
            };
            let (part, after) = rest.split_at(length.min(rest.len()));
            if kept {
                out.push_str(part);
            } else {
                out.extend(part.chars().map(|it| if it == '\n' { '\n' } else { ' ' }));
            }
            before = part.chars().next_back().unwrap_or(' ');
            rest = after;
        }
        out
    }
}

enum Token {
    /// A comment of so many bytes.
    Comment(usize),
    /// A string, byte string or character literal of so many bytes.
    Text(usize),
    /// One character of code.
    Code,
}

fn token(rest: &str, before: char) -> Token {
    if rest.starts_with("//") {
        return Token::Comment(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Token::Comment(block_comment(rest));
    }
    if rest.starts_with('"') {
        return Token::Text(string(rest));
    }
    let in_word = before.is_alphanumeric() || before == '_';
    if !in_word && let Some(length) = raw_string(rest) {
        return Token::Text(length);
    }
    match character(rest) {
        Some(length) => Token::Text(length),
        None => Token::Code,
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, `br"…"`; not `r#match`.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.chars().take_while(|it| *it == '#').count();
    after.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let open = rest.len() - after.len() + hashes + 1;
    let length = rest.get(open..)?.find(&end).map(|at| open + at + end.len());
    Some(length.unwrap_or(rest.len()))
}

/// `'x'` or `'\n'`, but not the lifetime `'a`.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    if first == '\\' {
        // Past the escaped character, which may be a quote itself.
        return inside.get(2..)?.find('\'').map(|at| at + 4);
    }
    inside.get(first.len_utf8()..)?.starts_with('\'').then_some(first.len_utf8() + 2)
}
