//! What the canvas sends is read; what it cannot mean is pointed at.

use super::*;
use crate::rules;

fn read<T>(text: &str, check: impl Fn(&Fields<'_, '_>) -> T) -> T {
    let object = Object::parse(text).unwrap();
    check(&Fields::new(&object, Place::ROOT))
}

#[test]
fn a_number_may_arrive_as_text_and_an_emptied_box_as_null() {
    assert_eq!(read(r#"{"port":"80"}"#, |it| it.port("port")), Ok(Some(80)));
    assert_eq!(read(r#"{"port":80.0}"#, |it| it.port("port")), Ok(Some(80)));
    assert_eq!(read(r#"{"port":null}"#, |it| it.port("port")), Ok(None));
    assert_eq!(read(r#"{"port":""}"#, |it| it.port("port")), Ok(None));
}

#[test]
fn a_port_of_zero_is_out_of_range() {
    let invalid = read(r#"{"port":0}"#, |it| it.port("port")).unwrap_err();
    assert_eq!(invalid.pointer(), "/port");
    assert_eq!(invalid.0.code, "port.range");
    assert_eq!(invalid.to_string(), "`port` has to be a whole number from 1 to 65535, not 0.");
}

#[test]
fn a_text_is_trimmed_and_a_blank_one_absent() {
    assert_eq!(read(r#"{"a":" x "}"#, |it| it.text("a").unwrap().unwrap().into_owned()), "x");
    assert!(read(r#"{"a":"  "}"#, |it| it.text("a").unwrap().is_none()));
    let invalid = read("{}", |it| it.required_text("image").unwrap_err());
    assert_eq!(invalid.0.code, "image.missing");
}

#[test]
fn a_map_keeps_values_exactly_and_drops_unfilled_rows() {
    let entries = read(r#"{"data":{"_new_17":"","":"x","b":true,"a":" 1 ","n":null}}"#, |it| {
        let entries = it.map("data").unwrap();
        entries.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>()
    });
    assert_eq!(entries, ["a= 1 ", "b=true"]);
}

#[test]
fn every_bad_label_is_pointed_at_by_its_key() {
    let mut report = Report::new("t", "n");
    let object = Object::parse(r#"{"labels":{"a/b":"x y","c d":"","e":"f","g":[]}}"#).unwrap();
    let fields = Fields::new(&object, Place::ROOT);
    let kept = fields.map_by("labels", rules::label_key, rules::label_value, &mut report);
    assert_eq!(kept, [("e", "f".into())]);
    let found = report.into_findings().into_iter().map(|it| (it.code, it.at.unwrap_or_default()));
    let found: Vec<_> = found.map(|(code, at)| format!("{code} {at}")).collect();
    let expected = [
        "t.labels.invalid /labels/a~1b",
        "t.labels.invalid /labels/c d",
        "t.labels.type /labels/g",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_port_may_have_a_name() {
    let port = |text: &str| {
        read(text, |it| it.port_or_name("p").map(|it| it.map(|it| it.to_text())).ok().flatten())
    };
    assert_eq!(port(r#"{"p":"http"}"#).as_deref(), Some("\"http\""));
    assert_eq!(port(r#"{"p":"80"}"#).as_deref(), Some("80"));
    assert_eq!(port(r#"{"p":"-1"}"#), None);
    assert_eq!(port(r#"{"p":"Not One"}"#), None);
}

#[test]
fn a_choice_names_what_can_be_chosen() {
    let invalid = read(r#"{"t":"X"}"#, |it| it.choice("t", &["A", "B"]).unwrap_err());
    assert_eq!(invalid.0.suggestion.as_deref(), Some("Choose one of `A`, `B`."));
}

#[test]
fn one_bad_element_hides_no_other() {
    let mut report = Report::new("t", "n");
    let seen = read(r#"{"l":[{"p":1},7,null,{"p":0},{"p":2}]}"#, |it| {
        let mut seen = Vec::new();
        it.each("l", &mut Report::new("t", "n"), |item, report| {
            seen.extend(report.optional(item.port("p")));
        });
        it.each("l", &mut Report::new("t", "n"), |_, _| {});
        seen
    });
    assert_eq!(seen, [1, 2]);
    read(r#"{"l":[{"p":1},7,null,{"p":0}]}"#, |it| it.has("l"));
    let object = Object::parse(r#"{"l":[{"p":1},7,null,{"p":0}]}"#).unwrap();
    Fields::new(&object, Place::ROOT).each("l", &mut report, |item, report| {
        report.optional(item.port("p"));
    });
    let at: Vec<_> = report.into_findings().into_iter().filter_map(|it| it.at).collect();
    assert_eq!(at, ["/l/1", "/l/3/p"]);
}

#[test]
fn fields_of_an_inner_object_know_where_they_are() {
    let pointer = read(r#"{"resources":{"limits":{"cpu":"x"}}}"#, |it| {
        let resources = it.fields("resources").unwrap().unwrap();
        let limits = resources.fields("limits").unwrap().unwrap();
        limits.text_by("cpu", rules::quantity).unwrap_err().pointer().to_owned()
    });
    assert_eq!(pointer, "/resources/limits/cpu");
}

#[test]
fn a_flag_may_be_text() {
    assert_eq!(read(r#"{"f":"true"}"#, |it| it.flag("f")), Ok(Some(true)));
    assert!(read(r#"{"f":1}"#, |it| it.flag("f")).is_err());
}
