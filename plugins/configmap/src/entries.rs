//! A `ConfigMap`'s entries.

use bowsprit_plugin_sdk::{Fields, Json, Node, Object, Report, json, quoted, rules};

/// Keys and values of all entries together, in bytes.
///
/// Source: `core/v1.MaxSecretSize`, which holds for `ConfigMap`s as well.
const MOST_BYTES: usize = 1024 * 1024;

/// What the map holds.
#[derive(Debug, Default)]
pub(crate) struct Entries<'a> {
    /// Texts, exactly as they were entered.
    pub(crate) texts: Object<'a>,
    /// Bytes, as base64.
    pub(crate) binaries: Object<'a>,
}

/// Reads `data` and `binaryData`.
pub(crate) fn read<'a>(fields: &Fields<'a, '_>, report: &mut Report) -> Entries<'a> {
    let texts = fields.map_by("data", rules::config_key, rules::anything, report);
    let binaries = fields.map_by("binaryData", rules::config_key, rules::base64, report);
    let place = fields.place().field("binaryData");
    for (key, _) in &binaries {
        if texts.iter().any(|(other, _)| other == key) {
            let message = format!("{} is in `data` and in `binaryData`.", quoted(key));
            report.error("binaryData.taken", message).at(place.key(key).pointer());
        }
    }
    let bytes: usize = texts.iter().chain(&binaries).map(|(k, v)| k.len() + v.len()).sum();
    if bytes > MOST_BYTES {
        report
            .error("data.size", "The entries are larger than 1 MiB together.")
            .at("/data")
            .suggest("Put large files into a volume.");
    }
    if texts.is_empty() && binaries.is_empty() && !report.has_errors() {
        report
            .warning("data.empty", "It has no entries.")
            .at("/data")
            .suggest("Add a key and a value.");
    }
    Entries { texts: texts.into_iter().collect(), binaries: binaries.into_iter().collect() }
}

/// All keys, sorted.
pub(crate) fn keys<'a>(node: &'a Node<'_>) -> Vec<Json<'a>> {
    let fields = node.fields();
    let texts = fields.map("data").unwrap_or_default();
    let binaries = fields.map("binaryData").unwrap_or_default();
    json::sorted(texts.iter().chain(&binaries).map(|(key, _)| *key))
}

/// A short text that changes when an entry does, so that workloads which read
/// the entries only at their start can start anew. Nothing secret is in it and
/// nobody gains by a collision, hence a hash as plain as FNV-1a (64 bits).
pub(crate) fn digest(node: &Node<'_>) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash = OFFSET;
    for field in ["binaryData", "data"] {
        let Some(Json::Object(entries)) = node.data.get(field) else { continue };
        for byte in field.bytes().chain(entries.to_text().bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }
    format!("{hash:016x}")
}
