use std::path::Path;

use super::*;
use crate::settings::{Flags, Loaded, Settings};

const CORP: &str = "
AUTH:
  PROVIDERS:
    - NAME: corp
      DISPLAY_NAME: Corp
      TYPE: oidc
      ENABLED: true
      CLIENT_ID: bowsprit
      CLIENT_SECRET: hunter-2
      ISSUER_URL: https://id.example.com/realms/corp
      CLAIM_MAPPINGS: {EMAIL: mail, NAME: display.name}
      ALLOWED_DOMAINS: [example.com]
      DEFAULT_ROLE: user
      GROUP_CLAIM: realm_access.roles
      ROLE_MAPPINGS: {Platform.Admins: admin}
      ICON: key
";
const HUB: &str = "{\"name\": \"hub\", \"type\": \"oauth2\", \"client_id\": \"id\", \
     \"client_secret\": \"hunter-2\", \"authorization_url\": \"https://h/a\", \
     \"token_url\": \"https://h/t\", \"userinfo_url\": \"https://h/u\"}";

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Settings, SettingError> {
    Ok(read(file, environment)?.settings)
}

fn read(file: &str, environment: &[(&str, &str)]) -> Result<Loaded, SettingError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    std::fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Loaded::read(Some(Path::new(&path)), environment, Flags::default())
}

/// The sentence about one entry, given as JSON.
fn refused(entry: &str) -> String {
    let error = load("", &[("BOWSPRIT_AUTH_PROVIDERS", &format!("[{entry}]"))]).unwrap_err();
    let text = error.to_string();
    assert!(!text.contains("hunter-2"), "{text}");
    text
}

/// `HUB` with a piece of it replaced.
fn hub(from: &str, to: &str) -> String {
    assert!(HUB.contains(from), "{from}");
    HUB.replace(from, to)
}

#[test]
fn reads_the_references_keys_in_any_case() {
    for file in [CORP.to_owned(), CORP.to_lowercase().replace("platform.admins", "Platform.Admins")]
    {
        let settings = load(&file, &[]).unwrap();
        let [corp] = settings.auth.providers.as_slice() else { panic!("one provider") };
        assert_eq!((corp.name.as_str(), corp.protocol), ("corp", Protocol::Oidc));
        assert_eq!(corp.client_secret.expose_secret(), "hunter-2");
        assert_eq!(corp.claim_mappings.email.as_deref(), Some("mail"));
        assert_eq!(corp.claim_mappings.name.as_deref(), Some("display.name"));
        assert_eq!(corp.group_claim.as_deref(), Some("realm_access.roles"));
        // A group is somebody else's name: its case counts.
        assert_eq!(corp.role_mappings.get("Platform.Admins"), Some(&Role::Admin));
        assert!(!format!("{settings:?}").contains("hunter"));
    }
}

#[test]
fn reads_the_environment() {
    let both = format!("[{HUB}]");
    let settings = load("", &[("BOWSPRIT_AUTH_PROVIDERS", &both)]).unwrap();
    let hub = settings.auth.providers.first().unwrap();
    assert_eq!((hub.shown(), hub.enabled, hub.protocol), ("hub", true, Protocol::OAuth2));
    let secret = ("BOWSPRIT_AUTH_PROVIDERS_CORP_CLIENT_SECRET", "better");
    let settings = load(CORP, &[secret]).unwrap();
    assert_eq!(settings.auth.providers[0].client_secret.expose_secret(), "better");
    let file = CORP.replace("name: corp", "name: my-corp").replace("NAME: corp", "NAME: my-corp");
    let secret = ("BOWSPRIT_AUTH_PROVIDERS_MY_CORP_CLIENT_ID", "other");
    let settings = load(&file, &[secret]).unwrap();
    assert_eq!(settings.auth.providers[0].client_id, "other");
    for (file, variable) in [
        (CORP, "BOWSPRIT_AUTH_PROVIDERS_HUB_CLIENT_SECRET"),
        (CORP, "BOWSPRIT_AUTH_PROVIDERS_CORP_COLOUR"),
        ("", "BOWSPRIT_AUTH_PROVIDERS_CORP_CLIENT_SECRET"),
    ] {
        let warnings = read(file, &[(variable, "x")]).unwrap().warnings;
        assert!(warnings.iter().any(|it| it.contains(variable)), "{warnings:?}");
    }
}

