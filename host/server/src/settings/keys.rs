//! The list of settings: names, kinds, defaults, accepted forms.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use config::{Value, ValueKind};
use ipnet::IpNet;
use serde::{Deserialize as _, Deserializer, de::Error as _};

use super::SettingError;

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A text that is never shown.
    Secret,
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
    /// One of these words.
    Word(&'static [&'static str]),
    /// `host:port`.
    Address,
    /// `embedded` or `mongodb://…`; may hold a password.
    Store,
}

/// A setting.
pub(super) struct Key {
    pub(super) name: &'static str,
    kind: Kind,
    accepted: &'static str,
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
pub(super) static KEYS: &[Key] = &[
    Key {
        name: "listen",
        kind: Kind::Address,
        accepted: "`host:port`, such as `127.0.0.1:3000`",
        default: || text("127.0.0.1:3000"),
    },
    Key {
        name: "data_dir",
        kind: Kind::Text,
        accepted: "a folder",
        default: || text("bowsprit-data"),
    },
    Key {
        name: "store",
        kind: Kind::Store,
        accepted: "`embedded` or a `mongodb://` address",
        default: || text("embedded"),
    },
    Key {
        name: "log_level",
        kind: Kind::Text,
        accepted: "`error`, `warn`, `info`, `debug`, `trace` or a filter",
        default: || text("info"),
    },
    Key {
        name: "log_format",
        kind: Kind::Word(&["text", "json"]),
        accepted: "`text` or `json`",
        default: || text("text"),
    },
    Key {
        name: "jwt_secret",
        kind: Kind::Secret,
        accepted: "a text of at least 16 bytes",
        default: none,
    },
    Key {
        name: "jwt_secrets_old",
        kind: Kind::Secrets,
        accepted: "a list of earlier values of `jwt_secret`",
        default: none,
    },
    Key {
        name: "encryption_key",
        kind: Kind::Secret,
        accepted: "base64 of 32 bytes, or a text of at least 16 bytes",
        default: none,
    },
    Key {
        name: "encryption_keys_old",
        kind: Kind::Secrets,
        accepted: "a list of earlier encryption keys",
        default: none,
    },
    Key {
        name: "token_refresh_max_age_days",
        kind: Kind::Number(0, 365),
        accepted: "a number of days from 0 to 365",
        default: || number(7),
    },
    Key {
        name: "cors_allowed_origins",
        kind: Kind::List,
        accepted: "a list of origins such as `http://localhost:3001`",
        default: || Some(ValueKind::Array(vec![Value::new(None, "http://localhost:3001")])),
    },
    Key {
        name: "trusted_proxies",
        kind: Kind::Networks,
        accepted: "a list of addresses and networks such as `10.0.0.0/8`",
        default: empty,
    },
    Key {
        name: "auth.builtin.enabled",
        kind: Kind::Bool,
        accepted: "`true` or `false`",
        default: yes,
    },
    Key {
        name: "auth.builtin.signup_enabled",
        kind: Kind::Bool,
        accepted: "`true` or `false`",
        default: yes,
    },
    Key {
        name: "auth.builtin.allowed_domains",
        kind: Kind::List,
        accepted: "a list of e-mail domains",
        default: empty,
    },
    Key {
        name: "auth.password.min_length",
        kind: Kind::Number(6, 64),
        accepted: "a number of characters from 6 to 64",
        default: || number(6),
    },
    Key {
        name: "auth.password.max_bytes",
        kind: Kind::Number(72, 1024),
        accepted: "a number of bytes from 72 to 1024",
        default: || number(72),
    },
    Key {
        name: "auth.throttle.failures_per_account",
        kind: Kind::Number(10, 10_000),
        accepted: "a number from 10 to 10000",
        default: || number(10),
    },
    Key {
        name: "auth.throttle.failures_per_address",
        kind: Kind::Number(10, 1_000_000),
        accepted: "a number from 10 to 1000000",
        default: || number(100),
    },
    Key {
        name: "auth.throttle.minutes",
        kind: Kind::Number(1, 1440),
        accepted: "a number of minutes from 1 to 1440",
        default: || number(15),
    },
    Key {
        name: "auth.invites.valid_days",
        kind: Kind::Number(0, 3650),
        accepted: "a number of days from 0 (for ever) to 3650",
        default: || number(0),
    },
    Key { name: "plugins.dirs", kind: Kind::List, accepted: "a list of folders", default: empty },
    Key {
        name: "plugins.cache_dir",
        kind: Kind::Text,
        accepted: "a folder nobody else can write to",
        default: none,
    },
    Key {
        name: "limits.body_bytes",
        kind: Kind::Number(1 << 10, 64 << 20),
        accepted: "a number of bytes from 1024 to 67108864",
        default: || number(8 << 20),
    },
    Key {
        name: "limits.nodes",
        kind: Kind::Number(1, 100_000),
        accepted: "a number from 1 to 100000",
        default: || number(2_000),
    },
    Key {
        name: "limits.edges",
        kind: Kind::Number(1, 1_000_000),
        accepted: "a number from 1 to 1000000",
        default: || number(8_000),
    },
    Key {
        name: "limits.password_threads",
        kind: Kind::Number(1, 64),
        accepted: "a number from 1 to 64",
        default: || number(2),
    },
];

/// Variables with our prefix that are not settings: those of our own tools.
pub(super) fn is_foreign(name: &str) -> bool {
    name.starts_with("TEST_") || name == "TOOLS"
}

impl Key {
    /// Its name in the environment, without the prefix.
    pub(super) fn variable(&self) -> String {
        self.name.replace('.', "_").to_uppercase()
    }

