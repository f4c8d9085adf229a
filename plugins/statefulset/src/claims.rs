//! Storage each copy gets for itself.

use bowsprit_plugin_sdk::{Fields, Metadata, Node, Object, Report, quoted, rules};
use workload::{ClaimMount, access_modes};

/// What a volume looks like.
const MODES: [&str; 2] = ["Filesystem", "Block"];

/// The mounts of the claim templates, and the templates.
pub(crate) fn read<'a>(
    node: &'a Node<'_>,
    metadata: &Metadata<'a>,
    report: &mut Report,
) -> (Vec<ClaimMount>, Vec<Object<'a>>) {
    let (mut mounts, mut templates): (Vec<ClaimMount>, Vec<Object<'a>>) = (Vec::new(), Vec::new());
    node.fields().each("volumeClaimTemplates", report, |entry, report| {
        let name = report.optional(entry.text_by("name", rules::dns_label));
        let name = name.unwrap_or("data".into());
        if mounts.iter().any(|it| it.volume == name) {
            let message = format!("Two claims are called {}.", quoted(&name));
            report
                .error("volumeClaimTemplates.name.taken", message)
                .at(entry.pointer("name"))
                .suggest("Give each claim a name of its own.");
            return;
        }
        let path = report.optional(entry.text_by("mountPath", rules::mount_path));
        let path = path.map_or_else(|| format!("/data/{name}"), Into::into);
        if mounts.iter().any(|it| it.path == path) {
            report
                .error(
                    "volumeClaimTemplates.mountPath.taken",
                    "Two claims are mounted at the same path.",
                )
                .at(entry.pointer("mountPath"))
                .suggest("Give each claim a path of its own.");
        }
        let is_block = report.optional(entry.choice("volumeMode", &MODES)) == Some("Block");
        mounts.push(ClaimMount { volume: name.to_string(), path, is_block });
        // Labels of claim templates are immutable: only those that do not
        // change belong there.
        let object = Object::new().with("labels", metadata.stable_labels()).with("name", name);
        let spec = spec(&entry, report);
        templates.push(Object::new().with("metadata", object).with("spec", spec));
    });
    (mounts, templates)
}

fn spec<'a>(entry: &Fields<'a, '_>, report: &mut Report) -> Object<'a> {
    let storage = report.required(entry.required_text_by("storage", rules::quantity));
    let requests = Object::new().with_some("storage", storage);
    let modes = report.required(access_modes(entry)).unwrap_or_default();
    let class = report.optional(entry.text_by("storageClassName", rules::dns_subdomain));
    let mode = entry.choice("volumeMode", &MODES).ok().flatten();
    Object::new()
        .with("accessModes", modes)
        .with("resources", Object::new().with("requests", requests))
        .with_some("storageClassName", class)
        .with_some("volumeMode", mode)
}
