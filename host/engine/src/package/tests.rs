//! Reading folders and `plugin.toml`.

use super::*;

const GOOD: &str = r#"
id = "one"
version = "1.2.3"
api = "0.1"
kind = "node-types"
component = "plugin.wasm"
title = "One"
description = "Does one thing."
license = "Apache-2.0"

[wants]
produces = ["v1/Service", "apps/v1/Deployment"]

[limits]
memory-mib = 16

[palette]
native = true
usage-frequency = "very-high"
"#;

fn parse(text: &str) -> Result<PluginToml, String> {
    PluginToml::parse(text, "one/plugin.toml").map_err(|it| it.message)
}

#[test]
fn a_full_file_is_understood() {
    let toml = parse(GOOD).expect("it is right");

    assert_eq!(toml.limits.memory_mib, Some(16));
    assert_eq!(toml.palette.usage_frequency(), "very-high");
    assert_eq!(toml.palette.difficulty(), "medium");
    let kinds: Vec<_> = toml.wants.produced().iter().map(|it| it.api_version()).collect();
    assert_eq!(kinds, ["v1", "apps/v1"]);
}

#[test]
fn each_mistake_names_its_key_and_the_file() {
    let cases = [
        ("id = \"one\"", "id = \"One\"", "`id`"),
        ("id = \"one\"", "", "`id`"),
        ("\"1.2.3\"", "\"1.2\"", "`version`"),
        ("api = \"0.1\"", "api = \"0.2\"", "`api`"),
        ("\"node-types\"", "\"fixer\"", "`kind`"),
        ("\"node-types\"", "\"importer\"", "`wants.produces`"),
        (
            "produces = [\"v1/Service\"",
            "source-files = [\"**\"]\nproduces = [\"v1/Service\"",
            "`wants.source-files`",
        ),
        ("component = \"plugin.wasm\"", "", "`component`"),
        ("component = \"plugin.wasm\"", "component = \"../x\"", "`component`"),
        ("component = \"plugin.wasm\"", "component = \"x\"\nuses = \"y\"", "`uses`"),
        ("component = \"plugin.wasm\"", "uses = \"Y\"", "`uses`"),
        ("title = \"One\"", "title = \"\"", "`title`"),
        ("\"v1/Service\"", "\"Service\"", "`wants.produces`"),
        ("\"v1/Service\"", "\"a/b/v1/Service\"", "`wants.produces`"),
        ("memory-mib = 16", "memory-mib = 0", "`limits.memory-mib`"),
        ("memory-mib = 16", "memory = 16", "`memory`"),
        ("native = true", "native = \"yes\"", "line 18"),
        ("\"very-high\"", "\"often\"", "`often`"),
    ];
    for (from, to, named) in cases {
        let wrong = GOOD.replace(from, to);
        let message = parse(&wrong).expect_err(to);
        assert!(message.contains(named), "no {named} in {message}");
        assert!(message.contains("one/plugin.toml"), "{message}");
    }
}

#[test]
fn a_misspelt_key_is_told_with_the_right_one() {
    let cases = [
        ("title = \"One\"", "titel = \"One\"", "there is no key `titel`", "write `title`"),
        ("produces = [", "produce = [", "there is no key `produce`", "write `produces`"),
        ("memory-mib", "memory_mib", "there is no key `memory_mib`", "write `memory-mib`"),
        ("title = \"One\"", "x = 1", "unknown field `x`", "correct the line"),
    ];
    for (from, to, problem, fix) in cases {
        let wrong = GOOD.replace(from, to);
        let said = PluginToml::parse(&wrong, "one/plugin.toml").expect_err(to);
        assert!(said.message.contains(problem), "{}", said.message);
        assert!(said.message.contains("one/plugin.toml, line "), "{}", said.message);
        assert!(said.fix.contains(fix), "{}", said.fix);
    }
}

fn refusal(folder: &Path) -> LoadFailure {
    let Sight::Refused(refusal) = Sight::of(folder) else { panic!("it is refused") };
    refusal.failure
}

