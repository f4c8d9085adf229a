//! Signed tokens that name a session.
//!
//! A token is only a claim: whether it still counts is the session's to say.
//! The algorithm is pinned (RFC 8725 §3.1). Access and refresh tokens differ
//! by audience (§3.9), so that neither passes for the other.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{sessions::Session, users::User};
use crate::{Error, Result, access::Role, id::Id, time::Timestamp};

const ISSUER: &str = "bowsprit";
const ACCESS: &str = "bowsprit";
const REFRESH: &str = "bowsprit-refresh";
/// Seconds that clocks may differ.
const LEEWAY: i64 = 5;
/// How long an access token counts in a session that has refresh tokens.
pub const SHORT: Duration = Duration::from_secs(15 * 60);

/// What signs tokens.
pub struct SigningKeys {
    /// Signs.
    pub first: SecretString,
    /// Keys whose tokens still count.
    pub old: Vec<SecretString>,
    /// Whether tokens of the reference's shape count: only a key that was
    /// configured can have signed one.
    pub reference: bool,
}

/// Signs and checks tokens.
pub struct Tokens {
    first: Key,
    old: Vec<Key>,
    reference: bool,
    life: Duration,
}

struct Key {
    /// `kid` of the tokens it signs (RFC 7515 §4.1.4).
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    fn new(secret: &SecretString) -> Self {
        let bytes = secret.expose_secret().as_bytes();
        let digest = Sha256::new().chain_update("bowsprit kid\0").chain_update(bytes).finalize();
        Self {
            id: hex::encode(digest.iter().take(8).copied().collect::<Vec<_>>()),
            encoding: EncodingKey::from_secret(bytes),
            decoding: DecodingKey::from_secret(bytes),
        }
    }

    fn sign(&self, claims: &impl Serialize) -> Result<String> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(Error::internal)
    }
}

/// What is signed. Names are those the web frontend's users may decode;
/// `email` and `role` are informative only.
#[derive(Serialize)]
struct Signed<'a> {
    user_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    sid: Id,
    /// Number of a refresh token within its session.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    jti: Id,
    iss: &'static str,
    aud: &'static str,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// What is read; whatever is missing makes it another kind of token.
#[derive(Deserialize)]
struct Claims {
    user_id: Id,
    sid: Option<Id>,
    seq: Option<i64>,
    iss: Option<String>,
    aud: Option<String>,
    iat: i64,
    exp: i64,
}

/// An access token that we, or the reference with our key, signed.
#[derive(Debug)]
pub struct Access {
    /// The user.
    pub user: Id,
    /// The session; for a token of the reference one made from the token.
    pub session: Id,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// For a token of the reference: until when it counts.
    pub reference_until: Option<Timestamp>,
}

/// A refresh token that we signed.
#[derive(Debug)]
pub struct Refresh {
    /// The user.
    pub user: Id,
    /// The session.
    pub session: Id,
    /// Its number within the session.
    pub number: i64,
}

impl Tokens {
    /// A token's own end lies `life` after its start, later than any session
    /// lets it be used.
    pub fn new(keys: &SigningKeys, life: Duration) -> Self {
        Self {
            first: Key::new(&keys.first),
            old: keys.old.iter().map(Key::new).collect(),
            reference: keys.reference,
            life,
        }
    }

    /// An access token for a session.
    pub fn sign(&self, user: &User, session: &Session) -> Result<String> {
        let life = if session.rotation.is_some() { SHORT } else { self.life };
        let mut signed = signed(session, ACCESS, Timestamp::now() + life);
        signed.email = Some(&user.email);
        signed.role = Some(user.role);
        self.first.sign(&signed)
    }

    /// The refresh token of a session that has one.
    pub fn sign_refresh(&self, session: &Session) -> Result<Option<String>> {
        let Some(number) = session.rotation else { return Ok(None) };
        let mut signed = signed(session, REFRESH, session.refresh_until);
        signed.seq = Some(number);
        self.first.sign(&signed).map(Some)
    }

    /// What an access token says.
    pub fn verify(&self, token: &str) -> Result<Access> {
        let claims = self.decode(token)?;
        let issued_at = from_seconds(claims.iat);
        let (user, until) = (claims.user_id, from_seconds(claims.exp));
        match (claims.sid, claims.iss.as_deref(), claims.aud.as_deref()) {
            (Some(session), Some(ISSUER), Some(ACCESS)) if !is_past(claims.exp) => {
                Ok(Access { user, session, issued_at, reference_until: None })
            }
            (None, None, None) if self.reference => {
                let session = session_of(token)?;
                Ok(Access { user, session, issued_at, reference_until: Some(until) })
            }
            _ => Err(invalid()),
        }
    }

    /// What a refresh token says.
    pub fn verify_refresh(&self, token: &str) -> Result<Refresh> {
        let claims = self.decode(token)?;
        match (claims.sid, claims.seq, claims.iss.as_deref(), claims.aud.as_deref()) {
            (Some(session), Some(number), Some(ISSUER), Some(REFRESH)) if !is_past(claims.exp) => {
                Ok(Refresh { user: claims.user_id, session, number })
            }
            _ => Err(invalid()),
        }
    }

    /// The claims of a token with a good signature that has begun to count.
    fn decode(&self, token: &str) -> Result<Claims> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_required_spec_claims(&["exp", "nbf"]);
        rules.validate_nbf = true;
        rules.leeway = LEEWAY as u64;
        // Kinds of tokens differ in these; our callers look at them.
        rules.validate_exp = false;
        rules.validate_aud = false;
        let named = |key: &&Key| header.kid.as_ref().is_none_or(|it| *it == key.id);
        let keys = std::iter::once(&self.first).chain(&self.old).filter(named);
        let mut read =
            keys.filter_map(|it| jsonwebtoken::decode::<Claims>(token, &it.decoding, &rules).ok());
        read.next().map(|data| data.claims).ok_or_else(invalid)
    }
}

fn signed(session: &Session, audience: &'static str, until: Timestamp) -> Signed<'static> {
    let now = Timestamp::now().as_secs();
    Signed {
        user_id: session.user_id,
        email: None,
        role: None,
        sid: session.id,
        seq: None,
        jti: Id::new(),
        iss: ISSUER,
        aud: audience,
        iat: now,
        nbf: now,
        exp: until.as_secs(),
    }
}

/// The session a token without one belongs to: always the same.
fn session_of(token: &str) -> Result<Id> {
    let digest = hex::encode(Sha256::digest(token.as_bytes()));
    digest.get(..24).unwrap_or_default().parse()
}

fn from_seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

fn is_past(seconds: i64) -> bool {
    seconds.saturating_add(LEEWAY) < Timestamp::now().as_secs()
}

fn invalid() -> Error {
    Error::Unauthenticated {
        code: "auth.token.invalid",
        message: "the token is not valid; sign in again",
    }
}

#[cfg(test)]
mod tests;
