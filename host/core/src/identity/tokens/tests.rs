use serde_json::{Value, json};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn keys(first: &str, old: &[&str], reference: bool) -> SigningKeys {
    let old = old.iter().map(|it| (*it).to_owned().into()).collect();
    SigningKeys { first: first.to_owned().into(), old, reference }
}

fn tokens(secret: &str) -> Tokens {
    Tokens::new(&keys(secret, &[], true), MINUTE)
}

fn signed_by(secret: &[u8], claims: &Value, algorithm: Algorithm) -> String {
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
}

fn signed(claims: &Value) -> String {
    signed_by(b"secret", claims, Algorithm::HS256)
}

fn claims() -> Value {
    let now = Timestamp::now().as_secs();
    json!({
        "user_id": Id::new(), "email": "a@b.c", "role": "user", "sid": Id::new(), "jti": Id::new(),
        "iss": ISSUER, "aud": ACCESS, "iat": now, "nbf": now, "exp": now + 60,
    })
}

/// What the reference signs.
fn reference_claims() -> Value {
    let now = Timestamp::now().as_secs();
    json!({
        "user_id": Id::new(), "email": "a@b.c", "role": "admin",
        "iat": now, "nbf": now, "exp": now + 60,
    })
}

fn session(rotation: Option<i64>) -> (User, Session) {
    let now = Timestamp::now();
    let user = json!({
        "email": "a@b.c", "email_key": "a@b.c", "name": "A", "role": "admin",
        "created_at": now, "updated_at": now,
    });
    let user = User { id: Id::new(), ..serde_json::from_value::<User>(user).unwrap() };
    let session = json!({
        "user_id": user.id, "created_at": now, "used_at": now, "address": "", "agent": "",
        "active_until": now + MINUTE, "refresh_until": now + MINUTE, "rotation": rotation,
    });
    let session = Session { id: Id::new(), ..serde_json::from_value(session).unwrap() };
    (user, session)
}

#[test]
fn verifies_what_it_signed() {
    let tokens = tokens("secret");
    let (user, session) = session(None);
    let read = tokens.verify(&tokens.sign(&user, &session).unwrap()).unwrap();
    assert_eq!((read.user, read.session, read.reference_until), (user.id, session.id, None));
    assert!(tokens.sign_refresh(&session).unwrap().is_none());
}

#[test]
fn refresh_and_access_tokens_do_not_pass_for_each_other() {
    let tokens = tokens("secret");
    let (user, session) = session(Some(3));
    let access = tokens.sign(&user, &session).unwrap();
    let refresh = tokens.sign_refresh(&session).unwrap().unwrap();
    let read = tokens.verify_refresh(&refresh).unwrap();
    assert_eq!((read.user, read.session, read.number), (user.id, session.id, 3));
    assert!(tokens.verify(&access).is_ok());
    assert!(tokens.verify(&refresh).is_err());
    assert!(tokens.verify_refresh(&access).is_err());
}

#[test]
fn accepts_only_its_own_kind_of_token() {
    let tokens = tokens("secret");
    assert!(tokens.verify(&signed(&claims())).is_ok());
    let later = Timestamp::now().as_secs() + 600;
    for (what, key, value) in [
        ("issuer", "iss", json!("someone")),
        ("no issuer", "iss", json!(null)),
        ("audience", "aud", json!("someone")),
        ("audiences", "aud", json!([ACCESS, "someone"])),
        ("no audience", "aud", json!(null)),
        ("no session", "sid", json!(null)),
        ("user", "user_id", json!("zz")),
        ("expired", "exp", json!(1)),
        ("no end", "exp", json!(null)),
        ("not yet valid", "nbf", json!(later)),
        ("no beginning", "nbf", json!(null)),
    ] {
        let mut wrong = claims();
        wrong[key] = value;
        assert!(tokens.verify(&signed(&wrong)).is_err(), "{what}");
    }
    assert!(tokens.verify(&signed_by(b"secret", &claims(), Algorithm::HS384)).is_err());
    assert!(tokens.verify(&signed_by(b"other", &claims(), Algorithm::HS256)).is_err());
    let token = signed(&claims());
    let body = token.split('.').nth(1).unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}.");
    assert!(tokens.verify(&none).is_err(), "alg=none");
    assert!(tokens.verify(&token.replace('.', ".A")).is_err(), "tampered");
    assert!(tokens.verify(&format!("{token}x")).is_err(), "a longer signature");
    assert!(tokens.verify("").is_err());
}

#[test]
fn the_references_tokens_count_if_the_key_was_configured() {
    let tokens = tokens("secret");
    let token = signed(&reference_claims());
    let read = tokens.verify(&token).unwrap();
    assert!(read.reference_until.unwrap() > Timestamp::now());
    assert_eq!(read.session, tokens.verify(&token).unwrap().session, "always the same session");
    let generated = Tokens::new(&keys("secret", &[], false), MINUTE);
    assert!(generated.verify(&token).is_err());
    let later = Timestamp::now().as_secs() + 600;
    for (what, key, value) in [
        ("an issuer", "iss", json!(ISSUER)),
        ("an audience", "aud", json!(ACCESS)),
        ("a session", "sid", json!(Id::new())),
        ("not yet valid", "nbf", json!(later)),
        ("no end", "exp", json!(null)),
        ("user", "user_id", json!("zz")),
    ] {
        let mut wrong = reference_claims();
        wrong[key] = value;
        assert!(tokens.verify(&signed(&wrong)).is_err(), "{what}");
    }
    assert!(tokens.verify(&signed_by(b"other", &reference_claims(), Algorithm::HS256)).is_err());
}

#[test]
fn keys_are_rotated_without_ending_a_token() {
    let (user, session) = session(None);
    let before = tokens("first-secret").sign(&user, &session).unwrap();
    let rotated = Tokens::new(&keys("second-secret", &["first-secret"], false), MINUTE);
    assert!(rotated.verify(&before).is_ok());
    let after = rotated.sign(&user, &session).unwrap();
    assert!(rotated.verify(&after).is_ok());
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    assert_ne!(kid(&before), kid(&after));
    // Tokens of before keys had ids.
    let mut nameless = claims();
    nameless["user_id"] = json!(user.id);
    let nameless = signed_by(b"first-secret", &nameless, Algorithm::HS256);
    assert!(rotated.verify(&nameless).is_ok());
    // A key that was taken away counts no longer.
    let without = Tokens::new(&keys("second-secret", &[], false), MINUTE);
    assert!(without.verify(&before).is_err());
    assert!(without.verify(&after).is_ok());
}
