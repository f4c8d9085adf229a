//! Texts that somebody else wrote, on their way into our sentences.

/// So much of a text is enough to know it again.
const MOST: usize = 120;

/// At most 120 characters of a foreign text, without those that would break or
/// turn around the sentence it stands in: control characters, and the marks of
/// direction and of nothing at all (Unicode TR36 §2.10).
pub fn shown(text: &str) -> String {
    text.chars().filter(|it| !is_hidden(*it)).take(MOST).collect()
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_left_out() {
        assert_eq!(shown("a\u{202e}b\n\0c\u{200b}ü"), "abcü");
        assert_eq!(shown(&"ü".repeat(200)).chars().count(), MOST);
    }
}
