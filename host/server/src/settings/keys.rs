//! The list of settings: names, kinds, defaults, accepted forms, meanings.
//! The table of `docs/settings.md` is made from it.

mod exports;
mod generations;
mod plugins;

use config::{Value, ValueKind};

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A text that is never shown.
    Secret,
    /// Six digits that let people in; never shown.
    Invite,
    /// A list of texts; comma separated in the environment.
    List,
    /// A list of addresses and networks (`10.0.0.0/8`).
    Networks,
    /// A list of secrets.
    Secrets,
    /// `true` or `false`.
    Bool,
    /// A whole number in this range.
    Number(i64, i64),
    /// A whole number up to this; less than 1 counts as not given, as in the
    /// reference product.
    Positive(i64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `http://…`.
    Web,
    /// `host:port`.
    Address,
    /// `embedded` or `mongodb://…`; may hold a password.
    Store,
    /// `http://…` or `https://…`, to which paths are added.
    Url,
    /// A list of tables with secrets in them; JSON in the environment.
    Tables,
    /// Whatever; it has no effect here.
    Unused,
}

/// A setting.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// What a value has to be, in words.
    pub(super) accepted: &'static str,
    /// What it is for, as in docs/settings.md.
    pub(super) about: &'static str,
    pub(super) default: fn() -> Option<ValueKind>,
}

fn none() -> Option<ValueKind> {
    None
}

fn text(it: &str) -> Option<ValueKind> {
    Some(ValueKind::String(it.into()))
}

fn number(it: i64) -> Option<ValueKind> {
    Some(ValueKind::I64(it))
}

fn empty() -> Option<ValueKind> {
    Some(ValueKind::Array(Vec::new()))
}

fn yes() -> Option<ValueKind> {
    Some(ValueKind::Boolean(true))
}

/// Every setting there is.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(exports::KEYS).chain(generations::KEYS).chain(plugins::KEYS)
}

