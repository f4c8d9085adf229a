//! What counts as secret. The README has the list for people; a mistake in
//! doubt keeps a setting from view, not a secret in it.

/// Words that make a name secret.
const WORDS: [&str; 15] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "SECRET",
    "SECRETS",
    "TOKEN",
    "TOKENS",
    "CREDENTIAL",
    "CREDENTIALS",
    "PRIVATE",
    "APIKEY",
    "AUTHORIZATION",
    "SALT",
    "PEPPER",
];

/// How keys of well-known services begin, with the shortest they are.
const PREFIXES: [(&str, usize); 17] = [
    ("AKIA", 20),
    ("ASIA", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("AIza", 30),
    ("hf_", 20),
    ("npm_", 20),
    ("sk-", 20),
    ("SG.", 30),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("sk_live_", 20),
    ("rk_live_", 20),
    ("whsec_", 20),
];

/// The shortest value that is called random.
const RANDOM_LENGTH: usize = 32;

/// Why a setting of this name is secret; none if the name does not say so.
pub(crate) fn by_name(key: &str) -> Option<&'static str> {
    let words = words(key);
    let has = |word: &str| words.iter().any(|it| it == word);
    let is_key = (has("KEY") || has("KEYS")) && !has("PUBLIC");
    let is_pwd = has("PWD") && words.len() > 1;
    (is_key || is_pwd || WORDS.iter().any(|it| has(it))).then_some("its name says it is secret")
}

/// Why a setting with this value is secret; none if it does not look so.
pub(crate) fn by_value(value: &str) -> Option<&'static str> {
    if value.contains("-----BEGIN ") && value.contains("PRIVATE KEY-----") {
        return Some("it is a private key");
    }
    if has_password(value) {
        return Some("it is a URL with a password");
    }
    if is_token(value) {
        return Some("it is a JSON Web Token");
    }
    if PREFIXES.iter().any(|(start, least)| value.starts_with(start) && value.len() >= *least) {
        return Some("it begins like a key of a well-known service");
    }
    is_random(value).then_some("it looks random")
}

/// The words of a name, in capitals: `dbPassword` and `DB_PASSWORD` have the
/// same ones.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in key.chars() {
        let splits = !character.is_ascii_alphanumeric();
        if splits || (was_lower && character.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if let (false, Some(word)) = (splits, words.last_mut()) {
            word.push(character.to_ascii_uppercase());
        }
        was_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
    }
    words.retain(|it| !it.is_empty());
    words
}

/// `scheme://user:password@host`, with something as password.
fn has_password(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let userinfo = authority.rsplit_once('@').map(|(userinfo, _)| userinfo);
    let password = userinfo.and_then(|it| it.split_once(':')).map(|(_, password)| password);
    !scheme.is_empty() && password.is_some_and(|it| !it.is_empty())
}

/// Three parts of base64url, the first of them a JSON object.
fn is_token(value: &str) -> bool {
    let is_part = |it: &str| {
        !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_=".contains(&it))
    };
    value.starts_with("eyJ") && value.split('.').count() == 3 && value.split('.').all(is_part)
}

/// Long, letters and digits mixed, and varied: three quarters of the values of
/// an alphabet of 16 have to occur, which words and repetitions do not reach.
fn is_random(value: &str) -> bool {
    let allowed = |it: u8| it.is_ascii_alphanumeric() || b"+/=".contains(&it);
    if value.len() < RANDOM_LENGTH || !value.bytes().all(allowed) {
        return false;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let mut seen: Vec<u8> = value.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    digits >= 4 && letters >= 4 && seen.len() >= 12
}

#[cfg(test)]
mod tests {
    use super::{by_name, by_value};

    fn reason(key: &str, value: &str) -> Option<&'static str> {
        by_name(key).or_else(|| by_value(value))
    }

    #[test]
    fn names_are_judged_by_whole_words() {
        for secret in [
            "DB_PASSWORD",
            "dbPassword",
            "API_KEY",
            "api.key",
            "AWS_ACCESS_KEY_ID",
            "DB_PWD",
            "SESSION_SECRET",
            "GITHUB_TOKEN",
            "APIKEY",
            "TLS_PRIVATE",
            "HASH_SALT",
        ] {
            assert!(reason(secret, "x").is_some(), "{secret}");
        }
        for setting in
            ["MONKEY", "KEYBOARD_LAYOUT", "AUTHOR", "PWD", "PUBLIC_KEY", "PORT", "COMPASS"]
        {
            assert_eq!(reason(setting, "x"), None, "{setting}");
        }
    }

    #[test]
    fn values_are_judged_by_their_shape() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
        for secret in [
            "postgres://app:hunter2@db/app",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
            token,
            "ghp_0123456789abcdefghij",
            "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ] {
            assert!(reason("X", secret).is_some(), "{secret}");
        }
        for setting in [
            "https://example.com/a:b@c",
            "postgres://app@db/app",
            "11111111111111111111111111111111aaaa",
            "123e4567-e89b-12d3-a456-426614174000",
            "a/long/path/without/any/digits/in/it/at/all",
            "sk-short",
        ] {
            assert_eq!(reason("X", setting), None, "{setting}");
        }
    }
}