    /// A value from the environment.
    pub(super) fn parse(&self, text: &str) -> Result<Value, SettingError> {
        let kind = match self.kind {
            Kind::List | Kind::Networks | Kind::Secrets => {
                let items = text.split(',').map(str::trim).filter(|it| !it.is_empty());
                ValueKind::Array(items.map(|it| Value::new(None, it)).collect())
            }
            Kind::Bool => ValueKind::Boolean(text.parse().map_err(|_| self.refuse(text))?),
            Kind::Number(..) => ValueKind::I64(text.parse().map_err(|_| self.refuse(text))?),
            Kind::Text | Kind::Secret | Kind::Word(_) | Kind::Address | Kind::Store => {
                ValueKind::String(text.into())
            }
        };
        Ok(Value::new(None, kind))
    }

    /// Whether a value is of the accepted form.
    pub(super) fn check(&self, value: &Value) -> Result<(), SettingError> {
        let accepted = match (self.kind, &value.kind) {
            (Kind::Text, ValueKind::String(text)) => !text.trim().is_empty(),
            (Kind::Secret, ValueKind::String(text)) => text.len() >= 16,
            (Kind::List | Kind::Secrets, ValueKind::Array(items)) => {
                items.iter().all(|it| matches!(it.kind, ValueKind::String(_)))
            }
            (Kind::Networks, ValueKind::Array(items)) => items
                .iter()
                .all(|it| matches!(&it.kind, ValueKind::String(text) if network(text).is_some())),
            (Kind::Bool, ValueKind::Boolean(_)) => true,
            (Kind::Number(least, most), kind) => {
                whole(kind).is_some_and(|it| (least..=most).contains(&it))
            }
            (Kind::Word(words), ValueKind::String(text)) => words.contains(&text.as_str()),
            (Kind::Address, ValueKind::String(text)) => is_address(text),
            (Kind::Store, ValueKind::String(text)) => {
                text == "embedded"
                    || text.starts_with("mongodb://")
                    || text.starts_with("mongodb+srv://")
            }
            _ => false,
        };
        if accepted { Ok(()) } else { Err(self.refuse(&value.to_string())) }
    }

    fn refuse(&self, value: &str) -> SettingError {
        let secret = matches!(self.kind, Kind::Secret | Kind::Secrets | Kind::Store);
        let value = if secret { "the given value".into() } else { format!("`{value}`") };
        SettingError::Value { key: self.name, value, accepted: self.accepted }
    }
}

/// Reads what [`Kind::Networks`] accepts.
pub(super) fn networks<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(source)?;
    let networks = texts.iter().map(|it| network(it));
    networks.collect::<Option<_>>().ok_or_else(|| D::Error::custom("not a network"))
}

/// A network, or an address as a network of one.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn whole(kind: &ValueKind) -> Option<i64> {
    match kind {
        ValueKind::I64(it) => Some(*it),
        ValueKind::U64(it) => i64::try_from(*it).ok(),
        _ => None,
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
        || text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && port.parse::<u16>().is_ok() && text.to_socket_addrs().is_ok()
        })
}
