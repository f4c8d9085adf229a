//! Identity as the settings want it.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use bowsprit_host_core::{
    audit::Audit,
    identity::{
        Identity, IdentityRules,
        passwords::{HashCost, Passwords},
        sessions::{ACTIVE, Sessions},
        throttle::ThrottleRules,
        tokens::Tokens,
    },
    store::Documents,
};
use secrecy::ExposeSecret as _;

use crate::{
    keys,
    settings::{Auth, Settings},
    supervisor::Supervisor,
};

/// How often sessions of open streams are looked at: a stream outlives a
/// session that another replica ended by so much.
const SESSION_CHECK: Duration = Duration::from_secs(1);

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn open(
    settings: &Settings,
    store: &Arc<dyn Documents>,
    audit: Audit,
    claim_life: Duration,
) -> anyhow::Result<Identity> {
    let refresh = DAY * settings.token_refresh_max_age_days;
    // A token outlives its session, which decides; see `identity::tokens`.
    let tokens = Tokens::new(&keys::signing_keys(settings)?, ACTIVE + refresh + ACTIVE);
    let sessions = Sessions::new(Arc::clone(store), refresh);
    let passwords = Passwords::new(settings.limits.password_threads, HashCost::default());
    let rules = IdentityRules { claim_life, ..rules(&settings.auth) };
    Ok(Identity::new(store, sessions, passwords, tokens, rules, audit))
}

fn rules(auth: &Auth) -> IdentityRules {
    let days = auth.invites.valid_days;
    IdentityRules {
        builtin_enabled: auth.builtin.enabled,
        signup_enabled: auth.builtin.signup_enabled,
        allowed_domains: auth.builtin.allowed_domains.clone(),
        password_min: auth.password.min_length,
        password_max: auth.password.max_bytes,
        invite_life: (days > 0).then(|| DAY * days),
        throttle: ThrottleRules {
            per_account: auth.throttle.failures_per_account,
            per_address: auth.throttle.failures_per_address,
            window: Duration::from_secs(60) * auth.throttle.minutes,
        },
        ..IdentityRules::default()
    }
}

/// Ends streams whose session another replica has ended.
pub(super) fn watch_ends(supervisor: &Supervisor, identity: &Identity) {
    let identity = identity.clone();
    supervisor.every("end streams with their sessions", SESSION_CHECK, move || {
        let identity = identity.clone();
        async move {
            if let Err(error) = identity.notice_ended().await {
                tracing::debug!(%error, "the sessions of open streams were not looked at");
            }
        }
    });
}

/// Puts down the configured invite code, where there is none yet.
pub(super) async fn seed_invites(settings: &Settings, identity: &Identity) -> anyhow::Result<()> {
    let code = settings.invite_code.as_ref().map(|it| it.expose_secret());
    let regenerate = settings.regenerate_invite_after_signup;
    if code.is_none() && !regenerate {
        return Ok(());
    }
    let seeded = identity.invites().seed(code.unwrap_or_default(), regenerate).await;
    seeded.context("the invite settings cannot be stored")
}