#[test]
fn what_cannot_be_read_is_named_by_what_it_is() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::write(folder.join("plugin.toml"), GOOD).expect("written");
    let missing = refusal(folder);
    assert!(missing.message.ends_with("plugin.wasm is not there"), "{}", missing.message);
    assert!(missing.fix.contains("`bowsprit plugin build`"), "{}", missing.fix);

    fs::write(folder.join("plugin.wasm"), "x").expect("written");
    fs::create_dir(folder.join("assets")).expect("a folder");
    for number in 0..=ASSETS {
        fs::write(folder.join(format!("assets/{number}")), "").expect("written");
    }
    let many = refusal(folder).message;
    assert!(many.ends_with("/assets has more than 1000 files"), "{many}");
    fs::remove_file(folder.join("assets/0")).expect("removed");
    assert!(matches!(Sight::of(folder), Sight::Ready(_)));
}

#[test]
fn golden_files_are_bounded_together() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::write(folder.join("plugin.toml"), GOOD).expect("written");
    fs::write(folder.join("plugin.wasm"), "x").expect("written");
    fs::create_dir(folder.join("golden")).expect("a folder");
    let one = |name: &str, bytes: u64| {
        let file = File::create(folder.join("golden").join(name)).expect("made");
        file.set_len(bytes).expect("written");
    };
    one("a.json", GOLDEN_BYTES - 1);
    one("b.json", 1);
    assert!(matches!(Sight::of(folder), Sight::Ready(_)), "one may be as large as all");
    one("c.json", 1);
    assert_eq!(refusal(folder).code, "plugin.folder.too-large");
}

#[test]
fn the_digest_covers_content_and_names_and_nothing_else() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let digest = || Sight::of(folder).digest();
    assert_eq!(digest(), None);
    fs::create_dir(folder.join("assets")).expect("a folder");
    fs::write(folder.join("plugin.toml"), GOOD).expect("written");
    fs::write(folder.join("plugin.wasm"), "x").expect("written");
    let bare = digest();
    assert!(bare.is_some());

    fs::write(folder.join("README.md"), "x").expect("written");
    fs::write(folder.join("assets/.x.swp"), "x").expect("written");
    assert_eq!(digest(), bare);

    fs::write(folder.join("assets/a"), "x").expect("written");
    let with_asset = digest();
    assert_ne!(with_asset, bare);
    fs::rename(folder.join("assets/a"), folder.join("assets/b")).expect("renamed");
    assert_ne!(digest(), with_asset);
}

#[test]
fn documents_beside_the_file_are_assets_of_a_folder_without_code() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    let without_code = GOOD.replace("component = \"plugin.wasm\"", "uses = \"interpreter\"");
    fs::write(folder.join("plugin.toml"), without_code).expect("written");
    fs::write(folder.join("resource.yaml"), "x").expect("written");
    fs::write(folder.join("README.md"), "x").expect("written");
    let Sight::Ready(package) = Sight::of(folder) else { panic!("it is a plugin") };
    assert_eq!(package.assets.keys().collect::<Vec<_>>(), ["resource.yaml"]);
    let first = package.digest;
    fs::write(folder.join("resource.yaml"), "y").expect("written");
    assert_ne!(Sight::of(folder).digest(), Some(first));

    fs::create_dir(folder.join("assets")).expect("a folder");
    fs::write(folder.join("assets/resource.yaml"), "x").expect("written");
    let Sight::Refused(refusal) = Sight::of(folder) else { panic!("it is ambiguous") };
    assert_eq!(refusal.failure.code, "plugin.folder.ambiguous");

    fs::write(folder.join("plugin.toml"), GOOD).expect("written");
    fs::write(folder.join("plugin.wasm"), "x").expect("written");
    let Sight::Ready(package) = Sight::of(folder) else { panic!("it is a plugin") };
    assert_eq!(package.assets["resource.yaml"], b"x", "code has its assets in `assets/`");
}

#[test]
fn names_are_kebab_case() {
    for good in ["a", "stateful-set", "k8s", "a-1-b"] {
        assert!(is_kebab(good), "{good}");
    }
    for bad in ["", "A", "1a", "-a", "a-", "a--b", "a_b", "ä", &"a".repeat(64)] {
        assert!(!is_kebab(bad), "{bad}");
    }
}
