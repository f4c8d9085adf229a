//! What may be imported is what its world has and its wants include, over all
//! sets of interfaces.

use proptest::prelude::*;

use super::*;

/// A component that imports and exports these interfaces.
fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let import = |it: &&str| format!("(import \"{it}@{API}.0\" (instance))\n");
    let imports: String = imports.iter().map(import).collect();
    let export = |it: &&str| format!("(export \"{it}@{API}.0\" (instance $i))\n");
    let exports: String = exports.iter().map(export).collect();
    wat::parse_str(format!("(component {imports} (instance $i) {exports})")).expect("a component")
}

/// The interfaces of all worlds.
fn interfaces() -> Vec<Import> {
    let mut all: Vec<Import> = Vec::new();
    for import in World::ALL.iter().flat_map(|it| it.imports()) {
        if !all.contains(import) {
            all.push(*import);
        }
    }
    all
}

fn some() -> impl Strategy<Value = Vec<Import>> {
    let all = interfaces();
    let count = all.len();
    proptest::sample::subsequence(all, 0..=count)
}

/// Wants with or without what an import can take.
fn wants(files: bool) -> Wants {
    let text = if files { "source-files = [\"**\"]" } else { "" };
    toml::from_str(text).expect("wants")
}

proptest! {
    #[test]
    fn importable_is_what_is_offered_and_granted(
        imported in some(),
        files in any::<bool>(),
        at in 0..World::ALL.len(),
    ) {
        let (world, wants) = (World::ALL[at], wants(files));
        let unknown: Vec<_> = imported.iter().filter(|it| !world.imports().contains(it)).collect();
        let granted = |it: &Import| it.grant.is_none_or(|grant| wants.includes(grant));
        let missing: Vec<_> = imported.iter().filter(|it| !granted(it)).collect();
        let names: Vec<_> = imported.iter().map(|it| it.name).collect();

        let admitted = admit(&component(&names, world.exports()), world, &wants);

        match admitted {
            Ok(needs) => {
                prop_assert!(unknown.is_empty() && missing.is_empty(), "{imported:?}");
                let taken: Needs = imported.iter().filter_map(|it| it.grant).collect();
                prop_assert_eq!(needs, taken);
            }
            Err(failure) if failure.code == "plugin.import.not-granted" => {
                let named = missing.iter().any(|it| {
                    let grant = it.grant.unwrap_or_default();
                    failure.message.contains(&format!("`{grant}`"))
                        && failure.message.contains(&format!("`{}`", it.name))
                });
                prop_assert!(named, "{} names none of {missing:?}", failure.message);
            }
            Err(failure) => {
                prop_assert_eq!(failure.code, "plugin.import.unknown");
                prop_assert!(unknown.iter().any(|it| failure.message.contains(it.name)));
            }
        }
    }
}

#[test]
fn another_plugins_component_takes_the_same_grants() {
    let importer = World::Importer;
    let names: Vec<_> = importer.imports().iter().map(|it| it.name).collect();
    let bytes = component(&names, importer.exports());
    let needs = admit(&bytes, importer, &wants(true)).expect("all is granted");

    assert!(admit_needs(&needs, &wants(true)).is_ok());
    let refused = admit_needs(&needs, &wants(false)).expect_err("not granted");

    assert_eq!(refused.code, "plugin.import.not-granted");
    assert!(refused.message.contains("`source-files`"), "{}", refused.message);
}

#[test]
fn a_component_in_a_component_imports_what_it_likes() {
    let inner = "(component (import \"wasi:cli/environment@0.2.0\" (instance)))";
    let export = "(instance $i) (export \"bowsprit:plugin/node-types@0.1.0\" (instance $i))";
    let bytes = wat::parse_str(format!("(component {inner} {export})")).expect("a component");
    // Nobody gives it to it: only what the outer one imports reaches the host.
    assert!(admit(&bytes, World::NodeTypes, &Wants::default()).is_ok());
}
