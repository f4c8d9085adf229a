//! Kubeconfigs: what is taken, what is refused, and what is never repeated.

use secrecy::ExposeSecret;

use super::*;

const GOOD: &str = r"
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c1
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: Q0E=
    tls-server-name: kubernetes
- name: c2
  cluster: {server: 'https://10.0.0.2:6443'}
contexts:
- name: one
  context: {cluster: c1, user: u1}
- name: two
  context: {cluster: c2, user: u2}
users:
- name: u1
  user: {token: geheim}
- name: u2
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/true}
";

/// A kubeconfig whose cluster and user have these extra lines.
fn with(cluster: &str, user: &str) -> String {
    format!(
        "{{current-context: x, clusters: [{{name: c, cluster: {{server: 'https://h:1'{cluster}}}}}], \
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}], \
         users: [{{name: u, user: {{{user}}}}}]}}"
    )
}

fn refusal(yaml: &str) -> String {
    let error = entry(yaml, None).unwrap_err();
    assert!(matches!(&error, Error::Invalid { field, .. } if field == FIELD), "{error:?}");
    error.to_string()
}

#[test]
fn takes_the_current_context() {
    let entry = entry(GOOD, None).unwrap();

    assert_eq!(entry.server, "https://10.0.0.1:6443");
    assert_eq!(entry.ca.as_deref(), Some("Q0E="));
    assert_eq!(entry.tls_server_name.as_deref(), Some("kubernetes"));
    assert_eq!(entry.user.token.unwrap().expose_secret(), "geheim");
}

#[test]
fn takes_the_context_asked_for_and_judges_only_that_one() {
    let error = entry(GOOD, Some("two")).unwrap_err().to_string();

    assert!(error.contains("uses `exec`"), "{error}");
    assert!(error.contains("service account"), "{error}");
    assert!(entry(GOOD, Some("three")).unwrap_err().to_string().contains("no context `three`"));
}

#[test]
fn refuses_everything_that_would_run_a_program_or_read_a_file() {
    for (cluster, user, word) in [
        ("", "exec: {command: sh}", "`exec`"),
        ("", "auth-provider: {name: gcp}", "`auth-provider`"),
        ("", "tokenFile: /etc/passwd", "`tokenFile`"),
        ("", "token: t, tokenFile: /etc/passwd", "`tokenFile`"),
        (", certificate-authority: /etc/ca", "token: t", "`certificate-authority-data`"),
        ("", "client-certificate: /etc/c", "`client-certificate-data`"),
        ("", "client-key: /etc/k", "`client-key-data`"),
        (", proxy-url: 'http://p:1'", "token: t", "`proxy-url`"),
    ] {
        let problem = refusal(&with(cluster, user));
        assert!(problem.contains(word), "{problem}");
    }
}

#[test]
fn says_what_is_missing_from_a_text_that_is_no_kubeconfig() {
    assert!(refusal("hello").contains("is not a kubeconfig"));
    assert!(refusal("").contains("`clusters`"));
    assert!(refusal("a: b").contains("no `clusters`"));
    assert!(refusal("clusters: [{name: c, cluster: {server: x}}]").contains("no `contexts`"));
    assert!(refusal(&GOOD.replace("current-context: one", "")).contains("`current-context`"));
    assert!(refusal(&GOOD.replace("user: u1", "user: u9")).contains("no user `u9`"));
    assert!(refusal(&GOOD.replace("cluster: c1,", "cluster: c9,")).contains("no cluster `c9`"));
    assert!(
        refusal(&with("", "token: t").replace("server: 'https://h:1'", "")).contains("`server`")
    );
    assert!(refusal(&with("", "token: t").replace("https://h:1", "h:1")).contains("`https://`"));
}

#[test]
fn never_quotes_a_text_it_cannot_read() {
    let problem = refusal("users:\n- name: u\n  user: {token: geheim\nclusters: [");
    assert!(problem.contains("line"), "{problem}");
    assert!(!problem.contains("geheim"), "{problem}");
}

#[test]
fn knows_the_output_of_kubectl_without_raw() {
    assert!(refusal(&with("", "token: REDACTED")).contains("--raw"));
    assert!(
        refusal(&with(", certificate-authority-data: DATA+OMITTED", "token: t")).contains("--raw")
    );
}

#[test]
fn refuses_a_metadata_address() {
    let yaml = with("", "token: t").replace("https://h:1", "http://169.254.169.254");
    assert!(refusal(&yaml).contains("metadata address"));
}

#[test]
fn refuses_a_text_of_unreasonable_size() {
    let error = entry(&"#".repeat(LIMIT + 1), None).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
}
