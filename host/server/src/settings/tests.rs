use secrecy::ExposeSecret as _;

use super::{
    keys::{self, Kind},
    *,
};

fn load(file: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Settings, SettingError> {
    Ok(read(file, environment, flags)?.settings)
}

fn read(file: &str, environment: &[(&str, &str)], flags: Flags) -> Result<Loaded, SettingError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    std::fs::write(&path, file).unwrap();
    let environment =
        environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Loaded::read(Some(&path), environment, flags)
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
    for key in keys::all() {
        let text = match key.kind {
            Kind::Address => "127.0.0.1:9".to_owned(),
            Kind::Store => "mongodb://u:p@h/d".into(),
            Kind::Web => "http://localhost:4318".into(),
            Kind::Invite => "424242".into(),
            Kind::Word(words) => words[0].into(),
            Kind::Networks => "10.0.0.0/8, ::1".into(),
            Kind::Number(least, _) => least.to_string(),
            Kind::Positive(most) => most.to_string(),
            // Off, nobody could sign in.
            Kind::Bool => "True".into(),
            Kind::Url => "https://example.com/app".into(),
            Kind::Tables => "[]".into(),
            _ => "a text that is long enough".into(),
        };
        for prefix in ["BOWSPRIT_", "KUBEORCH_"] {
            let variable = format!("{prefix}{}", key.variable());
            let loaded = load("", &[(&variable, &text)], Flags::default());
            assert!(loaded.is_ok(), "{variable}: {:?}", loaded.err());
        }
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
fn an_unknown_key_is_a_warning_that_names_the_closest() {
    let file = "colour: red\nplugins:\n  dir: /a\nlog_levle: warn\n";
    let environment = [
        ("BOWSPRIT_COLOUR", "red"),
        ("KUBEORCH_RATE_LIMIT_RPM", "9"),
        ("BOWSPRIT_TEST_MONGODB_URI", "x"),
        ("SOMETHING_ELSE", "x"),
    ];
    let loaded = read(file, &environment, Flags::default()).unwrap();
    let warned = |name: &str, hint: &str| {
        let about = format!("`{name}`");
        let found = loaded.warnings.iter().find(|it| it.contains(&about));
        assert!(found.is_some_and(|it| it.contains(hint)), "{name}: {:?}", loaded.warnings);
    };
    warned("colour", "docs/settings.md");
    warned("BOWSPRIT_COLOUR", "docs/settings.md");
    warned("plugins.dir", "`plugins.dirs`");
    warned("log_levle", "`log_level`");
    warned("KUBEORCH_RATE_LIMIT_RPM", "`rate_limit.rps`");
    assert_eq!(loaded.warnings.len(), 5, "{:?}", loaded.warnings);
    assert!(refused("a: [", &[]).contains("config.yaml"));
    let missing =
        Settings::load(Some(Path::new("/nonexistent")), std::iter::empty(), Flags::default());
    assert!(missing.unwrap_err().to_string().contains("/nonexistent"));
}

#[test]
fn takes_a_configuration_of_the_reference_product() {
    let file = "PORT: 8080\nMONGO_URI: mongodb://h/d\nJWT_SECRET: a-secret-of-16-bytes\n\
        CORS_ALLOWED_ORIGINS: http://a.example, http://b.example\nRATE_LIMIT_RPS: 0\n\
        RATE_LIMIT_BURST: \"40\"\nLOG_LEVEL: debug\nGIN_MODE: release\n\
        TOKEN_REFRESH_MAX_AGE_DAYS: 3\nAUTH:\n  BUILTIN:\n    ENABLED: true\n    \
        SIGNUP_ENABLED: false\n    ALLOWED_DOMAINS: [example.com]\n";
    let loaded = read(file, &[], Flags::default()).unwrap();
    let settings = &loaded.settings;
    assert_eq!(settings.listen, "0.0.0.0:8080");
    assert_eq!(settings.store.expose_secret(), "mongodb://h/d");
    assert_eq!(settings.cors_allowed_origins, ["http://a.example", "http://b.example"]);
    assert_eq!((settings.rate_limit.rps.get(), settings.rate_limit.burst.get()), (10, 40));
    assert_eq!((settings.log_level.as_str(), settings.token_refresh_max_age_days), ("debug", 3));
    assert!(settings.auth.builtin.enabled && !settings.auth.builtin.signup_enabled);
    assert_eq!(settings.auth.builtin.allowed_domains, ["example.com"]);
    assert_eq!(loaded.warnings, ["setting `gin_mode` has no effect"]);
}

#[test]
fn our_prefix_wins_over_theirs_and_that_over_none() {
    let environment = [
        ("BOWSPRIT_LOG_LEVEL", "error"),
        ("KUBEORCH_LOG_LEVEL", "warn"),
        ("LOG_LEVEL", "info"),
        ("KUBEORCH_PORT", "1"),
        ("PORT", "2"),
        ("DATA_DIR", "/not-ours"),
    ];
    let settings = load("port: 3\n", &environment, Flags::default()).unwrap();
    assert_eq!(settings.log_level, "error");
    assert_eq!(settings.listen, "0.0.0.0:1");
    assert_eq!(settings.data_dir, PathBuf::from("bowsprit-data"));
    let listen = [("BOWSPRIT_LISTEN", "127.0.0.1:4"), ("PORT", "2")];
    assert_eq!(load("", &listen, Flags::default()).unwrap().listen, "127.0.0.1:4");
}

#[test]
fn prints_values_with_their_origin_and_no_secret() {
    let file = "store: mongodb://u:hunter-2@h/d?password=hunter-2\njwt_secret: hunter-2-hunter-2\n\
        encryption_keys_old: [hunter-2-hunter-2]\n";
    let environment = [("BOWSPRIT_LOG_LEVEL", "debug"), ("PORT", "80")];
    let flags = Flags { data_dir: Some("/data".into()), ..Flags::default() };
    let text = read(file, &environment, flags).unwrap().to_yaml();
    for line in [
        "store: \"mongodb://u:********@h/d\" # file",
        "jwt_secret: \"********\" # file",
        "log_level: debug # environment, BOWSPRIT_LOG_LEVEL",
        "listen: 0.0.0.0:80 # environment, PORT",
        "data_dir: /data # flag",
        "log_format: text # default",
        "# plugins.cache_dir: not set",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in:\n{text}");
    }
    assert!(!text.contains("hunter"), "{text}");
    for key in keys::all() {
        assert_eq!(text.matches(&format!("{}: ", key.name)).count().min(1), 1, "{}", key.name);
    }
}
