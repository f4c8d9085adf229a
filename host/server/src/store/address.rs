//! Where a store is.

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr, sync::Arc};

use anyhow::Context as _;
use bowsprit_host_core::store::Documents;
use bowsprit_host_store::{embedded::EmbeddedStore, mongo::MongoStore, transfer::Transfer};
use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::Settings;

/// The embedded store's file in a data folder.
const FILE: &str = "bowsprit.db";

/// Where a store is.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    /// The file of an embedded store.
    File(PathBuf),
    /// A connection string, which may hold a password.
    Server(SecretString),
}

impl FromStr for Address {
    type Err = Infallible;

    /// `mongodb://…`, `mongodb+srv://…`, a file, or the folder it is in.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        if text.starts_with("mongodb://") || text.starts_with("mongodb+srv://") {
            return Ok(Self::Server(text.to_owned().into()));
        }
        let path = PathBuf::from(text);
        Ok(Self::File(if path.is_dir() { path.join(FILE) } else { path }))
    }
}

impl fmt::Display for Address {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(uri) => {
                let (scheme, rest) = uri.expose_secret().split_once("://").unwrap_or_default();
                let rest = rest.split_once('?').map_or(rest, |(before, _)| before);
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                write!(f, "{scheme}://{place}")
            }
        }
    }
}

/// A store of either kind.
#[derive(Clone)]
pub(crate) enum Opened {
    File(Arc<EmbeddedStore>),
    Server(Arc<MongoStore>),
}

impl Address {
    /// The store of a host.
    pub(crate) fn of(settings: &Settings) -> Self {
        match settings.store.expose_secret() {
            "embedded" => Self::File(settings.data_dir.join(FILE)),
            _ => Self::Server(settings.store.clone()),
        }
    }

    /// Opens it; a file that is missing is created.
    pub(crate) async fn open(&self) -> anyhow::Result<Opened> {
        match self {
            Self::File(path) => {
                let opened = EmbeddedStore::open(path);
                let store = opened.with_context(|| format!("the store {self} cannot be opened"))?;
                Ok(Opened::File(Arc::new(store)))
            }
            Self::Server(uri) => {
                let connected = MongoStore::connect(uri.expose_secret()).await;
                Ok(Opened::Server(Arc::new(connected.context("MongoDB cannot be reached")?)))
            }
        }
    }
}

impl Opened {
    /// As the use-cases see it.
    pub(crate) fn documents(self) -> Arc<dyn Documents> {
        match self {
            Self::File(store) => store,
            Self::Server(store) => store,
        }
    }

    /// As copies see it.
    pub(crate) fn transfer(&self) -> &dyn Transfer {
        match self {
            Self::File(store) => &**store,
            Self::Server(store) => &**store,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let shown =
            |text: &str| text.parse::<Address>().unwrap_or_else(|it| match it {}).to_string();
        assert_eq!(shown("mongodb://u:p%40x@h:1,i:2/db?a=b@c"), "mongodb://h:1,i:2/db");
        assert_eq!(shown("mongodb+srv://h/db"), "mongodb+srv://h/db");
        assert_eq!(shown("/x/y.db"), "/x/y.db");
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().display().to_string();
        assert_eq!(shown(&text), format!("{text}/bowsprit.db"));
    }
}