static KEYS: &[Key] = &[
    Key {
        name: "listen",
        kind: Kind::Address,
        accepted: "`host:port`, such as `127.0.0.1:3000`",
        about: "address; port 0 picks a free one (`--listen`)",
        default: || text("127.0.0.1:3000"),
    },
    Key {
        name: "port",
        kind: Kind::Number(0, 65_535),
        accepted: "a port from 0 to 65535",
        about: "listens on this port of all addresses; a later `listen` wins",
        default: none,
    },
    Key {
        name: "data_dir",
        kind: Kind::Text,
        accepted: "a folder",
        about: "generated keys, embedded store, plugin cache; created 0700 (`--data-dir`)",
        default: || text("bowsprit-data"),
    },
    Key {
        name: "store",
        kind: Kind::Store,
        accepted: "`embedded` or a `mongodb://` address",
        about: "`embedded`, or a `mongodb://` address (`--store`)",
        default: || text("embedded"),
    },
    Key {
        name: "mongo_uri",
        kind: Kind::Store,
        accepted: "a `mongodb://` address",
        about: "another name of `store`; a later `store` wins",
        default: none,
    },
    Key {
        name: "log_level",
        kind: Kind::Text,
        accepted: "`error`, `warn`, `info`, `debug`, `trace` or a filter",
        about: "`error` to `trace`, or a `tracing` filter",
        default: || text("info"),
    },
    Key {
        name: "log_format",
        kind: Kind::Word(&["text", "json"]),
        accepted: "`text` or `json`",
        about: "`text` or `json`",
        default: || text("text"),
    },
    Key {
        name: "otel.endpoint",
        kind: Kind::Web,
        accepted: "an `http://` address such as `http://localhost:4318`",
        about: "OpenTelemetry collector that gets a trace of each request (OTLP over HTTP)",
        default: none,
    },
    Key {
        name: "jwt_secret",
        kind: Kind::Secret,
        accepted: "a text of at least 16 bytes",
        about: "what signs tokens, at least 16 bytes; generated if absent",
        default: none,
    },
    Key {
        name: "jwt_secrets_old",
        kind: Kind::Secrets,
        accepted: "a list of earlier values of `jwt_secret`",
        about: "earlier keys whose tokens still count; see [keys of tokens](#keys-of-tokens)",
        default: none,
    },
    Key {
        name: "encryption_key",
        kind: Kind::Secret,
        accepted: "base64 of 32 bytes, or a text of at least 16 bytes",
        about: "what seals credentials: base64 of 32 bytes, or any text of at least 16 bytes; generated if absent",
        default: none,
    },
    Key {
        name: "encryption_keys_old",
        kind: Kind::Secrets,
        accepted: "a list of earlier encryption keys",
        about: "keys that still open what they sealed",
        default: none,
    },
    Key {
        name: "token_refresh_max_age_days",
        kind: Kind::Number(0, 365),
        accepted: "a number of days from 0 to 365",
        about: "days after its last use that a session can be refreshed",
        default: || number(7),
    },
    Key {
        name: "invite_code",
        kind: Kind::Invite,
        accepted: "six digits",
        about: "the first invite code, made up if absent; later an administrator's to change",
        default: none,
    },
    Key {
        name: "regenerate_invite_after_signup",
        kind: Kind::Bool,
        accepted: "`true` or `false`",
        about: "whether a code is good for one registration only, at first; later an administrator's to change",
        default: || Some(ValueKind::Boolean(false)),
    },
    Key {
        name: "cors_allowed_origins",
        kind: Kind::List,
        accepted: "a list of origins such as `http://localhost:3001`",
        about: "browsers' origins that may call",
        default: || Some(ValueKind::Array(vec![Value::new(None, "http://localhost:3001")])),
    },
    Key {
        name: "base_url",
        kind: Kind::Url,
        accepted: "this host's own address such as `https://bowsprit.example.com`",
        about: "this host as browsers see it; identity providers send them back there",
        default: || text("http://localhost:3000"),
    },
    Key {
        name: "frontend_url",
        kind: Kind::Url,
        accepted: "the web frontend's address such as `https://app.example.com`",
        about: "the web frontend as browsers see it",
        default: || text("http://localhost:3001"),
    },
    Key {
        name: "auth.providers",
        kind: Kind::Tables,
        accepted: "a list of identity providers (in the environment: as JSON)",
        about: "identity providers, JSON in the environment: see [sign-in.md](sign-in.md)",
        default: empty,
    },
    Key {
        name: "trusted_proxies",
        kind: Kind::Networks,
        accepted: "a list of addresses and networks such as `10.0.0.0/8`",
        about: "addresses and networks of proxies whose `X-Forwarded-For` names the client",
        default: empty,
    },
    Key {
        name: "rate_limit.rps",
        kind: Kind::Positive(1_000_000),
        accepted: "a number of requests per second from 1 to 1000000",
        about: "requests per second of one address, all routes together",
        default: || number(10),
    },
    Key {
        name: "rate_limit.burst",
        kind: Kind::Positive(1_000_000),
        accepted: "a number of requests from 1 to 1000000",
        about: "requests of one address at once",
        default: || number(20),
    },
    Key {
        name: "rate_limit.user_rps",
        kind: Kind::Number(1, 1_000_000),
        accepted: "a number of requests per second from 1 to 1000000",
        about: "requests per second of one user; as `rate_limit.rps` if absent",
        default: none,
    },
    Key {
        name: "rate_limit.user_burst",
        kind: Kind::Number(1, 1_000_000),
        accepted: "a number of requests from 1 to 1000000",
        about: "requests of one user at once; as `rate_limit.burst` if absent",
        default: none,
    },
    Key {
        name: "auth.builtin.enabled",
        kind: Kind::Bool,
        accepted: "`true` or `false`",
        about: "sign-in with a password",
        default: yes,
    },
    Key {
        name: "auth.builtin.signup_enabled",
        kind: Kind::Bool,
        accepted: "`true` or `false`",
        about: "registration",
        default: yes,
    },
    Key {
        name: "auth.builtin.allowed_domains",
        kind: Kind::List,
        accepted: "a list of e-mail domains",
        about: "e-mail domains that may register; all if empty",
        default: empty,
    },
    Key {
        name: "plugins.dirs",
        kind: Kind::List,
        accepted: "a list of folders",
        about: "folders of plugins, later ones override earlier ones (`--plugins`, repeatable)",
        default: empty,
    },
    Key {
        name: "auth.password.min_length",
        kind: Kind::Number(6, 64),
        accepted: "a number of characters from 6 to 64",
        about: "least characters of a new password",
        default: || number(6),
    },
    Key {
        name: "auth.password.max_bytes",
        kind: Kind::Number(72, 1024),
        accepted: "a number of bytes from 72 to 1024",
        about: "most bytes of a password",
        default: || number(72),
    },
    Key {
        name: "auth.throttle.failures_per_account",
        kind: Kind::Number(10, 10_000),
        accepted: "a number from 10 to 10000",
        about: "wrong passwords for one account from one address before 429",
        default: || number(10),
    },
    Key {
        name: "auth.throttle.failures_per_address",
        kind: Kind::Number(10, 1_000_000),
        accepted: "a number from 10 to 1000000",
        about: "wrong passwords and invite codes from one address (IPv6: from one /64) before 429",
        default: || number(100),
    },
    Key {
        name: "auth.throttle.minutes",
        kind: Kind::Number(1, 1440),
        accepted: "a number of minutes from 1 to 1440",
        about: "minutes in which all these chances come back, one by one",
        default: || number(15),
    },
    Key {
        name: "auth.invites.valid_days",
        kind: Kind::Number(0, 3650),
        accepted: "a number of days from 0 (for ever) to 3650",
        about: "days an invite code is good; 0 = until it is replaced",
        default: || number(0),
    },
    Key {
        name: "plugins.cache_dir",
        kind: Kind::Text,
        accepted: "a folder nobody else can write to",
        about: "where compiled components are kept, nobody else's; in `data_dir` if absent",
        default: none,
    },
    Key {
        name: "plugins.sources",
        kind: Kind::Tables,
        accepted: "a list of tables with `reference` and `digest` or `key`",
        about: "repositories plugins come from: `reference`, and the `digest` or the public `key` \
                that vouches for them; those with a `digest` are installed when the host starts, \
                `bowsprit plugin pull` accepts from all",
        default: empty,
    },
    Key {
        name: "limits.body_bytes",
        kind: Kind::Number(1 << 10, 64 << 20),
        accepted: "a number of bytes from 1024 to 67108864",
        about: "bytes of a request's body (413 `request.too-large`)",
        default: || number(8 << 20),
    },
    Key {
        name: "limits.upload_bytes",
        kind: Kind::Number(1 << 10, 256 << 20),
        accepted: "a number of bytes from 1024 to 268435456",
        about: "bytes of a file that is uploaded, such as a packed plugin (413)",
        default: || number(64 << 20),
    },
    Key {
        name: "limits.import_bytes",
        kind: Kind::Number(1 << 10, 32 << 20),
        accepted: "a number of bytes from 1024 to 33554432",
        about: "bytes of a file to import (413 `request.too-large`)",
        default: || number(1 << 20),
    },
    Key {
        name: "limits.nodes",
        kind: Kind::Number(1, 100_000),
        accepted: "a number from 1 to 100000",
        about: "nodes of a workflow (413)",
        default: || number(2_000),
    },
    Key {
        name: "limits.edges",
        kind: Kind::Number(1, 1_000_000),
        accepted: "a number from 1 to 1000000",
        about: "edges of a workflow (413)",
        default: || number(8_000),
    },
    Key {
        name: "limits.custom_resources",
        kind: Kind::Number(1, 1_000),
        accepted: "a number from 1 to 1000",
        about: "node types one user can make of custom resources of clusters (413)",
        default: || number(100),
    },
    Key {
        name: "limits.password_threads",
        kind: Kind::Number(1, 64),
        accepted: "a number from 1 to 64",
        about: "threads that hash passwords",
        default: || number(3),
    },
    Key {
        name: "starters.dir",
        kind: Kind::Text,
        accepted: "a folder",
        about: "folder with more applications to begin with, each a folder with a `workflow.json` as in `templates/workflows`; one replaces a built-in one of its name",
        default: none,
    },
    Key {
        name: "versions.keep",
        kind: Kind::Number(0, 1_000_000),
        accepted: "a number from 0 (all) to 1000000",
        about: "of the versions that runs made and nobody named or tagged, the newest so many of each workflow stay; 0 keeps all",
        default: || number(0),
    },
    Key {
        name: "revisions.keep",
        kind: Kind::Number(1, 10_000),
        accepted: "a number from 1 to 10000",
        about: "what changes overwrote: at least the newest so many of each workflow, at most 8 more",
        default: || number(50),
    },
    Key {
        name: "revisions.max_age_days",
        kind: Kind::Number(1, 3_650),
        accepted: "a number of days from 1 to 3650",
        about: "days after which what changes overwrote is removed",
        default: || number(30),
    },
    Key {
        name: "limits.json_depth",
        kind: Kind::Number(8, 100),
        accepted: "a number from 8 to 100",
        about: "how deep a JSON body may be nested (400 `request.too-deep`)",
        default: || number(64),
    },
    Key {
        name: "limits.headers",
        kind: Kind::Number(16, 1_000),
        accepted: "a number from 16 to 1000",
        about: "headers of a request (431 `request.headers-too-large`)",
        default: || number(100),
    },
    Key {
        name: "limits.header_bytes",
        kind: Kind::Number(4_096, 1_048_576),
        accepted: "a number of bytes from 4096 to 1048576",
        about: "bytes of a request's headers (431)",
        default: || number(32_768),
    },
    Key {
        name: "limits.read_seconds",
        kind: Kind::Number(1, 300),
        accepted: "a number of seconds from 1 to 300",
        about: "seconds a request's head may take (else cut), and its body may stand still (408 `request.timeout`)",
        default: || number(15),
    },
    Key {
        name: "limits.body_seconds",
        kind: Kind::Number(1, 3_600),
        accepted: "a number of seconds from 1 to 3600",
        about: "seconds a request's whole body may take (408)",
        default: || number(60),
    },
    Key {
        name: "limits.idle_seconds",
        kind: Kind::Number(1, 3_600),
        accepted: "a number of seconds from 1 to 3600",
        about: "seconds a connection is kept without a request",
        default: || number(120),
    },
    Key {
        name: "limits.connections",
        kind: Kind::Number(16, 1_000_000),
        accepted: "a number from 16 to 1000000",
        about: "open connections; one more displaces those idle longest",
        default: || number(50_000),
    },
    Key {
        name: "limits.streams_per_user",
        kind: Kind::Number(1, 100_000),
        accepted: "a number from 1 to 100000",
        about: "event streams one user may have open (429 `streams.too-many`)",
        default: || number(100),
    },
    Key {
        name: "cluster_log_ttl_hours",
        kind: Kind::Unused,
        accepted: "anything",
        about: "accepted for configurations of the reference product; nothing reads it yet",
        default: none,
    },
    Key {
        name: "gin_mode",
        kind: Kind::Unused,
        accepted: "anything",
        about: "accepted for configurations of the reference product; has no effect",
        default: none,
    },
    Key {
        name: "templates_dir",
        kind: Kind::Unused,
        accepted: "anything",
        about: "accepted for configurations of the reference product; nothing reads it yet",
        default: none,
    },
];

/// Variables with our prefix that are not settings: those of our own tools.
pub(super) fn is_foreign(name: &str) -> bool {
    name.starts_with("TEST_") || matches!(name, "TOOLS" | "CONFIG")
}
