//! Pointers and codes.

use super::Place;

#[test]
fn a_pointer_escapes_what_a_user_typed() {
    let labels = Place::ROOT.field("labels");
    assert_eq!(labels.key("a/b~c").pointer(), "/labels/a~1b~0c");
}

#[test]
fn a_code_holds_only_field_names() {
    let mounts = Place::ROOT.field("volumeMounts");
    let mount = mounts.item(3);
    assert_eq!(mount.field("mountPath").code(), "volumeMounts.mountPath");
    assert_eq!(mount.field("mountPath").pointer(), "/volumeMounts/3/mountPath");
}

#[test]
fn the_root_is_the_empty_pointer() {
    assert_eq!(Place::ROOT.pointer(), "");
}
