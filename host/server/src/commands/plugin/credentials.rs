//! Who asks a registry.

use bowsprit_host_outbound::oci::{
    Reference,
    registry::{Credentials, Registry},
};
use clap::Args;
use secrecy::SecretString;

use crate::registries::logged_in;

/// How a registry is asked.
#[derive(Debug, Args)]
pub(super) struct Access {
    /// User name; else that of `docker login`.
    #[arg(long, value_name = "NAME", env = "BOWSPRIT_REGISTRY_USER", requires = "password")]
    user: Option<String>,
    /// Password or token; better set as `BOWSPRIT_REGISTRY_PASSWORD`.
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "BOWSPRIT_REGISTRY_PASSWORD",
        hide_env_values = true
    )]
    password: Option<SecretString>,
    /// Speaks `http://` to a registry on another machine.
    #[arg(long)]
    plain_http: bool,
}

impl Access {
    /// The registry of a reference, asked by whoever is known there.
    pub(super) fn registry(&self, place: &Reference) -> anyhow::Result<Registry> {
        let given = self.user.clone().zip(self.password.clone());
        let credentials = match given {
            Some((user, password)) => Some(Credentials { user, password }),
            None => logged_in(&place.registry)?,
        };
        Ok(Registry::of(place, credentials, self.plain_http)?)
    }
}
