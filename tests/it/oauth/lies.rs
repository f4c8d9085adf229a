//! A provider that lies, and one that is not there.

use super::*;

/// Comes back from the fake that `begun` leads to, with a code; answers where
/// the browser is sent then.
pub(super) async fn finish(browser: &mut Browser, host: &TestHost, begun: &Url) -> Url {
    let state = browser::parameter(begun, "state").unwrap();
    let path = format!("/v1/api/auth/oauth/fake/callback?code=any&state={state}");
    let url = format!("{}{path}", host.origin).parse().unwrap();
    browser.open(&url).await.leads()
}

/// Signs in at the fake, which gives what `token` makes of its nonce.
async fn sign_in(host: &TestHost, give: impl FnOnce(&str)) -> Url {
    let mut browser = Browser::new();
    let begun = browser.begin(host, "fake").await;
    give(&browser::parameter(&begun, "nonce").unwrap());
    finish(&mut browser, host, &begun).await
}

#[tokio::test]
async fn an_id_token_is_believed_only_if_all_of_it_is_right() {
    let fake = Fake::start().await;
    let host = host_with_fake(&fake, json!({})).await;
    host.admin().await;
    type Change = fn(&Fake, &mut Value);
    let changes: [(&str, Change, &str); 6] = [
        ("nonce", |_, it| it["nonce"] = "another".into(), "another sign-in"),
        ("no nonce", |_, it| drop(it.as_object_mut().unwrap().remove("nonce")), "another sign-in"),
        ("time", |_, it| it["exp"] = 1_700_000_000.into(), "expired"),
        ("issuer", |_, it| it["iss"] = "http://127.0.0.1:1".into(), "another issuer"),
        ("audience", |_, it| it["aud"] = "someone".into(), "somebody else"),
        ("two audiences", |_, it| it["aud"] = json!([fake::CLIENT, "b"]), "somebody else"),
    ];
    for (what, change, expected) in changes {
        let told = error(
            &sign_in(&host, |nonce| {
                let mut claims = fake.claims(nonce, "ada");
                change(&fake, &mut claims);
                fake.give(Some(&fake.signed("first", &claims)));
            })
            .await,
        );
        assert!(told.contains("The Fake") && told.contains(expected), "{what}: {told}");
    }
    // Nothing of that made an account.
    let good = sign_in(&host, |nonce| {
        fake.give(Some(&fake.signed("first", &fake.claims(nonce, "ada"))));
    });
    let session = exchange(&host, &code(&good.await)).await;
    assert_eq!(session["user"]["email"], "ada@example.com");
    assert!(fake.asked("/userinfo").is_empty(), "the id_token said it all");
    host.finish().await;
}

#[tokio::test]
async fn an_id_token_is_believed_only_with_the_providers_signature() {
    let fake = Fake::start().await;
    let stranger = Fake::start().await;
    let host = host_with_fake(&fake, json!({})).await;
    let unsigned = |claims: &Value| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL};
        let part = |it: &Value| BASE64_URL.encode(it.to_string());
        format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT"})), part(claims))
    };
    let by_secret = |claims: &Value| {
        let key = jsonwebtoken::EncodingKey::from_secret(fake::SECRET.as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).unwrap()
    };
    let tampered = |claims: &Value| {
        let mut other = claims.clone();
        other["sub"] = "boss".into();
        let (good, bad) = (fake.signed("first", claims), unsigned(&other));
        let parts: Vec<_> = good.split('.').collect();
        format!("{}.{}.{}", parts[0], bad.split('.').nth(1).unwrap(), parts[2])
    };
    type Sign<'a> = &'a dyn Fn(&Value) -> String;
    let signs: [(&str, Sign<'_>); 5] = [
        ("none", &unsigned),
        ("the client's secret", &by_secret),
        ("tampered", &tampered),
        ("another key of this id", &|claims| stranger.signed("first", claims)),
        ("another key of another id", &|claims| stranger.signed("other", claims)),
    ];
    for (what, sign) in signs {
        let told = sign_in(&host, |nonce| fake.give(Some(&sign(&fake.claims(nonce, "ada")))));
        let told = error(&told.await);
        assert!(told.contains("signature"), "{what}: {told}");
    }
    host.finish().await;
}

