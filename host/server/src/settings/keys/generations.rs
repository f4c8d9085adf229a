//! Settings of the life of plugins' generations.

use super::{Key, Kind, number, text};

/// All of them.
pub(super) static KEYS: &[Key] = &[
    Key {
        name: "plugins.offered",
        kind: Kind::Word(&["everybody", "on-request"]),
        accepted: "`everybody` or `on-request`",
        about: "whose palette has the node types of plugins: everybody's, until somebody turns them off; or only that of people who turn them on, as it always is for plugins that say `opt-in`",
        default: || text("everybody"),
    },
    Key {
        name: "plugins.trust",
        kind: Kind::Word(&["nothing", "first", "everything"]),
        accepted: "`nothing`, `first` or `everything`",
        about: "what plugins of `plugins.dirs` are granted unasked: nothing; what they want when first seen; everything",
        default: || text("first"),
    },
    Key {
        name: "plugins.policy",
        kind: Kind::Word(&["swap", "hold-if-different", "hold-always"]),
        accepted: "`swap`, `hold-if-different` or `hold-always`",
        about: "when a plugin's new generation takes over, unless the plugin has a policy of its own",
        default: || text("swap"),
    },
    Key {
        name: "plugins.kept_generations",
        kind: Kind::Number(1, 100),
        accepted: "a number from 1 to 100",
        about: "earlier generations of a plugin kept for a rollback",
        default: || number(5),
    },
    Key {
        name: "plugins.compared_inputs",
        kind: Kind::Number(0, 10_000),
        accepted: "a number from 0 (nothing is compared) to 10000",
        about: "last inputs of a plugin on which its generations are compared",
        default: || number(128),
    },
    Key {
        name: "plugins.remembered_mib",
        kind: Kind::Number(0, 4096),
        accepted: "a number from 0 (nothing is remembered) to 4096",
        about: "mebibytes of answers that are kept, so that plugins are not asked the same again",
        default: || number(16),
    },
    Key {
        name: "plugins.guard.calls",
        kind: Kind::Number(0, 100_000),
        accepted: "a number from 0 (no guard) to 100000",
        about: "first calls of a new generation that are judged; if they go worse, the one before comes back",
        default: || number(50),
    },
    Key {
        name: "plugins.guard.error_percent",
        kind: Kind::Number(0, 100),
        accepted: "a number from 0 to 100",
        about: "percent of those calls that may break beyond the share that did before",
        default: || number(10),
    },
    Key {
        name: "plugins.guard.times_slower",
        kind: Kind::Number(1, 1000),
        accepted: "a number from 1 to 1000",
        about: "times as long, plus 20 ms, as half of those calls may take",
        default: || number(5),
    },
];
