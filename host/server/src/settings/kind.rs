//! What the kinds of settings accept, and how their values are shown.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use config::{Value, ValueKind};
use ipnet::IpNet;
use serde::{Deserialize as _, Deserializer, de::Error as _};

use super::{
    SettingError,
    keys::{self, Key, Kind},
    providers,
};

impl Key {
    /// The setting of this name, however it is written: `rate_limit.rps`,
    /// `RATE_LIMIT_RPS`.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        let name = name.replace('.', "_").to_uppercase();
        keys::all().find(|it| it.variable() == name)
    }

    /// Its name in the environment, without the prefix.
    pub(super) fn variable(&self) -> String {
        self.name.replace('.', "_").to_uppercase()
    }

    /// A value from a text: from the environment, or quoted in a file.
    pub(super) fn parse(&self, text: &str) -> Result<Value, SettingError> {
        let kind = match self.kind {
            Kind::List | Kind::Networks | Kind::Secrets => {
                let items = text.split(',').map(str::trim).filter(|it| !it.is_empty());
                ValueKind::Array(items.map(|it| Value::new(None, it)).collect())
            }
            Kind::Bool => {
                let word = text.to_lowercase();
                ValueKind::Boolean(word.parse().map_err(|_| self.refuse(text))?)
            }
            Kind::Number(..) | Kind::Positive(_) => {
                ValueKind::I64(text.trim().parse().map_err(|_| self.refuse(text))?)
            }
            Kind::Tables => {
                serde_json::from_str::<Value>(text).map_err(|_| self.refuse(text))?.kind
            }
            Kind::Text
            | Kind::Secret
            | Kind::Invite
            | Kind::Word(_)
            | Kind::Web
            | Kind::Url
            | Kind::Address
            | Kind::Store
            | Kind::Unused => ValueKind::String(text.into()),
        };
        Ok(Value::new(None, kind))
    }

    /// Whether a value is of the accepted form.
    pub(super) fn check(&self, value: &Value) -> Result<(), SettingError> {
        let accepted = match (self.kind, &value.kind) {
            (Kind::Text, ValueKind::String(text)) => !text.trim().is_empty(),
            (Kind::Secret, ValueKind::String(text)) => text.len() >= 16,
            // In a file it may look like a number.
            (Kind::Invite, _) => {
                let text = value.to_string();
                text.len() == 6 && text.bytes().all(|it| it.is_ascii_digit())
            }
            (Kind::List | Kind::Secrets, ValueKind::Array(items)) => {
                items.iter().all(|it| matches!(it.kind, ValueKind::String(_)))
            }
            (Kind::Networks, ValueKind::Array(items)) => items
                .iter()
                .all(|it| matches!(&it.kind, ValueKind::String(text) if network(text).is_some())),
            (Kind::Tables, ValueKind::Array(items)) => {
                items.iter().all(|it| matches!(it.kind, ValueKind::Table(_)))
            }
            (Kind::Url, ValueKind::String(text)) => is_base(text),
            (Kind::Bool, ValueKind::Boolean(_)) | (Kind::Unused, _) => true,
            (Kind::Number(least, most), kind) => {
                whole(kind).is_some_and(|it| (least..=most).contains(&it))
            }
            (Kind::Positive(most), kind) => whole(kind).is_some_and(|it| it <= most),
            (Kind::Word(words), ValueKind::String(text)) => words.contains(&text.as_str()),
            (Kind::Web, ValueKind::String(text)) => {
                text.strip_prefix("http://").is_some_and(|it| !it.is_empty())
            }
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

    /// Whether a value says as much as none.
    pub(super) fn is_absent(&self, value: &Value) -> bool {
        matches!(self.kind, Kind::Positive(_)) && whole(&value.kind).is_some_and(|it| it < 1)
    }

    /// Whether nothing reads it.
    pub(super) fn is_unused(&self) -> bool {
        self.kind == Kind::Unused
    }

    /// A value as it may be shown: no secret, no password of an address.
    /// Without a default arm, so that whoever adds a kind has to decide.
    pub(super) fn show(&self, value: &Value) -> String {
        match self.kind {
            Kind::Secret | Kind::Secrets | Kind::Invite => HIDDEN.into(),
            Kind::Tables => providers::shown(value),
            Kind::Store => without_password(&value.to_string()),
            Kind::Text
            | Kind::List
            | Kind::Networks
            | Kind::Bool
            | Kind::Number(..)
            | Kind::Positive(_)
            | Kind::Word(_)
            | Kind::Web
            | Kind::Url
            | Kind::Address
            | Kind::Unused => plain(value),
        }
    }

    fn refuse(&self, value: &str) -> SettingError {
        let secret = matches!(
            self.kind,
            Kind::Secret | Kind::Secrets | Kind::Invite | Kind::Store | Kind::Tables
        );
        let value = if secret { "the given value".into() } else { format!("`{value}`") };
        SettingError::Value { key: self.name, value, accepted: self.accepted }
    }
}

fn plain(value: &Value) -> String {
    let ValueKind::Array(items) = &value.kind else { return value.to_string() };
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    format!("[{}]", items.join(", "))
}

/// What stands for a secret.
const HIDDEN: &str = "********";

/// `mongodb://user:password@host` without the password.
fn without_password(address: &str) -> String {
    // Options may hold secrets too.
    let plain = address.split('?').next().unwrap_or_default();
    let Some((scheme, rest)) = plain.split_once("://") else { return plain.to_owned() };
    // The last `@`: a password may hold one.
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:{HIDDEN}@{host}")
        }
        None => plain.to_owned(),
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

/// A URL that paths can be added to.
fn is_base(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|it| {
        matches!(it.scheme(), "http" | "https")
            && it.has_host()
            && it.query().is_none()
            && it.fragment().is_none()
    })
}

fn is_address(text: &str) -> bool {
    text.parse::<SocketAddr>().is_ok()
        || text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && port.parse::<u16>().is_ok() && text.to_socket_addrs().is_ok()
        })
}
