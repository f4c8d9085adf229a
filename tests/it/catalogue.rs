//! The catalogue's documents against the operators' own definitions of their
//! kinds, on a real API server.

mod definitions;
mod documents;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, resume_unwind};

use bowsprit_tests::{Kube, TestHost, unique};
use futures::{FutureExt as _, StreamExt as _, stream};
use serde_json::{Value, json};

use self::definitions::Definitions;
use self::documents::Case;
use crate::palette::plugin_node;

/// Requests to the API server at a time: other tests need it too.
const AT_ONCE: usize = 4;

#[tokio::test]
async fn every_document_fits_the_definitions_of_its_operator() {
    let Some(kube) = Kube::connect() else { return };
    let cases = documents::cases();
    let mut definitions = Definitions::read();
    definitions.only_of(cases.iter().flat_map(|it| &it.manifests));
    let checks = AssertUnwindSafe(check(&kube, &definitions, &cases)).catch_unwind().await;
    // Whatever happened: the API server is not ours alone.
    definitions.remove(&kube).await;
    if let Err(panic) = checks {
        resume_unwind(panic);
    }
    report(&definitions, &cases);
}

async fn check(kube: &Kube, definitions: &Definitions, cases: &[Case]) {
    definitions.install(kube).await;
    let manifests = cases.iter().flat_map(|case| case.manifests.iter().map(move |it| (case, it)));
    let served = manifests.filter(|(_, it)| definitions.serves(it));
    let tried: Vec<_> = served.map(|(case, it)| tried(kube, definitions, case, it)).collect();
    let wrong = stream::iter(tried).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} objects do not fit:\n{}", wrong.len(), wrong.join("\n"));
    run(kube, definitions, cases).await;
}

/// Asks the API server whether it would take an object, and whether it would
/// keep all of it; answers what is wrong.
async fn tried(
    kube: &Kube,
    definitions: &Definitions,
    case: &Case,
    manifest: &Value,
) -> Option<String> {
    // Operators' namespaces are not there.
    let mut manifest = manifest.clone();
    if manifest["metadata"]["namespace"].is_string() {
        manifest["metadata"]["namespace"] = json!("default");
    }
    let (status, kept) = kube.dry_run(&definitions.path_of(&manifest, "default"), &manifest).await;
    let lost = match status {
        200 | 201 => lost(&manifest, &kept, ("", "")).map(|it| format!("it lost {it}")),
        _ => Some(kept["message"].as_str().unwrap_or("refused").to_owned()),
    };
    lost.map(|it| format!("{}: {it}", case.name))
}

/// Draws one node of each type, runs them, and reads what became of them.
async fn run(kube: &Kube, definitions: &Definitions, cases: &[Case]) {
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let drawn: Vec<&Case> = documents::one_of_each(cases);
    let nodes = drawn
        .iter()
        .map(|it| plugin_node(&it.id(), &it.entry, &it.type_name, it.data_in(&namespace)));
    let id = user.workflow("catalogue", "lab").await;
    user.save(&id, &json!({ "nodes": nodes.collect::<Vec<_>>(), "edges": [] })).await;
    let run = user.run(&id, &json!({})).await.expect(200);
    assert_eq!(run["status"], "completed", "{run}");
    for case in drawn {
        for manifest in &case.manifests {
            let path = definitions.path_of(manifest, case.home(&namespace));
            let made = kube.get(&path).await.unwrap_or_else(|| panic!("{}: no {path}", case.name));
            let lost = lost(manifest, &made, (case.namespace(), &namespace));
            assert_eq!(lost, None, "{}: {made}", case.name);
        }
    }
    host.finish().await;
}

/// The first place at which `kept` has not what was `sent`; texts may name the
/// second of `namespaces` instead of the first.
fn lost(sent: &Value, kept: &Value, namespaces: (&str, &str)) -> Option<String> {
    match (sent, kept) {
        (Value::Object(sent), Value::Object(_)) => sent.iter().find_map(|(key, value)| {
            lost(value, &kept[key], namespaces).map(|rest| format!("/{key}{rest}"))
        }),
        (Value::Array(sent), Value::Array(kept)) if sent.len() == kept.len() => {
            let mut pairs = sent.iter().zip(kept).enumerate();
            pairs.find_map(|(at, (sent, kept))| {
                lost(sent, kept, namespaces).map(|rest| format!("/{at}{rest}"))
            })
        }
        (Value::String(sent), Value::String(kept)) if !namespaces.0.is_empty() => {
            let moved = sent.replace(namespaces.0, namespaces.1);
            (sent != kept && moved != *kept).then(|| format!(": {sent} became {kept}"))
        }
        (sent, kept) => (sent != kept).then(|| format!(": {sent} became {kept}")),
    }
}

/// Says what was checked against what.
fn report(definitions: &Definitions, cases: &[Case]) {
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in cases {
        let of_entry = kinds.entry(&case.entry).or_default();
        of_entry.extend(case.manifests.iter().filter_map(|it| it["kind"].as_str()));
    }
    let mut real = 0;
    for (entry, kinds) in &mut kinds {
        kinds.sort_unstable();
        kinds.dedup();
        let (ours, theirs): (Vec<&str>, Vec<&str>) =
            kinds.iter().partition(|it| definitions.is_ours(entry, it));
        real += usize::from(ours.is_empty());
        if !ours.is_empty() {
            eprintln!(
                "catalogue: {entry}: {ours:?} only against what documentation says, {theirs:?} \
                 against real schemas"
            );
        }
    }
    eprintln!("catalogue: {real} of {} verified against real schemas", definitions.entries);
    assert_eq!(kinds.len(), definitions.entries, "documents, and entries of tests/crds");
    assert!(real >= 36, "as many as there were");
}

#[test]
fn what_is_not_kept_is_found() {
    let sent = json!({"a": {"b": [1, {"c": "x"}]}, "d": null});
    assert_eq!(lost(&sent, &sent, ("", "")), None);
    let more = json!({"a": {"b": [1, {"c": "x", "e": 1}]}, "d": null, "f": 1});
    assert_eq!(lost(&sent, &more, ("", "")), None, "what is added is no loss");
    let pruned = json!({"a": {"b": [1, {}]}});
    assert_eq!(lost(&sent, &pruned, ("", "")), Some(r#"/a/b/1/c: "x" became null"#.into()));
    let shorter = json!({"a": {"b": [1]}});
    assert!(lost(&sent, &shorter, ("", "")).unwrap().starts_with("/a/b: "));
    let moved = json!({"host": "web.far.svc"});
    assert_eq!(lost(&json!({"host": "web.near.svc"}), &moved, ("near", "far")), None);
    assert!(lost(&json!({"host": "web.near.svc"}), &moved, ("", "")).is_some());
}
