//! Sign-ins under way: states that wait for a browser to come back, codes that
//! wait for the frontend. Each is good once; whoever removes it has used it.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Attempt;
use crate::{
    Result,
    id::Id,
    secrets::{KeyRing, Place},
    store::{Collection, Documents, Expiry, Field, FieldKind, Record, Repository},
    time::Timestamp,
};

/// How long somebody may take at the provider.
const STATE_LIFE: Duration = Duration::from_secs(600);
/// How long the frontend may take to exchange a code (contract §2.4).
const CODE_LIFE: Duration = Duration::from_secs(30);

/// A sign-in whose browser is at the provider.
#[derive(Debug, Serialize, Deserialize)]
struct StoredState {
    /// Digest of the state: a copy of the store is of no use.
    #[serde(skip)]
    key: String,
    provider: String,
    nonce: String,
    /// Sealed.
    verifier: String,
    created_at: Timestamp,
}

/// A finished sign-in whose frontend has not asked for its token yet. The
/// token is made when it does: none lies in the store.
#[derive(Debug, Serialize, Deserialize)]
struct StoredCode {
    /// Digest of the code.
    #[serde(skip)]
    key: String,
    user_id: Id,
    created_at: Timestamp,
}

/// Sign-ins whose browser is at the provider.
pub static OAUTH_STATES: Collection = Collection {
    name: "oauth_states",
    fields: &[Field { name: "created_at", kind: FieldKind::Time }],
    indexes: &[],
    unique: &[],
    expiry: Some(Expiry {
        field: "created_at",
        after_seconds: STATE_LIFE.as_secs(),
        only_if: None,
    }),
};

/// Finished sign-ins whose frontend has not come for its token.
pub static OAUTH_CODES: Collection = Collection {
    name: "oauth_codes",
    fields: &[Field { name: "created_at", kind: FieldKind::Time }],
    indexes: &[],
    unique: &[],
    expiry: Some(Expiry { field: "created_at", after_seconds: CODE_LIFE.as_secs(), only_if: None }),
};

impl Record for StoredState {
    const COLLECTION: &'static Collection = &OAUTH_STATES;

    fn key(&self) -> String {
        self.key.clone()
    }

    fn restore_key(&mut self, id: &str) {
        id.clone_into(&mut self.key);
    }
}

impl Record for StoredCode {
    const COLLECTION: &'static Collection = &OAUTH_CODES;

    fn key(&self) -> String {
        self.key.clone()
    }

    fn restore_key(&mut self, id: &str) {
        id.clone_into(&mut self.key);
    }
}

/// Keeps sign-ins under way.
#[derive(Clone)]
pub(super) struct Pending {
    states: Repository<StoredState>,
    codes: Repository<StoredCode>,
    keys: Arc<KeyRing>,
}

impl Pending {
    pub(super) fn new(store: &Arc<dyn Documents>, keys: Arc<KeyRing>) -> Self {
        let (states, codes) = (Arc::clone(store), Arc::clone(store));
        Self { states: Repository::new(states), codes: Repository::new(codes), keys }
    }

    /// Remembers a sign-in until its browser comes back.
    pub(super) async fn remember(&self, provider: &str, attempt: &Attempt) -> Result<()> {
        let key = digest(&attempt.state);
        let verifier = self.keys.seal(verifier_place(&key), &attempt.verifier)?;
        let (provider, nonce) = (provider.to_owned(), attempt.nonce.clone());
        let state = StoredState { key, provider, nonce, verifier, created_at: Timestamp::now() };
        self.states.insert(state).await?;
        Ok(())
    }

    /// The sign-in that was begun with `state` at this provider, once.
    pub(super) async fn recall(
        &self,
        provider: &str,
        state: &SecretString,
        redirect_uri: String,
    ) -> Result<Option<Attempt>> {
        let key = digest(state);
        let Some(stored) = take(&self.states, &key).await? else { return Ok(None) };
        if stored.provider != provider || is_over(stored.created_at, STATE_LIFE) {
            return Ok(None);
        }
        let verifier = self.keys.open(verifier_place(&key), &stored.verifier)?;
        let (state, nonce) = (state.clone(), stored.nonce);
        Ok(Some(Attempt { state, nonce, verifier, redirect_uri }))
    }

    /// A code for a user who has just signed in.
    pub(super) async fn issue(&self, user: Id) -> Result<SecretString> {
        let code = token();
        let (key, created_at) = (digest(&code), Timestamp::now());
        self.codes.insert(StoredCode { key, user_id: user, created_at }).await?;
        Ok(code)
    }

    /// The user a code was issued for, once.
    pub(super) async fn redeem(&self, code: &SecretString) -> Result<Option<Id>> {
        let stored = take(&self.codes, &digest(code)).await?;
        let stored = stored.filter(|it| !is_over(it.created_at, CODE_LIFE));
        Ok(stored.map(|it| it.user_id))
    }
}

/// Takes a document out; of several who try at once, one gets it.
async fn take<T: Record>(stored: &Repository<T>, key: &str) -> Result<Option<T>> {
    let Some(found) = stored.get(key).await? else { return Ok(None) };
    Ok(stored.remove(key).await?.then_some(found.value))
}

/// The store removes old documents when it gets to it, so this counts.
fn is_over(created: Timestamp, life: Duration) -> bool {
    Timestamp::now().since(created) > life
}

/// 256 random bits, as text that a URL and RFC 7636 §4.1 accept.
pub(super) fn token() -> SecretString {
    BASE64_URL.encode(rand::random::<[u8; 32]>()).into()
}

fn digest(token: &SecretString) -> String {
    hex::encode(Sha256::digest(token.expose_secret().as_bytes()))
}

fn verifier_place(document: &str) -> Place<'_> {
    Place { collection: OAUTH_STATES.name, document, field: "verifier" }
}
