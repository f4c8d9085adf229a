//! Servers and addresses.

use super::*;

fn problem(text: &str) -> String {
    server("server", text).unwrap_err().to_string()
}

#[test]
fn takes_http_and_https_with_any_port_and_path() {
    for url in [
        "https://10.0.0.1:6443",
        " https://kubernetes.example.com ",
        "http://127.0.0.1:8001",
        "https://[::1]:6443",
        "https://rancher.example.com/k8s/clusters/c-1",
    ] {
        assert!(server("server", url).is_ok(), "{url}");
    }
}

#[test]
fn says_what_is_wrong_with_a_server() {
    assert!(problem("not a url").contains("must be a URL"));
    assert!(problem("10.0.0.1:6443").contains("must begin with `https://`"));
    assert!(problem("ftp://10.0.0.1").contains("must begin with `https://`"));
    assert!(problem("https://").contains("must"));
    assert!(problem("https://10.0.0.1?x=1").contains("query"));
}

#[test]
fn never_repeats_credentials_in_a_url() {
    let problem = problem("https://admin:geheim@10.0.0.1");
    assert!(problem.contains("user name or password"), "{problem}");
    assert!(!problem.contains("geheim"));
}

#[test]
fn refuses_metadata_addresses_in_every_spelling() {
    for host in [
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "[fd00:0ec2:0:0::254]",
    ] {
        assert!(problem(&format!("https://{host}:443")).contains("metadata address"), "{host}");
    }
}

#[test]
fn allows_private_and_loopback_addresses() {
    for address in ["10.0.0.1", "127.0.0.1", "192.168.1.1", "fd00::1", "::1"] {
        assert!(!is_refused(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn drops_refused_addresses_of_a_name_and_fails_if_none_is_left() {
    let metadata: SocketAddr = "169.254.169.254:443".parse().unwrap();
    let other: SocketAddr = "10.0.0.1:443".parse().unwrap();

    assert_eq!(permitted([metadata, other].into_iter()).unwrap(), [other]);
    assert!(permitted([metadata].into_iter()).is_err());
}

#[tokio::test]
async fn checks_spellings_only_the_system_resolver_understands() {
    let name = "0xa9fea9fe".parse().unwrap();
    // Systems that do not know the spelling fail to resolve it: as good.
    assert!(Resolver::new().call(name).await.is_err());
}
