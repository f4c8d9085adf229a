//! What an operator is told about generations and does with them, on a host.

use std::{fs, path::Path};

use bowsprit_tests::{TestHost, copy_folder, guests_dir};

use super::{complains, says, set_asset};

/// A plugin without code.
fn write(folder: &Path, version: &str, produces: &str) {
    let toml = format!(
        "id = \"greeter\"\nversion = \"{version}\"\napi = \"0.1\"\nkind = \"node-types\"\n\
         uses = \"echo\"\ntitle = \"G\"\ndescription = \"G.\"\nlicense = \"MIT\"\n\
         [wants]\nproduces = [{produces}]\n"
    );
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("plugin.toml"), toml).unwrap();
    set_asset(folder, "names", "greeter");
}

/// The twelve digits in parentheses.
fn digits(told: &str) -> &str {
    told.split_once('(').and_then(|(_, it)| it.split_once(')')).unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_and_what_was_taken_back_is_told_with_what_to_do() {
    let base = tempfile::tempdir().unwrap();
    let live = base.path().join("live");
    copy_folder(&guests_dir().join("echo"), &live.join("echo"));
    let path = live.display().to_string();
    let mut host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &path)]).await;
    let admin = host.admin().await;
    let token = admin.token.clone().unwrap();
    let at = ["--host", host.origin.as_str(), "--token", token.as_str()];
    let guests = guests_dir().display().to_string();
    let dev = ["dev", "greeter", "--into", "live", "--plugins", &guests, "--once"];
    let (dev, base) = ([dev.as_slice(), &at].concat(), base.path());
    let asked = |words: &[&str]| says(base, &[words, &at].concat());
    let refused = |words: &[&str]| complains(base, &[words, &at].concat());

    let folder = base.join("greeter");
    write(&folder, "0.1.0", "\"v1/ConfigMap\"");
    assert!(says(base, &dev).contains(" live "));
    write(&folder, "0.2.0", "\"v1/ConfigMap\", \"v1/Secret\"");
    let waits = complains(base, &dev);
    let why = "waits: it wants more than is granted: produces v1/Secret; ";
    let second = digits(&waits).to_owned();
    let fix = format!("`bowsprit plugin consent greeter {second}` lets it serve");
    assert!(waits.contains(&format!("`greeter` 0.2.0 ({second}) {why}{fix}")), "{waits}");
    let list = asked(&["list"]);
    assert!(list.contains(&format!("\n    0.2.0 ({second}) {why}{fix}\n")), "{list}");
    let generations = asked(&["list", "greeter"]);
    let states = |told: &str| -> Vec<String> {
        told.lines().map(|it| it.split_whitespace().nth(2).unwrap().to_owned()).collect()
    };
    assert_eq!(states(&generations), ["waiting", "live"], "{generations}");
    let first = generations.lines().nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!((first.len(), second.len()), (12, 12));

    let served = asked(&["consent", "greeter"]);
    assert!(served.contains(" 0.2.0 ") && served.contains(" live "), "{served}");
    let none = refused(&["consent", "greeter"]);
    assert!(none.contains("no generation of plugin `greeter` waits"), "{none}");

    let unknown = refused(&["rollback", "greeter", "--to", "99999999"]);
    let kept = format!("plugin `greeter` has no generation `99999999`; kept is `{first}`");
    assert!(unknown.contains("404") && unknown.contains(&kept), "{unknown}");
    let short = refused(&["rollback", "greeter", "--to", &first[..7]]);
    assert!(short.contains("at least its first 8 digits"), "{short}");
    let back = asked(&["rollback", "greeter", "--to", &format!("sha256:{}", &first[..8])]);
    assert!(back.contains(" 0.1.0 ") && back.contains(" rolled-back "), "{back}");
    let list = asked(&["list"]);
    let told = format!("    0.2.0 ({second}) was taken back: an operator went back\n");
    assert!(list.contains(&told), "{list}");
    let generations = asked(&["list", "greeter"]);
    assert_eq!(states(&generations), ["live", "rolled-back"], "{generations}");
    assert!(generations.lines().next().unwrap().ends_with("it came back: an operator went back"));

    write(&folder, "0.3.0", "\"v1/ConfigMap\", \"v1/Secret\"");
    let third = digits(&complains(base, &dev)).to_owned();
    let wrong = refused(&["consent", "greeter", &second]);
    assert!(wrong.contains("409"), "{wrong}");
    let served = asked(&["consent", "greeter", &third]);
    assert!(served.contains(&third) && served.contains(" live "), "{served}");
    host.stop().await;
}