#[test]
fn names_the_entry_and_the_fix() {
    for (entry, expected) in [
        (hub("\"client_id\": \"id\", ", ""), "`client_id` is missing"),
        (hub("\"hunter-2\"", "\"\""), "BOWSPRIT_AUTH_PROVIDERS_HUB_CLIENT_SECRET"),
        (hub(", \"userinfo_url\": \"https://h/u\"", ""), "`userinfo_url` is missing"),
        (hub("oauth2", "oidc"), "`issuer_url` is missing"),
        (hub("\"type\"", "\"issuer_url\": \"nowhere\", \"type\""), "`issuer_url` is no URL"),
        (hub("oauth2", "saml"), "saml"),
        (hub("https://h/t", "http://h/t"), "`allow_http`"),
        (hub("https://h/t", "https://169.254.169.254/t"), "`token_url`"),
        (hub("https://h/t", "no url"), "hub"),
        (hub("\"name\": \"hub\"", "\"name\": \"a/b\""), "letters"),
        (hub("\"name\": \"hub\", ", ""), "number 1"),
        (hub("\"type\"", "\"colour\": \"red\", \"type\""), "colour"),
        (hub("\"type\"", "\"role_mappings\": {\"a\": \"admin\"}, \"type\""), "`group_claim`"),
        (hub("\"type\"", "\"default_role\": \"king\", \"type\""), "king"),
        (format!("{HUB}, {HUB}"), "name of another"),
        ("7".into(), "`auth.providers`"),
    ] {
        let error = refused(&entry);
        assert!(error.contains(expected) && error.contains("auth.providers"), "{entry}: {error}");
    }
    let error = load("", &[("BOWSPRIT_AUTH_PROVIDERS", "{hunter-2")]).unwrap_err().to_string();
    assert!(error.contains("`auth.providers`") && !error.contains("hunter"), "{error}");
    let http = hub("https://h/t", "http://h/t\", \"allow_http\": true, \"icon\": \"");
    assert!(load("", &[("BOWSPRIT_AUTH_PROVIDERS", &format!("[{http}]"))]).is_ok());
}

#[test]
fn lets_an_entry_that_is_off_be_incomplete() {
    let off = hub("\"client_id\": \"id\"", "\"enabled\": false");
    let settings = load("", &[("BOWSPRIT_AUTH_PROVIDERS", &format!("[{off}]"))]).unwrap();
    assert!(!settings.auth.providers[0].enabled);
}

#[test]
fn takes_what_is_empty_as_not_said() {
    let template = "\"authorization_url\"";
    let empty = format!(
        "\"issuer_url\": \"\", \"icon\": null, \"default_role\": \"\", \
         \"claim_mappings\": {{\"email\": \"\"}}, {template}"
    );
    let entry = hub(template, &empty);
    let settings = load("", &[("BOWSPRIT_AUTH_PROVIDERS", &format!("[{entry}]"))]).unwrap();
    assert_eq!(settings.auth.providers[0].claim_mappings.email, None);
    assert_eq!(settings.auth.providers[0].issuer_url, None);
}

#[test]
fn insists_on_one_way_to_sign_in() {
    let builtin_off = ("BOWSPRIT_AUTH_BUILTIN_ENABLED", "false");
    let error = load("", &[builtin_off]).unwrap_err().to_string();
    assert!(error.contains("sign in") && error.contains("`auth.builtin.enabled`"), "{error}");
    assert!(load(CORP, &[builtin_off]).is_ok());
    let off = CORP.replace("ENABLED: true", "ENABLED: false");
    assert!(load(&off, &[builtin_off]).is_err());
    assert!(load(&off, &[]).is_ok());
}
