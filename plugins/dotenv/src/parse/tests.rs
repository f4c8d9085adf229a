//! What files say, by their smallest examples.

use proptest::prelude::*;

use super::{Item, Piece, parse};

/// Key and value of each setting; variables as they stand in the file.
fn settings(text: &str) -> Vec<(String, Option<String>)> {
    let plain = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Variable(variable) => format!("<{}>", variable.raw),
    };
    let each = parse(text).into_iter().filter_map(|it| match it.item {
        Item::Setting { key, value, .. } => {
            let value = value.map(|it| it.pieces.iter().map(plain).collect::<String>());
            Some((key.to_owned(), value))
        }
        _ => None,
    });
    each.collect()
}

fn value(text: &str) -> String {
    let mut settings = settings(text);
    assert_eq!(settings.len(), 1, "{text}");
    settings.remove(0).1.unwrap_or_else(|| "nothing".into())
}

#[test]
fn values_are_read_as_dotenv_reads_them() {
    for (text, expected) in [
        ("A=b", "b"),
        ("A = b ", "b"),
        ("A=", ""),
        ("A=b # c", "b"),
        ("A=b#c", "b#c"),
        ("A=# c", ""),
        ("A=b c", "b c"),
        ("A=b\r\n", "b"),
        ("A='b # c'", "b # c"),
        ("A='b\\n$C'", "b\\n$C"),
        ("A=`\"b'`", "\"b'"),
        ("A=\"b\\nc\\\"\\\\\" # d", "b\nc\"\\"),
        ("A=\"b\nc\"", "b\nc"),
        ("A=\\n", "\\n"),
        ("A=\\$B", "$B"),
        ("A=5$", "5$"),
        ("A=$B/${C}/${D:-e f}/${E-}", "<$B>/<${C}>/<${D:-e f}>/<${E-}>"),
        ("A=${B", "${B"),
        ("A=b=c", "b=c"),
        ("export A=b", "b"),
        ("export=b", "b"),
        ("A", "nothing"),
        (
            "A=-----BEGIN X-----\nMIIE\n-----END X-----\n",
            "-----BEGIN X-----\nMIIE\n-----END X-----\n",
        ),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_costs_its_own_line_only() {
    for bad in ["=b", "1A=b", "A B=c", "A='b", "A=\"b\" c", "ü=1", "A=-----BEGIN X"] {
        let text = format!("{bad}\nB=2");
        let statements = parse(&text);
        assert!(matches!(statements[0].item, Item::Unreadable(_)), "{bad}: {statements:?}");
        assert_eq!(settings(&text), [("B".to_owned(), Some("2".to_owned()))], "{bad}");
    }
}

#[test]
fn places_are_lines_and_columns() {
    let statements = parse("# c\n\n  A=\"x\ny\"\nB=1");
    let places: Vec<_> = statements.iter().map(|it| (it.line, it.column, it.last_line)).collect();
    assert_eq!(places, [(1, 1, 1), (3, 3, 4), (5, 1, 5)]);
}

proptest! {
    #[test]
    fn every_line_that_says_something_is_read_once(text in "[A=\"'`#$\\\\{}\\n \u{e9}-]{0,80}") {
        let statements = parse(&text);
        for (index, line) in text.split('\n').enumerate() {
            let number = u32::try_from(index + 1).unwrap();
            let mine = statements.iter().filter(|it| (it.line..=it.last_line).contains(&number));
            let count = mine.count();
            prop_assert!(count <= 1, "line {number} is read {count} times");
            prop_assert!(count == 1 || line.trim().is_empty(), "line {number} is not read");
        }
    }

    #[test]
    fn what_is_quoted_comes_back(text in any::<String>()) {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        prop_assert_eq!(value(&format!("A=\"{escaped}\"")), text);
    }
}
