//! Sources in memory, and drawings that stay within what was given.

use super::{Drawing, Files, ReadError, Source, Tree};
use crate::{Failure, Object};

#[test]
fn a_tree_reads_like_the_host() {
    let tree = Tree::new().with("b/x", "12345").with("a", "");
    let paths: Vec<_> = tree.list().entries.into_iter().map(|it| (it.path, it.size)).collect();
    assert_eq!(paths, [("a".to_owned(), 0), ("b/x".to_owned(), 5)]);
    assert_eq!(tree.read("b/x", 3, 10).unwrap(), b"45");
    assert_eq!(tree.read("b/x", 9, 10).unwrap(), b"");
    assert_eq!(tree.read("c", 0, 1), Err(ReadError::Missing));
}

#[test]
fn texts_of_any_size_are_read_whole() {
    let long = "x".repeat((1 << 20) + 7);
    let tree = Tree::new().with("mark", "\u{feff}a=1").with("long", long.clone());
    let source = Source::new(&tree);
    assert_eq!(source.text("mark").unwrap(), "a=1");
    assert_eq!(source.text("long").unwrap(), long);
}

#[test]
fn a_text_that_cannot_be_read_is_the_users_to_mend() {
    let tree = Tree::new().with("latin", vec![0xe9_u8]);
    for (path, code) in [("latin", "source.encoding"), ("none", "source.missing")] {
        let Err(Failure::InvalidInput(findings)) = Source::new(&tree).text(path) else {
            panic!("{path} was read");
        };
        assert_eq!(findings[0].code, code);
    }
}

#[test]
fn more_nodes_than_ids_says_how_many_are_needed() {
    let mut drawing = Drawing::new("test", vec!["a".into()]);
    assert_eq!(drawing.node("configmap", &Object::new(), None), "a");
    drawing.node("secret", &Object::new(), None);
    drawing.node("secret", &Object::new(), None);
    let Err(Failure::Unsupported(text)) = drawing.finish() else { panic!("it was accepted") };
    assert_eq!(text, "the source needs 3 nodes, and 1 may be drawn");
}