#[tokio::test]
async fn keys_may_change_between_two_sign_ins() {
    let mut fake = Fake::start().await;
    let host = host_with_fake(&fake, json!({})).await;
    for key in ["first", "second", "second"] {
        if key == "second" {
            fake.rotate();
            fake.publish(key);
        }
        let arrived = sign_in(&host, |nonce| {
            fake.give(Some(&fake.signed(key, &fake.claims(nonce, "ada"))));
        });
        exchange(&host, &code(&arrived.await)).await;
    }
    host.finish().await;
}

#[tokio::test]
async fn userinfo_adds_to_an_id_token_or_stands_in_for_it() {
    let fake = Fake::start().await;
    let host = host_with_fake(&fake, json!({})).await;
    let person = |sub: Value| json!({"sub": sub, "email": "ada@example.com", "email_verified": true, "name": "Ada"});
    let few = |nonce: &str| {
        let mut claims = fake.claims(nonce, "ada");
        claims.as_object_mut().unwrap().retain(|key, _| !key.starts_with("email"));
        fake.signed("first", &claims)
    };
    fake.answer("/userinfo", 200, &person("ada".into()));
    for with_token in [true, false] {
        let arrived = sign_in(&host, |nonce| fake.give(with_token.then(|| few(nonce)).as_deref()));
        let session = exchange(&host, &code(&arrived.await)).await;
        assert_eq!(session["user"]["email"], "ada@example.com");
    }
    for (with_token, status, answer, expected) in [
        (true, 200, person("boss".into()), "somebody else"),
        (true, 200, person(Value::Null), "no `sub`"),
        (false, 200, person(Value::Null), "no `sub`"),
        (false, 200, json!(["ada"]), "not a JSON object"),
        (false, 200, json!({"sub": "ada"}), "no e-mail address"),
        (false, 403, json!({}), "403"),
        (false, 302, person("ada".into()), "302"),
    ] {
        fake.answer("/userinfo", status, &answer);
        let told = sign_in(&host, |nonce| fake.give(with_token.then(|| few(nonce)).as_deref()));
        let told = error(&told.await);
        assert!(told.contains(expected), "{answer}: {told}");
    }
    assert!(fake.asked("/redirected").is_empty());
    host.finish().await;
}

#[tokio::test]
async fn a_provider_that_gives_no_token_is_quoted_briefly() {
    let fake = Fake::start().await;
    let host = host_with_fake(&fake, json!({})).await;
    let long = "x".repeat(5_000);
    for (status, answer, expected) in [
        (
            400,
            json!({"error": "invalid_grant", "error_description": "too late"}),
            "invalid_grant: too late",
        ),
        (200, json!({"error": "bad_verification_code"}), "bad_verification_code"),
        (401, json!({"error": "invalid_client", "error_description": long}), "invalid_client"),
        (500, json!("oops"), "not as expected"),
        (200, json!({"access_token": ["canary"], "token_type": "Bearer"}), "`access_token`"),
        (302, json!({}), "not as expected"),
    ] {
        let told = error(&sign_in(&host, |_| fake.answer("/token", status, &answer)).await);
        assert!(told.contains(expected) && told.len() < 400, "{answer}: {told}");
        assert!(!told.contains("canary"), "{told}");
    }
    assert!(fake.asked("/redirected").is_empty());
    host.finish().await;
}

#[tokio::test]
async fn a_provider_that_is_down_stops_nobody_else() {
    let port = free_port();
    let issuer = format!("http://127.0.0.1:{port}");
    let entry = json!({
        "name": "fake", "display_name": "The Fake", "type": "oidc", "client_id": fake::CLIENT,
        "client_secret": fake::SECRET, "issuer_url": issuer,
    });
    let host = host_with(Store::Embedded, &[entry], free_port()).await.unwrap();
    let authorize = async || host.anonymous().get("/auth/oauth/fake/authorize").await;
    let problem = authorize().await.expect_problem(502, "auth.provider.unreachable");
    assert!(problem["error"].as_str().unwrap().contains("The Fake does not answer"), "{problem}");
    host.admin().await;
    let login = json!({"email": "admin@example.com", "password": "secret-123"});
    host.anonymous().post("/auth/login", &login).await.expect(200);
    // A failure is not remembered.
    let fake = Fake::at(&format!("127.0.0.1:{port}")).await;
    let mut browser = Browser::new();
    let begun = browser.begin(&host, "fake").await;
    // What was found out about a provider is: only the exchange fails now.
    fake.answer("/.well-known/openid-configuration", 500, &json!({}));
    let told = error(&finish(&mut browser, &host, &begun).await);
    assert!(told.contains("The Fake"), "{told}");
    browser.begin(&host, "fake").await;
    host.finish().await;
}

