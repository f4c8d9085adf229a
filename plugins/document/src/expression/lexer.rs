//! From characters to tokens.

use bowsprit_plugin_sdk::quoted;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Text(String),
    Int(i64),
    Float(f64),
    Word(String),
    /// An operator or bracket.
    Sign(&'static str),
}

/// How texts are put together.
pub(crate) const JOIN: &str = "Write `join([…], \"\")` to put texts together";

/// Longer ones first, for `<=` begins with `<`.
const SIGNS: [&str; 22] = [
    "==", "!=", "<=", ">=", "&&", "||", "??", "<", ">", "!", "?", ":", "(", ")", "[", "]", ",",
    ".", "+", "-", "&", "|",
];

/// What cannot be part of an expression, and what to do about it.
type Refused = (String, String);

/// The tokens of `text`.
///
/// # Errors
///
/// What cannot be part of an expression, and how to put it right.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Refused> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '"' | '\'' => quotation(rest, first)?,
            it if it.is_ascii_digit() => number(rest)?,
            it if it.is_ascii_alphabetic() || it == '_' => word(rest),
            _ => sign(rest)?,
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

/// A text in single or double quotes; `\` takes the next character as it is,
/// but for `\n` and `\t`. Nothing is filled in here, so a `${` that is not
/// written as `\${` is a mistake.
fn quotation(text: &str, quote: char) -> Result<(Token, &str), Refused> {
    let mut out = String::new();
    let mut characters = text.chars();
    characters.next();
    loop {
        match characters.next() {
            None => {
                let problem = format!("the text that begins at {} has no end", quoted(text));
                return Err(corrected(problem));
            }
            Some(it) if it == quote => return Ok((Token::Text(out), characters.as_str())),
            Some('\\') => match characters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(it) => out.push(it),
                None => {}
            },
            Some('$') if characters.as_str().starts_with('{') => {
                let problem = "a `${` in a text in quotes stands for nothing".to_owned();
                return Err((problem, format!("{JOIN}, or `\\${{` for a plain `${{`.")));
            }
            Some(it) => out.push(it),
        }
    }
}

fn corrected(problem: String) -> Refused {
    (problem, "Correct the expression.".to_owned())
}

fn number(text: &str) -> Result<(Token, &str), Refused> {
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    let fraction = text
        .get(end..)
        .unwrap_or_default()
        .strip_prefix('.')
        .map_or(0, |it| it.find(|it: char| !it.is_ascii_digit()).unwrap_or(it.len()));
    let end = if fraction > 0 { end.saturating_add(1).saturating_add(fraction) } else { end };
    let (digits, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let token = if fraction > 0 {
        crate::number::read(digits).map(Token::Float)
    } else {
        digits.parse().ok().map(Token::Int)
    };
    token
        .map(|it| (it, rest))
        .ok_or_else(|| corrected(format!("{} is too large a number", quoted(digits))))
}

fn word(text: &str) -> (Token, &str) {
    let end = text.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
    let (word, rest) = text.split_at_checked(end.unwrap_or(text.len())).unwrap_or((text, ""));
    (Token::Word(word.to_owned()), rest)
}

fn sign(text: &str) -> Result<(Token, &str), Refused> {
    let found = SIGNS.iter().find_map(|it| Some((*it, text.strip_prefix(it)?)));
    match found {
        Some(("&" | "|", _)) => {
            Err(corrected("a single `&` or `|` has no meaning: write it twice".into()))
        }
        Some((sign, rest)) => Ok((Token::Sign(sign), rest)),
        None => {
            let character: String = text.chars().take(1).collect();
            Err(corrected(format!("{} has no meaning in an expression", quoted(&character))))
        }
    }
}
