//! What a cluster serves and what it does not, when that matters to a drawing.

use std::{fs, path::Path};

use bowsprit_tests::{Kube, TestHost, User, plugins_dir, unique};
use serde_json::{Value, json};

use crate::{
    operators::{Definition, group},
    palette::plugin_node,
};

/// A document of an operator whose letters have stamps, both in two versions.
fn add_post(dir: &Path, group: &str) {
    let folder = dir.join("post");
    fs::create_dir(&folder).unwrap();
    let kinds = ["v2/Letter", "v1/Letter", "v2/Stamp", "v1/Stamp"];
    let kinds = kinds.map(|it| format!("\"{group}/{it}\"")).join(", ");
    let toml = format!(
        "id = \"post\"\nversion = \"0.1.0\"\napi = \"0.1\"\nkind = \"resource-catalogue\"\n\
         uses = \"resource-catalogue\"\ntitle = \"Post\"\ndescription = \"D\"\nlicense = \"MIT\"\n\
         [wants]\nproduces = [{kinds}]\n"
    );
    fs::write(folder.join("plugin.toml"), toml).unwrap();
    let document = format!(
        "id: post\ndisplayName: Post\ndescription: D.\ncategory: messaging\nversion: 1.0.0\n\
         group: {group}\nkinds:\n  - {{kind: Letter, plural: letters, versions: [v2, v1]}}\n\
         \x20 - {{kind: Stamp, plural: stamps, versions: [v2, v1]}}\n\
         install: {{text: Nothing.}}\ntypes:\n  - name: letter\n    displayName: Letter\n\
         \x20   description: D.\n    kind: Letter\n    fields:\n\
         \x20     - {{id: name, label: Name, type: text, required: true}}\n\
         \x20     - {{id: namespace, label: Namespace, type: text, default: default}}\n\
         \x20   object: {{spec: {{text: \"${{version}}\"}}}}\n    also:\n\
         \x20     - {{id: stamp, kind: Stamp, object: {{spec: {{text: \"${{version}}\"}}}}}}\n"
    );
    fs::write(folder.join("catalogue.yaml"), document).unwrap();
}

/// A letter on a cluster; the workflow.
async fn written(user: &User, namespace: &str) -> String {
    let data = json!({"name": "l", "namespace": namespace});
    let id = user.workflow("post", "lab").await;
    let nodes = [plugin_node("l", "post", "letter", data)];
    user.save(&id, &json!({"nodes": nodes, "edges": []})).await;
    id
}

/// The codes of a drawing's findings.
async fn codes(user: &User, workflow: &str) -> Vec<String> {
    let answer = user.get(&format!("/workflows/{workflow}/validation")).await.expect(200);
    let findings = answer["findings"].as_array().unwrap().iter();
    findings.map(|it| it["code"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the server lists a resource in these versions.
async fn until_listed(kube: &Kube, group: &str, versions: &[&str], plural: &str) {
    let lists = |it: &Value| {
        it["resources"].as_array().is_some_and(|all| all.iter().any(|it| it["name"] == plural))
    };
    for version in versions {
        let path = format!("/apis/{group}/{version}");
        kube.until(&path, |it| it.as_ref().is_some_and(lists)).await;
    }
}

const NOT_SERVED: &str = "node.kind.not-served";

#[tokio::test]
async fn objects_of_one_node_have_a_version_in_which_all_are_served() {
    let Some(kube) = Kube::connect() else { return };
    let cases: [(&'static [&'static str], [&str; 2], bool); 2] =
        [(&["v1", "v2"], ["v1", "v1"], false), (&["v2"], ["v2", "v1"], true)];
    for (letters, rendered, is_told) in cases {
        let (dir, group, namespace) =
            (tempfile::tempdir().unwrap(), group(), format!("it-{}", unique()));
        add_post(dir.path(), &group);
        let dirs = format!("{},{}", plugins_dir().display(), dir.path().display());
        let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &dirs)]).await;
        let user = host.admin().await;
        kube.add_to(&user, "lab").await;
        let definition = |names| Definition::called(Kube::connect().unwrap(), &group, names);
        let both = [("letters", "Letter", letters), ("stamps", "Stamp", &["v1"])];
        let both = both.map(|(plural, kind, versions)| {
            (definition((plural, kind)).serving(versions), plural, versions)
        });
        for (it, plural, versions) in &both {
            it.install().await;
            until_listed(&kube, &group, versions, plural).await;
        }
        let id = written(&user, &namespace).await;
        let told = codes(&user, &id).await.iter().any(|it| it.ends_with("version.apart"));
        assert_eq!(told, is_told);
        let run = user.run(&id, &json!({})).await.expect(200);
        assert_eq!(run["status"], "completed", "{run}");
        for (plural, version) in ["letters", "stamps"].into_iter().zip(rendered) {
            let path = format!("/apis/{group}/{version}/namespaces/{namespace}/{plural}/l");
            let object = kube.get(&path).await.unwrap();
            let applied = object["metadata"]["managedFields"].as_array().unwrap();
            let ours = applied.iter().find(|it| it["manager"] == "bowsprit").unwrap();
            assert_eq!(ours["apiVersion"], format!("{group}/{version}"), "{plural}");
            assert_eq!(object["spec"]["text"], rendered[0], "the version of the node");
        }
        for (it, ..) in &both {
            it.remove().await;
        }
        host.finish().await;
    }
}

#[tokio::test]
async fn a_kind_is_served_to_who_asks_when_the_server_has_said_so() {
    let Some(kube) = Kube::connect() else { return };
    let (dir, group) = (tempfile::tempdir().unwrap(), group());
    add_post(dir.path(), &group);
    let dirs = format!("{},{}", plugins_dir().display(), dir.path().display());
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &dirs)]).await;
    let user = host.admin().await;
    // Nothing but the server's list of kinds tells this one what there is.
    let token = std::env::var("BOWSPRIT_TEST_KUBE_RESTRICTED_TOKEN").unwrap();
    kube.holding(&token).add_untested_to(&user, "lab").await;
    let id = written(&user, &format!("it-{}", unique())).await;
    assert!(codes(&user, &id).await.iter().any(|it| it == NOT_SERVED));

    let names = [("letters", "Letter"), ("stamps", "Stamp")];
    let both = names.map(|it| Definition::called(Kube::connect().unwrap(), &group, it));
    let both = both.map(|it| it.serving(&["v1", "v2"]));
    for it in &both {
        it.create().await;
    }
    for (plural, _) in names {
        until_listed(&kube, &group, &["v1", "v2"], plural).await;
    }
    let told = codes(&user, &id).await;
    assert!(!told.iter().any(|it| it == NOT_SERVED), "{told:?}");
    for it in &both {
        it.remove().await;
    }
    host.finish().await;
}
