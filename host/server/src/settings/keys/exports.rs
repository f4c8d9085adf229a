//! Settings of workflows' exports.

use super::{Key, Kind, number};

/// All of them.
pub(super) static KEYS: &[Key] = &[
    Key {
        name: "limits.export_bytes",
        kind: Kind::Number(1 << 10, 256 << 20),
        accepted: "a number of bytes from 1024 to 268435456",
        about: "bytes of a workflow's files for other tools (413 `request.too-large`)",
        default: || number(16 << 20),
    },
    Key {
        name: "limits.export_calls",
        kind: Kind::Number(0, 1_000_000),
        accepted: "a number from 0 to 1000000",
        about: "calls of plugins that find out what a Helm chart's values are; what is left then is no value",
        default: || number(20_000),
    },
];
