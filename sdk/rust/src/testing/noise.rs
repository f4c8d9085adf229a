//! Arbitrary JSON for property tests, without a dependency.

use serde_json::{Map, Value, json};

/// Texts that have broken one parser or another.
const TEXTS: [&str; 14] = [
    "",
    " ",
    "80",
    "-1",
    "1e9",
    "true",
    "null",
    "a/b",
    "{{ .x }}",
    "\"}],\n- kind: Secret",
    "\u{0}",
    "ä\u{202e}",
    "_new_1",
    "$vault",
];

/// Keys that mean something somewhere in a node or a Kubernetes object.
const KEYS: [&str; 26] = [
    "name",
    "type",
    "mountPath",
    "port",
    "ports",
    "targetPort",
    "value",
    "valueFrom",
    "kind",
    "status",
    "spec",
    "metadata",
    "conditions",
    "containerStatuses",
    "state",
    "waiting",
    "reason",
    "replicas",
    "provides",
    "selector",
    "keys",
    "claim",
    "$vault",
    "cpu",
    "storage",
    "accessModes",
];

/// A JSON value that only depends on `seed`: any type, up to five levels deep.
pub fn noise(seed: u64) -> Value {
    Noise(seed).value(5)
}

/// A text that only depends on `seed`: one that has broken something, one that
/// may be a name, such a one with something in it, or any characters.
pub(super) fn text(seed: u64) -> String {
    let mut noise = Noise(seed);
    let mut word = |letters: &[u8]| -> String {
        let length = noise.below(20).saturating_add(1);
        (0..length).map(|_| char::from(letters[noise.below(letters.len())])).collect()
    };
    let name = word(b"abcxyz019");
    let rest = word(b"az09-./:@%_ *");
    match noise.below(4) {
        0 => noise.pick(&TEXTS).to_owned(),
        1 => name,
        2 => format!("{name}{}{rest}", noise.pick(&TEXTS)),
        _ => (0..noise.below(12)).filter_map(|_| noise.character()).collect(),
    }
}

/// The generator `SplitMix64`.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// Any character, more often one of the first few hundred.
    fn character(&mut self) -> Option<char> {
        let most = if self.below(2) == 0 { 0x180 } else { 0x11_0000 };
        char::from_u32(u32::try_from(self.below(most)).unwrap_or_default())
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }

    fn value(&mut self, depth: u8) -> Value {
        let Some(deeper) = depth.checked_sub(1) else { return Value::Null };
        match self.below(9) {
            0 => Value::Null,
            1 => json!(self.next().is_multiple_of(2)),
            2 => json!(self.next() % 70_000),
            3 => json!(i64::from_ne_bytes(self.next().to_ne_bytes())),
            // Short ones: longer ones may be read one bit off.
            4 => json!(f64::from(u16::try_from(self.next() % 65_536).unwrap_or(1)) / 8.0),
            5 => json!(self.pick(&TEXTS)),
            6 => (0..self.below(5)).map(|_| self.value(deeper)).collect(),
            _ => Value::Object(self.object(deeper)),
        }
    }

    fn object(&mut self, depth: u8) -> Map<String, Value> {
        let size = self.below(6);
        let member = |noise: &mut Self| {
            let key = match noise.below(4) {
                0 => noise.pick(&TEXTS),
                _ => noise.pick(&KEYS),
            };
            (key.to_owned(), noise.value(depth))
        };
        (0..size).map(|_| member(self)).collect()
    }
}
