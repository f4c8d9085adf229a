use secrecy::ExposeSecret as _;

use super::*;

fn load(file: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Settings, SettingError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    std::fs::write(&path, file).unwrap();
    let environment =
        environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Settings::load(Some(&path), environment, flags)
}

fn refused(file: &str, environment: &[(&str, &str)]) -> String {
    load(file, environment, Flags::default()).unwrap_err().to_string()
}

#[test]
fn has_defaults_for_everything() {
    let settings = load("", &[], Flags::default()).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:3000");
    assert_eq!(settings.store.expose_secret(), "embedded");
    assert_eq!(settings.cors_allowed_origins, ["http://localhost:3001"]);
    assert!(settings.auth.builtin.enabled);
    assert!(settings.jwt_secret.is_none());
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "listen: 127.0.0.1:1\nlog_level: warn\nplugins:\n  dirs: [/a, /b]\n";
    let environment = [("BOWSPRIT_LISTEN", "127.0.0.1:2"), ("BOWSPRIT_LOG_LEVEL", "debug")];
    let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
    let settings = load(file, &environment, flags).unwrap();
    assert_eq!(settings.listen, "127.0.0.1:3");
    assert_eq!(settings.log_level, "debug");
    assert_eq!(settings.plugins.dirs, [PathBuf::from("/a"), PathBuf::from("/b")]);
}

#[test]
fn every_key_can_come_from_the_environment() {
    for key in KEYS {
        let text = match key.name {
            "listen" => "127.0.0.1:9",
            "store" => "mongodb://u:p@h/d",
            "log_format" => "json",
            "trusted_proxies" => "10.0.0.0/8, ::1",
            name if name.starts_with("limits.") => "50000",
            "auth.password.min_length" | "auth.throttle.minutes" | "auth.invites.valid_days" => "8",
            name if name.contains("failures_per") || name.ends_with("max_bytes") => "200",
            "limits.password_threads" | "token_refresh_max_age_days" => "3",
            name if name.contains("enabled") => "false",
            _ => "a text that is long enough",
        };
        let text = if key.name == "limits.password_threads" { "3" } else { text };
        let variable = format!("{PREFIX}{}", key.variable());
        let loaded = load("", &[(&variable, text)], Flags::default());
        assert!(loaded.is_ok(), "{variable}: {:?}", loaded.err());
    }
}

#[test]
fn names_key_value_and_accepted_form() {
    let error = refused("listen: nowhere\n", &[]);
    assert!(error.contains("`listen`") && error.contains("`nowhere`"), "{error}");
    assert!(error.contains("host:port"), "{error}");
    let error = refused("limits:\n  nodes: many\n", &[]);
    assert!(error.contains("`limits.nodes`") && error.contains("1 to 100000"), "{error}");
    let error = refused("", &[("BOWSPRIT_LIMITS_NODES", "0")]);
    assert!(error.contains("`limits.nodes`") && error.contains("`0`"), "{error}");
    let error = refused("trusted_proxies: [10.0.0.0/8, proxy]\n", &[]);
    assert!(error.contains("`trusted_proxies`") && error.contains("proxy"), "{error}");
    let error = refused("auth:\n  builtin:\n    enabled: perhaps\n", &[]);
    assert!(error.contains("`auth.builtin.enabled`"), "{error}");
}

#[test]
fn never_shows_a_secret() {
    let error = refused("jwt_secret: hunter-2\n", &[]);
    assert!(error.contains("`jwt_secret`") && !error.contains("hunter"), "{error}");
    let error = refused("store: postgres://u:hunter-2@h\n", &[]);
    assert!(error.contains("mongodb://") && !error.contains("hunter"), "{error}");
    let settings = load("store: mongodb://u:hunter-2@h/d\n", &[], Flags::default()).unwrap();
    assert!(!format!("{settings:?}").contains("hunter"));
}

#[test]
fn refuses_what_it_does_not_know() {
    assert!(refused("colour: red\n", &[]).contains("`colour`"));
    assert!(refused("plugins:\n  dir: /a\n", &[]).contains("`plugins.dir`"));
    assert!(refused("", &[("BOWSPRIT_COLOUR", "red")]).contains("BOWSPRIT_COLOUR"));
    assert!(load("", &[("BOWSPRIT_TEST_MONGODB_URI", "x")], Flags::default()).is_ok());
    assert!(refused("a: [", &[]).contains("config.yaml"));
    let missing =
        Settings::load(Some(Path::new("/nonexistent")), std::iter::empty(), Flags::default());
    assert!(missing.unwrap_err().to_string().contains("/nonexistent"));
}
