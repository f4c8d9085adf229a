//! Identity on a bare store: no HTTP, cheap hashes, stored times that a test
//! can set.

use std::{sync::Arc, time::Duration};

use bowsprit_host_core::{
    access::{Caller, Client, Role},
    audit::Audit,
    id::Id,
    identity::{
        CLAIMS, Identity, IdentityRules, Login, Registration, SignedIn,
        invites::SETTINGS,
        passwords::{HashCost, Passwords},
        sessions::{ACTIVE, SESSIONS, Session, Sessions},
        tokens::{SigningKeys, Tokens},
        users::{USERS, User},
    },
    store::{Documents, Repository},
    time::Timestamp,
};
use bowsprit_tests::{BareStore, Store};

pub(super) const DAY: Duration = Duration::from_secs(86_400);
const REFRESH: Duration = Duration::from_secs(7 * 86_400);

/// A store with identity on it.
pub(super) struct Bare {
    pub(super) identity: Identity,
    pub(super) passwords: Passwords,
    pub(super) store: Arc<dyn Documents>,
    bare: BareStore,
}

impl Bare {
    /// On one of the stores; `None` if there is no such server (never in CI).
    pub(super) async fn on(kind: Store, rules: IdentityRules) -> Option<Self> {
        let collections = [&USERS, &SESSIONS, &SETTINGS, &CLAIMS];
        let bare = BareStore::open(kind, &collections).await?;
        let store = Arc::clone(&bare.documents);
        let passwords = Passwords::new(2, HashCost { memory: 64, passes: 1 });
        let identity = replica(&store, &passwords, rules);
        Some(Self { identity, passwords, store, bare })
    }

    /// Identity of another host on the same store.
    pub(super) fn replica(&self) -> Identity {
        replica(&self.store, &self.passwords, IdentityRules::default())
    }

    pub(super) async fn finish(self) {
        self.bare.finish().await;
    }

    pub(super) fn users(&self) -> Repository<User> {
        Repository::new(Arc::clone(&self.store))
    }

    /// A stored user with this password hash.
    pub(super) async fn add(&self, email: &str, role: Role, password: &str) -> Id {
        let now = Timestamp::now();
        let user = serde_json::json!({
            "email": email, "email_key": email, "name": "U", "role": role, "password": password,
            "created_at": now, "updated_at": now,
        });
        let user = User { id: Id::new(), ..serde_json::from_value::<User>(user).unwrap() };
        self.users().insert(user).await.unwrap().value.id
    }

    /// Moves every time of a session back.
    pub(super) async fn age(&self, session: Id, by: Duration) {
        let sessions = Repository::<Session>::new(Arc::clone(&self.store));
        let id = session.to_string();
        let aged = sessions.update(&id, |it| {
            it.used_at = it.used_at - by;
            it.active_until = it.active_until - by;
            it.refresh_until = it.refresh_until - by;
            Ok::<_, bowsprit_host_core::Error>(())
        });
        aged.await.unwrap().unwrap();
    }
}

fn replica(store: &Arc<dyn Documents>, passwords: &Passwords, rules: IdentityRules) -> Identity {
    let keys = SigningKeys { first: "secret".to_owned().into(), old: Vec::new(), reference: false };
    let tokens = Tokens::new(&keys, ACTIVE + REFRESH + ACTIVE);
    let sessions = Sessions::new(Arc::clone(store), REFRESH);
    Identity::new(store, sessions, passwords.clone(), tokens, rules, Audit::new(store))
}

pub(super) fn client() -> Client {
    Client { address: "192.0.2.1".parse().unwrap(), agent: "tests".into() }
}

pub(super) fn registration(email: &str, code: Option<&str>) -> Registration {
    Registration {
        email: email.into(),
        name: "U".into(),
        password: "secret-123".to_owned().into(),
        invite_code: code.map(str::to_owned),
    }
}

pub(super) async fn login(identity: &Identity, email: &str, password: &str) -> Option<SignedIn> {
    let (email, password) = (email.into(), password.to_owned().into());
    let login = Login { email, password, refresh_token: false };
    identity.login(login, &client()).await.ok()
}

pub(super) async fn caller(identity: &Identity, signed_in: &SignedIn) -> Caller {
    identity.authenticate(&signed_in.token, &client()).await.unwrap()
}
