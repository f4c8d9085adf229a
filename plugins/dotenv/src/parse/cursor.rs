//! A place in a text, and the ways to move on from it.

/// Walks over a text and counts its lines. `\r` counts as white space.
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    line: u32,
    line_start: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, line_start: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Line and column, counted from 1.
    pub(super) fn place(&self) -> (u32, u32) {
        let before = self.text.get(self.line_start..self.at).unwrap_or_default();
        (self.line, u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// Goes over one character.
    pub(super) fn advance(&mut self) {
        let Some(character) = self.peek() else { return };
        self.at += character.len_utf8();
        if character == '\n' {
            self.line = self.line.saturating_add(1);
            self.line_start = self.at;
        }
    }

    fn skip_while(&mut self, skips: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&skips) {
            self.advance();
        }
    }

    /// Goes over white space on this line.
    pub(super) fn skip_spaces(&mut self) {
        self.skip_while(|it| it != '\n' && it.is_whitespace());
    }

    /// Goes over white space and empty lines.
    pub(super) fn skip_white_space(&mut self) {
        self.skip_while(char::is_whitespace);
    }

    /// Goes to the end of the line.
    pub(super) fn skip_line(&mut self) {
        self.skip_while(|it| it != '\n');
    }

    /// Takes everything up to `=` or white space.
    pub(super) fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|it: char| it == '=' || it.is_whitespace()).unwrap_or(rest.len());
        self.take(end)
    }

    /// Takes what is left of the line, without a comment and without white
    /// space around it.
    pub(super) fn bare(&mut self) -> &'t str {
        let line = self.rest().split('\n').next().unwrap_or_default();
        let mut end = line.len();
        let mut is_behind_space = true;
        for (index, character) in line.char_indices() {
            if character == '#' && is_behind_space {
                end = index;
                break;
            }
            is_behind_space = character.is_whitespace();
        }
        self.take(end).trim()
    }

    /// Takes a quoted text, over several lines if need be; stays where it is if
    /// the closing quote is missing. In double quotes `\"` does not close.
    pub(super) fn quoted(&mut self, quote: char) -> Option<&'t str> {
        let inner = self.rest().strip_prefix(quote)?;
        let mut is_escaped = false;
        let end = inner.char_indices().find_map(|(index, character)| {
            if character == quote && !is_escaped {
                return Some(index);
            }
            is_escaped = quote == '"' && character == '\\' && !is_escaped;
            None
        })?;
        let text = inner.get(..end)?;
        self.take(end.saturating_add(2));
        Some(text)
    }

    /// Takes a PEM block up to and with its `END` line; lines end with `\n`.
    pub(super) fn pem(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest.find("-----END ")?;
        let last = rest.get(end..)?.split('\n').next()?;
        let block = self.take(end.saturating_add(last.len()));
        let mut lines: Vec<&str> = block.lines().map(str::trim).collect();
        lines.push("");
        Some(lines.join("\n"))
    }

    /// Takes so many bytes, which end between characters.
    fn take(&mut self, bytes: usize) -> &'t str {
        let taken = self.rest().get(..bytes).unwrap_or_default();
        self.at += taken.len();
        for (index, _) in taken.match_indices('\n') {
            self.line = self.line.saturating_add(1);
            self.line_start = self.at - taken.len() + index + 1;
        }
        taken
    }
}