#[tokio::test]
async fn an_issuer_is_compared_to_the_letter() {
    let fake = Fake::start().await;
    let path = "/.well-known/openid-configuration";
    let answer = bowsprit_tests::client().get(format!("{}{path}", fake.issuer)).send().await;
    let mut discovery: Value = answer.unwrap().json().await.unwrap();
    let slashed = format!("{}/", fake.issuer);
    discovery["issuer"] = slashed.as_str().into();
    fake.answer(path, 200, &discovery);
    for (issuer, status) in [(&fake.issuer, 502), (&slashed, 307)] {
        let host = host_with_fake(&fake, json!({ "issuer_url": issuer })).await;
        host.anonymous().get("/auth/oauth/fake/authorize").await.expect(status);
        host.finish().await;
    }
}

#[tokio::test]
async fn a_discovery_that_names_other_places_is_refused() {
    for (key, value, expected) in [
        ("issuer", "http://127.0.0.1:1", "unexpected issuer"),
        ("jwks_uri", "http://169.254.169.254/keys", "may not be reached"),
        ("jwks_uri", "http://keys.example.com/", "https://"),
    ] {
        let fake = Fake::start().await;
        let path = "/.well-known/openid-configuration";
        let url = format!("{}{path}", fake.issuer);
        let answer = bowsprit_tests::client().get(url).send().await.unwrap();
        let mut discovery: Value = answer.json().await.unwrap();
        discovery[key] = value.into();
        fake.answer(path, 200, &discovery);
        let host = host_with_fake(&fake, json!({})).await;
        let answer = host.anonymous().get("/auth/oauth/fake/authorize").await;
        let problem = answer.expect_problem(502, "auth.provider.untrusted");
        assert!(problem["error"].as_str().unwrap().contains(expected), "{problem}");
        host.finish().await;
    }
}

#[tokio::test]
async fn nothing_secret_of_a_sign_in_is_logged() {
    use std::io::Read as _;

    let fake = Fake::start().await;
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.yaml");
    // JSON is YAML.
    let settings = json!({
        "log_level": "trace", "frontend_url": FRONTEND, "auth": { "providers": [fake.entry("fake")] },
    });
    std::fs::write(&config, settings.to_string()).unwrap();
    let mut child = crate::process::serve(dir.path(), &["--config", config.to_str().unwrap()]);
    let mut stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let origin = crate::process::address(&mut child);
    let mut browser = Browser::new();
    let mut open = async |path: &str| {
        browser.open(&format!("{origin}/v1/api/auth/oauth/{path}").parse().unwrap()).await.leads()
    };
    let mut secrets = vec![fake::SECRET.to_owned(), "canary".to_owned()];
    for good in [true, false] {
        let begun = open("fake/authorize").await;
        let parameter = |name: &str| browser::parameter(&begun, name).unwrap();
        let (state, nonce) = (parameter("state"), parameter("nonce"));
        let token = fake.signed("first", &fake.claims(if good { &nonce } else { "else" }, "ada"));
        fake.give(Some(&token));
        let arrived = open(&format!("fake/callback?code=canary-code&state={state}")).await;
        secrets.extend([state, nonce, token]);
        if good {
            let code = code(&arrived);
            let session = User::anonymous(&origin)
                .post("/auth/oauth/exchange", &json!({ "code": code }))
                .await
                .expect(200);
            secrets.extend([code, session["token"].as_str().unwrap().to_owned()]);
        }
    }
    secrets.extend(fake.asked("/token").iter().map(|it| {
        let form: Url = format!("http://form?{it}").parse().unwrap();
        browser::parameter(&form, "code_verifier").unwrap()
    }));
    crate::process::signal(&child, "TERM");
    child.wait().unwrap();
    let log = log.join().unwrap().unwrap();
    assert!(log.contains("sign-in failed") && log.contains("DEBUG"), "the log is verbose");
    for secret in secrets {
        let line = log.lines().find(|it| it.contains(&secret));
        assert!(line.is_none(), "`{secret}` in: {}", line.unwrap_or_default());
    }
}
