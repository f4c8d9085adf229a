//! Shapes of answers.

use super::{answers::object, shape::is_object};

#[test]
fn only_whole_objects_are_objects() {
    for good in ["{}", " {\"a\":[1,2.5,null,true,\"x\"]} ", "{\"a\":{\"b\":{}}}"] {
        assert!(is_object(good), "{good}");
    }
    for bad in ["", "[]", "{", "{}{}", "null", "{\"a\":}", "{\"a\":1,}"] {
        assert!(!is_object(bad), "{bad}");
    }
}

#[test]
fn an_object_nested_without_end_is_refused() {
    let deep = format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000));

    assert!(object("it", deep).is_err());
}
