//! Each rule with texts on both sides of it.

use proptest::prelude::*;

use super::*;

fn check(rule: Rule, good: &[&str], bad: &[&str]) {
    for text in good {
        assert_eq!(rule(text), Ok(()), "{text:?}");
    }
    for text in bad {
        assert!(rule(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_dns_label_has_at_most_63_lower_case_characters() {
    let (fits, long) = ("a".repeat(63), "a".repeat(64));
    check(dns_label, &["a", "0a", "a-b", &fits], &["", "A", "a.b", "-a", "a-", "ä", &long]);
}

#[test]
fn a_dns_subdomain_is_labels_joined_by_dots() {
    check(dns_subdomain, &["a", "a.b-c.d", "1.2"], &["", ".", "a.", "a..b", "a.-b", "a_b"]);
    assert!(dns_subdomain(&"a".repeat(254)).is_err());
}

#[test]
fn a_service_name_starts_with_a_letter() {
    check(service_name, &["web", "w-1"], &["1web", "web.x", "web-", ""]);
}

#[test]
fn a_label_key_may_have_a_domain() {
    check(label_key, &["app", "a.b/C_d.e-f"], &["", "/a", "a/", "a/b/c", "A.b/c", "a b"]);
    check(annotation_key, &["Example.com/Key"], &["a b"]);
}

#[test]
fn a_label_value_may_be_empty() {
    check(label_value, &["", "true", "v1.2_3-x"], &["-a", "a b", "a/b", "ä"]);
}

#[test]
fn a_port_name_has_a_letter_and_at_most_15_characters() {
    check(port_name, &["http", "9p", "a-b"], &["80", "a--b", "-a", "Http", "abcdefghijklmnop"]);
}

#[test]
fn an_env_name_does_not_start_with_a_digit() {
    check(env_name, &["A", "_a", "a.b-c", ".x"], &["", "1A", "A B", "A=B", ".", "..", "..a"]);
}

#[test]
fn a_config_key_is_a_file_name() {
    check(config_key, &["app.ini", "_A", ".env", "0"], &["", ".", "..", "..x", "a/b", "a b"]);
}

#[test]
fn a_quantity_is_a_number_with_a_unit() {
    let good = ["1", "0", "250m", "0.5", ".5", "5.", "64Mi", "1k", "1e3", "1E", "12E-2", "+1"];
    let bad = ["", "m", "-1", "1K", "1 Gi", "1.2.3", "1mi", "1e", "Inf", "1MB"];
    check(quantity, &good, &bad);
}

#[test]
fn an_image_is_one_word() {
    let good = ["nginx", "nginx:1.27", "localhost:5000/a/b@sha256:00", "registry.io/x-y/z:V1"];
    let bad = [
        "",
        " ",
        "a b",
        "a\n",
        "nginx:",
        "https://nginx",
        "/nginx",
        "-x",
        "ä",
        "Nginx",
        "a/B",
        "a//b",
        "nginx:1:2",
        "nginx@sha256",
        "nginx:.1",
        "a..b",
        "host:x/a",
    ];
    check(image, &["a.b/c", "a__b", "A.io/b", "h:5000/a:1@x+y:0f", "localhost/x"], &[]);
    check(image, &good, &bad);
}

#[test]
fn paths_stay_where_they_belong() {
    check(mount_path, &["/etc/config", "/data x"], &["", "/", "etc", "/a:b", "/a\nb"]);
    check(sub_path, &["a", "a/b", "a..b", ""], &["/a", "..", "a/../b", "a\0"]);
}

#[test]
fn address_ranges_have_a_prefix_length() {
    check(
        cidr,
        &["10.0.0.0/8", "::/0", "0.0.0.0/32"],
        &["10.0.0.0", "10.0.0/8", "1.1.1.1/33", "::/129", "a/+8"],
    );
}

#[test]
fn amounts_of_different_units_compare() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let cases = [
        ("250m", "0.25", Equal),
        ("1Ki", "1024", Equal),
        ("1Gi", "1G", Greater),
        ("1e3", "1k", Equal),
        ("512m", "1", Less),
        ("5E", "6000000T", Less),
        ("0.5Gi", "512Mi", Equal),
        ("0.3", "300m", Equal),
        ("1.1", "1100000u", Equal),
        ("0.000000001", "1n", Equal),
        ("123456789012345", "123456789012344", Greater),
        ("0e999", "1n", Less),
    ];
    for (left, right, expected) in cases {
        assert_eq!(compare(left, right), Some(expected), "{left} {right}");
    }
    assert_eq!(compare("x", "1"), None);
}

#[test]
fn a_schedule_has_five_fields_or_is_a_word() {
    let good = [
        "0 * * * *",
        "*/5 0-23/2 1,15 jan-MAR mon",
        "@daily",
        "@every 1h30m",
        "? 0 ? * 6",
        "5/10 * * * *",
    ];
    let bad = [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 7",
        "*/0 * * * *",
        "5-1 * * * *",
        "@reboot",
        "@every",
        "@every 5",
        "a * * * *",
        "TZ=UTC 0 * * * *",
        "1, * * * *",
    ];
    check(schedule, &good, &bad);
}

#[test]
fn hosts_may_begin_with_a_star() {
    check(
        host,
        &["a", "a.b", "*.a.b"],
        &["", "*", "a.*", "**.a", "1.2.3.4", "a:80", "http://a", "A"],
    );
    check(address, &["1.2.3.4", "::1"], &["", "1.2.3", "a"]);
    check(http_path, &["/", "/a/b", "/a.b"], &["", "a", "//", "/a/../b", "/..", "/a b"]);
    check(percentage, &["0%", "25%", "100%"], &["", "%", "25", "101%", "-1%", "+1%"]);
}

#[test]
fn a_range_lies_within_a_larger_one() {
    assert_eq!(lies_within("10.1.0.0/16", "10.0.0.0/8"), Some(true));
    assert_eq!(lies_within("::1/128", "::/0"), Some(true));
    for part in ["10.0.0.0/8", "11.0.0.0/16", "::/96", "0.0.0.0/0"] {
        assert_eq!(lies_within(part, "10.0.0.0/8"), Some(false), "{part}");
    }
    assert_eq!(lies_within("x", "10.0.0.0/8"), None);
}

#[test]
fn base64_is_padded() {
    check(base64, &["", "YQ==", "YWI=", "YWJj"], &["YQ", "Y", "====", "YW J", "YQ==\n"]);
}

proptest! {
    #[test]
    fn no_text_breaks_a_rule_function(text in any::<String>()) {
        let rules: [Rule; 20] = [
            dns_label, dns_subdomain, service_name, label_key, annotation_key, label_value,
            port_name, env_name, config_key, quantity, image, mount_path, sub_path, cidr, base64,
            schedule, host, address, http_path, percentage,
        ];
        for rule in rules {
            let _ = rule(&text);
        }
        let _ = compare(&text, "1");
    }
}
