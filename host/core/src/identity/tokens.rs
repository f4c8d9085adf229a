//! Signed tokens that name a session.
//!
//! A token is only a claim: whether it still counts is the session's to say.
//! The algorithm is pinned (RFC 8725 §3.1).

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, access::Role, id::Id, time::Timestamp};

const ISSUER: &str = "bowsprit";

/// Signs and checks tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    life: Duration,
}

/// What a token says. Field names are those the web frontend's users may
/// decode; `role` is informative only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub user_id: Id,
    /// Their e-mail address when it was signed.
    pub email: String,
    /// Their role when it was signed.
    pub role: Role,
    /// The session.
    pub sid: Id,
    /// Unique to this token.
    pub jti: Id,
    iss: String,
    aud: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Tokens {
    /// Signs with `secret`; a token's own end lies `life` after its start,
    /// later than any session lets it be used.
    pub fn new(secret: &SecretString, life: Duration) -> Self {
        let bytes = secret.expose_secret().as_bytes();
        Self {
            encoding: EncodingKey::from_secret(bytes),
            decoding: DecodingKey::from_secret(bytes),
            life,
        }
    }

    /// A token for a session.
    pub fn sign(&self, user: Id, email: &str, role: Role, session: Id) -> Result<String> {
        let now = Timestamp::now();
        let claims = Claims {
            user_id: user,
            email: email.to_owned(),
            role,
            sid: session,
            jti: Id::new(),
            iss: ISSUER.into(),
            aud: ISSUER.into(),
            iat: now.as_secs(),
            nbf: now.as_secs(),
            exp: (now + self.life).as_secs(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(Error::internal)
    }

    /// The claims of a token we signed and that has not reached its own end.
    pub fn verify(&self, token: &str) -> Result<Claims> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[ISSUER]);
        rules.set_required_spec_claims(&["exp", "nbf", "iss", "aud"]);
        rules.validate_nbf = true;
        rules.leeway = 5;
        jsonwebtoken::decode::<Claims>(token, &self.decoding, &rules)
            .map(|data| data.claims)
            .map_err(|_| Error::Unauthenticated {
                code: "auth.token.invalid",
                message: "the token is not valid; sign in again",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(secret: &str) -> Tokens {
        Tokens::new(&secret.to_owned().into(), Duration::from_secs(60))
    }

    fn signed(claims: &serde_json::Value, algorithm: Algorithm) -> String {
        let key = EncodingKey::from_secret(b"secret");
        jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    fn claims() -> serde_json::Value {
        let now = Timestamp::now().as_secs();
        serde_json::json!({
            "user_id": Id::new(), "email": "a@b.c", "role": "user", "sid": Id::new(), "jti": Id::new(),
            "iss": ISSUER, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60,
        })
    }

    #[test]
    fn verifies_what_it_signed() {
        let tokens = tokens("secret");
        let (user, session) = (Id::new(), Id::new());
        let token = tokens.sign(user, "a@b.c", Role::Admin, session).unwrap();
        let claims = tokens.verify(&token).unwrap();
        assert_eq!((claims.user_id, claims.sid), (user, session));
    }

    #[test]
    fn accepts_only_its_own_kind_of_token() {
        let tokens = tokens("secret");
        assert!(tokens.verify(&signed(&claims(), Algorithm::HS256)).is_ok());
        for (what, key, value) in [
            ("issuer", "iss", serde_json::json!("someone")),
            ("audience", "aud", serde_json::json!("someone")),
            ("expired", "exp", serde_json::json!(1)),
            ("not yet valid", "nbf", serde_json::json!(Timestamp::now().as_secs() + 600)),
        ] {
            let mut wrong = claims();
            wrong[key] = value;
            assert!(tokens.verify(&signed(&wrong, Algorithm::HS256)).is_err(), "{what}");
        }
        assert!(tokens.verify(&signed(&claims(), Algorithm::HS384)).is_err(), "algorithm");
        assert!(self::tokens("other").verify(&signed(&claims(), Algorithm::HS256)).is_err());
        let token = signed(&claims(), Algorithm::HS256);
        let body = token.split('.').nth(1).unwrap();
        // {"alg":"none","typ":"JWT"}
        let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
        assert!(tokens.verify(&none).is_err(), "alg=none");
        assert!(tokens.verify(&token.replace('.', ".A")).is_err(), "tampered");
        assert!(tokens.verify("").is_err());
    }
}
