//! Functions that are too long to be read at once.

use super::Finding;
use super::source::{Keep, Source};

/// The most lines a function may have, from `fn` to its last brace.
const LINES: usize = 60;

/// The functions of a file that are longer than that. Tests are exempt: a
/// story may be long.
pub(super) fn too_long(source: &Source) -> Vec<Finding> {
    if !source.is_rust() || source.is_test() {
        return Vec::new();
    }
    let code = source.blanked(Keep::Code);
    let code = code.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let long = functions(code).into_iter().filter(|function| function.lines > LINES);
    long.map(|function| {
        let Function { name, line, lines } = function;
        source.finding(line, format!("`{name}` has {lines} lines; the limit is {LINES}"))
    })
    .collect()
}

struct Function<'a> {
    name: &'a str,
    /// Where it starts, from 1.
    line: usize,
    /// How long it is.
    lines: usize,
}

/// All functions with a body, in blanked code.
fn functions(code: &str) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let before = code.get(..at).unwrap_or_default();
        let after = code.get(at + 3..).unwrap_or_default();
        let in_word = before.ends_with(|it: char| it.is_alphanumeric() || it == '_');
        let end = after.find(|it: char| !(it.is_alphanumeric() || it == '_'));
        let name = after.get(..end.unwrap_or(after.len())).unwrap_or_default();
        if in_word || name.is_empty() {
            continue;
        }
        if let Some(body) = body(after) {
            let lines = body.matches('\n').count() + 1;
            found.push(Function { name, line: before.matches('\n').count() + 1, lines });
        }
    }
    found
}

/// From a function's name to the brace that closes its body; nothing for a
/// declaration.
fn body(after: &str) -> Option<&str> {
    let (mut round, mut curly) = (0_i32, 0_i32);
    for (at, letter) in after.char_indices() {
        match letter {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            ';' if round == 0 && curly == 0 => return None,
            '{' => curly += 1,
            '}' => {
                curly -= 1;
                if curly == 0 && round == 0 {
                    return after.get(..=at);
                }
            }
            _ => {}
        }
    }
    None
}
