//! Providers that speak OAuth 2.0 without OpenID Connect.

use super::*;

/// The fake as a provider without discovery. Its userinfo is where a GitHub
/// Enterprise Server has it.
fn entry(fake: &Fake) -> Value {
    let at = |path: &str| format!("{}{path}", fake.issuer);
    json!({
        "name": "fake", "type": "oauth2", "client_id": fake::CLIENT,
        "client_secret": fake::SECRET, "authorization_url": at("/authorize?tenant=a"),
        "token_url": at("/token"), "userinfo_url": at("/api/v3/user"),
        "scopes": ["read:user", "user:email"],
    })
}

#[tokio::test]
async fn github_tells_addresses_apart() {
    let fake = Fake::start().await;
    let host = host_with(Store::Embedded, &[entry(&fake)], free_port()).await.unwrap();
    let admin = host.admin().await;
    let ada = host.user(&admin, "ada@example.com").await;
    fake.give(None);
    fake.answer(
        "/api/v3/user",
        200,
        &json!({"id": 7, "login": "ada", "name": "Ada", "email": null}),
    );
    let address = |email: &str, primary: bool, verified: bool| json!({"email": email, "primary": primary, "verified": verified});
    let mut browser = Browser::new();
    // Nothing verified: nobody to be.
    fake.answer("/api/v3/user/emails", 200, &json!([address("ada@example.com", true, false)]));
    let begun = browser.begin(&host, "fake").await;
    assert_eq!(browser::parameter(&begun, "tenant").as_deref(), Some("a"), "{begun}");
    assert_eq!(browser::parameter(&begun, "scope").as_deref(), Some("read:user user:email"));
    let told = error(&lies::finish(&mut browser, &host, &begun).await);
    assert!(told.contains("no e-mail address"), "{told}");
    // A verified one is as good as anybody's word: the account is linked.
    let listed = [address("x@example.com", false, true), address("ada@example.com", true, true)];
    fake.answer("/api/v3/user/emails", 200, &json!(listed));
    let begun = browser.begin(&host, "fake").await;
    let session = exchange(&host, &code(&lies::finish(&mut browser, &host, &begun).await)).await;
    assert_eq!(session["user"]["id"], ada.id.as_str());
    assert_eq!(session["user"]["authProvider"], "fake");
    // The secret and the proof of PKCE go into the body.
    let form = fake.asked("/token").pop().unwrap();
    assert!(form.contains("client_secret=") && form.contains("code_verifier="), "{form}");
    host.finish().await;
}
