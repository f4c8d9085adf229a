use serde_json::{Value, json};

use super::*;

fn rules() -> ProviderRules {
    ProviderRules {
        email_claim: None,
        name_claim: None,
        allowed_domains: Vec::new(),
        signup_enabled: true,
        trust_email: false,
        default_role: Role::User,
        groups: None,
    }
}

fn read(claims: Value, rules: &ProviderRules) -> Result<Person> {
    let Value::Object(claims) = claims else { panic!("an object") };
    Person::read(&Claims(claims), rules)
}

fn code(claims: Value, rules: &ProviderRules) -> &'static str {
    read(claims, rules).unwrap_err().code()
}

#[test]
fn reads_the_usual_claims_first_and_then_the_others() {
    let all = json!({
        "sub": "s", "id": 7, "email": "a@x.y", "email_verified": true, "mail": "b@x.y",
        "name": "A", "display_name": "B", "preferred_username": "c",
    });
    let person = read(all, &rules()).unwrap();
    assert_eq!((person.subject.as_str(), person.email.as_str()), ("s", "a@x.y"));
    assert_eq!((person.name.as_str(), person.email_verified), ("A", true));
    let few = json!({"id": 7, "email": "", "mail": "b@x.y", "preferred_username": " c "});
    let person = read(few, &rules()).unwrap();
    assert_eq!((person.subject.as_str(), person.email.as_str()), ("7", "b@x.y"));
    assert_eq!(person.name, "c");
    let bare = json!({"sub": "s", "preferred_username": "d@x.y"});
    let person = read(bare, &rules()).unwrap();
    assert_eq!((person.email.as_str(), person.name.as_str()), ("d@x.y", "d@x.y"));
    let nameless = json!({"sub": "s", "email": "e@x.y"});
    assert_eq!(read(nameless, &rules()).unwrap().name, "e");
}

#[test]
fn maps_claims_with_unusual_names() {
    let rules = ProviderRules {
        email_claim: Some("contact.work".into()),
        name_claim: Some("https://example.com/name".into()),
        ..rules()
    };
    let claims = json!({
        "sub": "s", "email": "a@x.y", "contact": {"work": "w@x.y"},
        "name": "A", "https://example.com/name": "W",
    });
    let person = read(claims, &rules).unwrap();
    assert_eq!((person.email.as_str(), person.name.as_str()), ("w@x.y", "W"));
}

#[test]
fn believes_only_what_email_verified_speaks_of() {
    let verified =
        |claims: Value, rules: &ProviderRules| read(claims, rules).unwrap().email_verified;
    let with = |value: Value| json!({"sub": "s", "email": "a@x.y", "email_verified": value});
    for (value, expected) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!(1), false),
        (Value::Null, false),
    ] {
        assert_eq!(verified(with(value.clone()), &rules()), expected, "{value}");
    }
    assert!(!verified(json!({"sub": "s", "email": "a@x.y"}), &rules()));
    // Anybody may call themselves anything in `preferred_username`.
    let other = json!({"sub": "s", "preferred_username": "boss@x.y", "email_verified": true});
    assert!(!verified(other.clone(), &rules()));
    assert!(verified(other, &ProviderRules { trust_email: true, ..rules() }));
}

#[test]
fn refuses_people_it_cannot_tell_apart_or_reach() {
    assert_eq!(code(json!({"email": "a@x.y"}), &rules()), "auth.provider.no-subject");
    assert_eq!(code(json!({"sub": "", "email": "a@x.y"}), &rules()), "auth.provider.no-subject");
    assert_eq!(code(json!({"sub": "s"}), &rules()), "auth.provider.no-email");
    assert_eq!(
        code(json!({"sub": "s", "email": "no address"}), &rules()),
        "auth.provider.no-email"
    );
}

#[test]
fn lets_in_allowed_domains_with_verified_addresses() {
    let rules = ProviderRules { allowed_domains: vec!["Example.com".into()], ..rules() };
    let with = |email: &str, verified: bool| json!({"sub": "s", "email": email, "email_verified": verified});
    assert!(read(with("a@example.COM", true), &rules).is_ok());
    assert_eq!(code(with("a@example.com", false), &rules), "auth.email.unverified");
    for other in ["a@example.com.evil.org", "a@sub.example.com", "a@xexample.com"] {
        assert_eq!(code(with(other, true), &rules), "auth.domain.refused", "{other}");
    }
}

#[test]
fn gives_the_most_powerful_role_of_the_groups() {
    let roles = BTreeMap::from([("ops".to_owned(), Role::Admin), ("dev".to_owned(), Role::User)]);
    let groups = Some(GroupRoles { claim: "realm_access.roles".into(), roles });
    let admin_else = ProviderRules { default_role: Role::Admin, groups: groups.clone(), ..rules() };
    let user_else = ProviderRules { groups, ..rules() };
    let role = |value: Value, rules: &ProviderRules| {
        let claims = json!({"sub": "s", "email": "a@x.y", "realm_access": {"roles": value}});
        read(claims, rules).unwrap().role
    };
    assert_eq!(role(json!(["dev", "ops"]), &user_else), Role::Admin);
    assert_eq!(role(json!("ops"), &user_else), Role::Admin);
    for value in [json!(["dev"]), json!(["OPS"]), json!([["ops"]]), json!({"ops": true}), json!(7)]
    {
        assert_eq!(role(value.clone(), &user_else), Role::User, "{value}");
    }
    assert_eq!(role(json!(["dev"]), &admin_else), Role::User);
    assert_eq!(role(json!(["else"]), &admin_else), Role::Admin);
    let none = json!({"sub": "s", "email": "a@x.y", "groups": ["ops"]});
    assert_eq!(read(none, &rules()).unwrap().role, Role::User);
}

#[test]
fn shows_other_peoples_words_on_one_bounded_line() {
    assert_eq!(plain("a\r\nb\u{7}"), "a  b");
    assert_eq!(plain(&"x".repeat(1000)).len(), 300);
    assert_eq!(escaped("a b&c=ü"), "a+b%26c%3D%C3%BC");
}
