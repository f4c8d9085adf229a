//! GitHub hides e-mail addresses from its userinfo and does not say there
//! whether one is verified; a second endpoint does.

use bowsprit_host_core::identity::oauth::ProviderError;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::userinfo;
use crate::client::Client;

#[derive(Deserialize)]
struct Address {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

/// Where GitHub lists a user's addresses, if `userinfo` is GitHub's: the
/// public one, or an Enterprise Server, whose API is below `/api/v3`.
pub(super) fn addresses_url(userinfo: &Url) -> Option<Url> {
    let public = userinfo.host_str() == Some("api.github.com") && userinfo.path() == "/user";
    if !public && userinfo.path() != "/api/v3/user" {
        return None;
    }
    let mut url = userinfo.clone();
    url.set_path(&format!("{}/emails", userinfo.path()));
    Some(url)
}

/// Puts the best verified address into `claims`. Without the scope
/// `user:email` GitHub refuses the list; then what is there has to do.
pub(super) async fn add_address(
    client: &Client,
    url: &Url,
    token: &str,
    claims: &mut Map<String, Value>,
) -> Result<(), ProviderError> {
    let answer = userinfo::ask(client, url.as_str(), token).await?;
    if !answer.status().is_success() {
        tracing::debug!(status = answer.status().as_u16(), "GitHub lists no addresses");
        return Ok(());
    }
    let listed: Vec<Address> = serde_json::from_slice(answer.body())
        .map_err(|_| ProviderError::Untrusted("its list of addresses is not as expected".into()))?;
    let shown = claims.get("email").and_then(Value::as_str).map(str::to_owned);
    if let Some(email) = best(&listed, shown.as_deref()) {
        claims.insert("email".into(), email.into());
        claims.insert("email_verified".into(), true.into());
    }
    Ok(())
}

/// A verified address: the one the profile shows, the primary one, any.
fn best<'a>(listed: &'a [Address], shown: Option<&str>) -> Option<&'a str> {
    let verified = || listed.iter().filter(|it| it.verified);
    let shown = verified().find(|it| Some(it.email.as_str()) == shown);
    let chosen = shown.or_else(|| verified().find(|it| it.primary)).or_else(|| verified().next());
    chosen.map(|it| it.email.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_github_by_its_host_not_by_a_word_in_it() {
        let list = |url: &str| addresses_url(&url.parse().unwrap()).map(String::from);
        let public = list("https://api.github.com/user").unwrap();
        assert_eq!(public, "https://api.github.com/user/emails");
        let own = list("https://git.example.com/api/v3/user").unwrap();
        assert_eq!(own, "https://git.example.com/api/v3/user/emails");
        for other in ["https://api.github.com.evil.example/user", "https://example.com/github.com"]
        {
            assert_eq!(list(other), None, "{other}");
        }
    }

    #[test]
    fn takes_only_verified_addresses() {
        let address =
            |email: &str, primary, verified| Address { email: email.to_owned(), primary, verified };
        let listed = [
            address("primary@x.y", true, false),
            address("first@x.y", false, true),
            address("second@x.y", false, true),
        ];
        assert_eq!(best(&listed, None), Some("first@x.y"));
        assert_eq!(best(&listed, Some("second@x.y")), Some("second@x.y"));
        assert_eq!(best(&listed, Some("primary@x.y")), Some("first@x.y"));
        assert_eq!(best(&listed[..1], None), None);
        let primary = [address("a@x.y", false, true), address("b@x.y", true, true)];
        assert_eq!(best(&primary, None), Some("b@x.y"));
    }
}
