//! Custom resources whose rules only the cluster knows: told before anything is
//! written, and shown as the cluster's own lists show them.

use std::path::Path;

use bowsprit_tests::{Kube, Method, TestHost, User, plugins_dir, unique};
use serde_json::{Value, json};

use crate::{
    clusters::dead,
    operators::{Definition, field, group},
    palette::plugin_node,
    reload::palette,
    runs::{edge, node},
    templates::drop_in,
};

/// Notes with rules: copies are even, their text stays, and together they are
/// few.
fn rules() -> Value {
    json!({
        "type": "object",
        "x-kubernetes-validations": [
            {"rule": "!has(self.copies) || self.copies < 100", "message": "that is too much paper"},
        ],
        "properties": {
            "text": {
                "type": "string",
                "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "what is written is written"}],
            },
            "copies": {
                "type": "integer",
                "x-kubernetes-validations": [{"rule": "self % 2 == 0", "message": "copies are even"}],
            },
        },
    })
}

/// A namespace that is there; its name.
async fn namespace(kube: &Kube) -> String {
    let name = format!("it-{}", unique());
    let made = json!({"metadata": {"name": name}});
    assert_eq!(kube.send(Method::POST, "/api/v1/namespaces", &made).await.0, 201);
    name
}

/// A node type made of a definition: its plugin and its palette entry.
async fn enabled(user: &User, definition: &Definition) -> (String, Value) {
    let path = format!("/clusters/lab/custom-resources/{}/enable", definition.name);
    let made = user.post(&path, &json!({})).await.expect(200)["nodeType"].clone();
    let entry = palette(user).await.into_iter().find(|it| it["name"] == made["name"]).unwrap();
    (entry["pluginId"].as_str().unwrap().to_owned(), entry)
}

fn settings(namespace: &str, value: &str) -> Value {
    node("c", "configmap", json!({"name": "c", "namespace": namespace, "data": {"a": value}}))
}

/// The first finding of a problem or of a validation that is an error.
fn fault(answer: &Value) -> &Value {
    let mut all = answer["findings"].as_array().unwrap().iter();
    all.find(|it| it["severity"] == "error").unwrap_or_else(|| panic!("no error: {answer}"))
}

#[tokio::test]
async fn a_rule_that_is_broken_is_told_at_its_field_before_anything_is_written() {
    let Some(kube) = Kube::connect() else { return };
    let (group, namespace) = (group(), namespace(&kube).await);
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let definition = Definition::of(Kube::connect().unwrap(), &group).saying(rules());
    definition.install().await;
    let (plugin, entry) = enabled(&user, &definition).await;
    let (text, copies) = (field(&entry, "text"), field(&entry, "copies"));
    let drawing = |value: &str, said: &str, copies_of: &str| {
        let mut data = json!({"name": "n", "namespace": namespace});
        data[text] = json!(said);
        data[copies] = json!(copies_of);
        let name = entry["name"].as_str().unwrap();
        json!({"nodes": [settings(&namespace, value), plugin_node("n", &plugin, name, data)], "edges": []})
    };
    let id = user.workflow("notes", "lab").await;
    let (run, validation) = (format!("/workflows/{id}/run"), format!("/workflows/{id}/validation"));
    let map = format!("/api/v1/namespaces/{namespace}/configmaps/c");
    let note = format!("/apis/{group}/v1/namespaces/{namespace}/notes/n");

    user.save(&id, &drawing("a", "hello", "3")).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    let told = fault(&problem);
    assert_eq!((&told["code"], &told["node"]), (&json!("node.object.refused"), &json!("n")));
    assert!(told["message"].as_str().unwrap().contains("copies are even"), "{told}");
    assert_eq!(told["at"], format!("/{copies}"), "{told}");
    assert!(kube.get(&map).await.is_none() && kube.get(&note).await.is_none(), "nothing is there");
    let runs = user.get(&format!("/workflows/{id}/runs")).await.expect(200);
    let state = &runs["runs"][0]["node_states"]["n"];
    assert!(
        state["status"] == "failed" && state.to_string().contains("copies are even"),
        "{state}"
    );
    let answer = user.get(&validation).await.expect(200);
    let told = fault(&answer);
    assert_eq!(told["pointer"], format!("/nodes/1/data/{copies}"), "{answer}");
    assert_eq!((&answer["valid"], &told["code"]), (&json!(false), &json!("node.object.refused")));
    // A rule of several fields is at none of them.
    let answer = user.post(&validation, &drawing("a", "hello", "100")).await.expect(200);
    let told = fault(&answer);
    assert!(told["message"].as_str().unwrap().contains("too much paper"), "{answer}");
    assert_eq!(told["pointer"], "/nodes/1", "{answer}");

    user.save(&id, &drawing("a", "hello", "4")).await;
    assert_eq!(user.get(&validation).await.expect(200)["valid"], true);
    assert_eq!(user.post(&run, &json!({})).await.expect(200)["status"], "completed");
    assert_eq!(kube.get(&note).await.unwrap()["spec"], json!({"text": "hello", "copies": 4}));
    let again = user.post(&run, &json!({})).await.expect(200);
    assert!(again["logs"].to_string().contains("unchanged"), "{again}");

    // What is there already stays as it is, all of it.
    user.save(&id, &drawing("b", "goodbye", "4")).await;
    let problem = user.post(&run, &json!({})).await.expect_problem(422, "workflow.findings");
    let told = fault(&problem);
    assert!(told["message"].as_str().unwrap().contains("what is written is written"), "{told}");
    assert_eq!(told["at"], format!("/{text}"));
    assert_eq!(kube.get(&map).await.unwrap()["data"], json!({"a": "a"}));
    assert_eq!(kube.get(&note).await.unwrap()["spec"]["text"], "hello");
    definition.remove().await;
    host.finish().await;
}

#[tokio::test]
async fn what_a_run_makes_room_for_cannot_be_tried_and_what_is_taken_is_told() {
    let Some(kube) = Kube::connect() else { return };
    let (group, there) = (group(), namespace(&kube).await);
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let definition = Definition::of(Kube::connect().unwrap(), &group).saying(rules());
    definition.install().await;
    let (plugin, entry) = enabled(&user, &definition).await;
    let drawing = |namespace: &str, copies: &str| {
        let mut data = json!({"name": "n", "namespace": namespace});
        data[field(&entry, "copies")] = json!(copies);
        let name = entry["name"].as_str().unwrap();
        json!({"nodes": [settings(namespace, "a"), plugin_node("n", &plugin, name, data)], "edges": []})
    };
    let id = user.workflow("notes", "lab").await;
    let validation = format!("/workflows/{id}/validation");

    // In a namespace that is not there the server judges nothing.
    let new = format!("it-{}", unique());
    user.save(&id, &drawing(&new, "3")).await;
    assert_eq!(user.get(&validation).await.expect(200)["valid"], true);
    let problem = user.run(&id, &json!({})).await.expect_problem(502, "run.apply-failed");
    assert!(problem["details"].as_str().unwrap().contains("copies are even"), "{problem}");

    // Somebody else's object is in the way.
    let theirs = json!({
        "apiVersion": format!("{group}/v1"), "kind": "Note", "metadata": {"name": "n"},
    });
    let notes = format!("/apis/{group}/v1/namespaces/{there}/notes");
    assert_eq!(kube.send(Method::POST, &notes, &theirs).await.0, 201);
    user.save(&id, &drawing(&there, "2")).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    let told = fault(&problem);
    assert!(told["message"].as_str().unwrap().contains("does not belong"), "{told}");
    assert_eq!((&told["code"], &told["node"]), (&json!("node.object.refused"), &json!("n")));
    assert_eq!(told["at"], "/name", "{told}");
    let answer = user.get(&validation).await.expect(200);
    assert_eq!(fault(&answer)["pointer"], "/nodes/1/data/name", "{answer}");
    let map = format!("/api/v1/namespaces/{there}/configmaps/c");
    assert!(kube.get(&map).await.is_none(), "nothing is written");
    definition.remove().await;
    host.finish().await;
}

/// A template whose fields are called otherwise than in the object.
fn template(group: &str) -> String {
    format!(
        "type: memo\ntitle: Memo\ndescription: Is copied.\nfields:\n\
         \x20 amount: {{type: number, default: 2}}\n  words: {{type: text, default: hello}}\n\
         manifests:\n  - id: note\n    order: last\n    object:\n\
         \x20     apiVersion: {group}/v1\n      kind: Note\n\
         \x20     spec: {{text: \"${{fields.words}}\", copies: \"${{fields.amount}}\"}}\n"
    )
}

/// A document of the same kind.
fn add_document(dir: &Path, group: &str) {
    let folder = dir.join("memos");
    std::fs::create_dir(&folder).unwrap();
    let toml = format!(
        "id = \"memos\"\nversion = \"0.1.0\"\napi = \"0.1\"\nkind = \"resource-catalogue\"\n\
         uses = \"resource-catalogue\"\ntitle = \"Memos\"\ndescription = \"D\"\nlicense = \"MIT\"\n\
         [wants]\nproduces = [\"{group}/v1/Note\"]\n"
    );
    std::fs::write(folder.join("plugin.toml"), toml).unwrap();
    let document = format!(
        "id: memos\ndisplayName: Memos\ndescription: D.\ncategory: workflow\nversion: 1.0.0\n\
         group: {group}\nkinds:\n  - {{kind: Note, plural: notes, versions: [v1]}}\n\
         install: {{text: Nothing.}}\ntypes:\n  - name: paper-memo\n    displayName: Memo\n\
         \x20   description: D.\n    kind: Note\n    fields:\n\
         \x20     - {{id: name, label: Name, type: text, required: true}}\n\
         \x20     - {{id: namespace, label: Namespace, type: text, default: default}}\n\
         \x20     - {{id: amount, label: Amount, type: number, default: \"2\"}}\n\
         \x20   object: {{spec: {{copies: \"${{fields.amount}}\"}}}}\n"
    );
    std::fs::write(folder.join("catalogue.yaml"), document).unwrap();
}

#[tokio::test]
async fn documents_and_templates_are_told_of_rules_and_show_columns() {
    let Some(kube) = Kube::connect() else { return };
    let (dir, group, namespace) = (tempfile::tempdir().unwrap(), group(), namespace(&kube).await);
    drop_in(dir.path(), "memo", &format!("{group}/v1/Note"), &template(&group));
    add_document(dir.path(), &group);
    let dirs = format!("{},{}", plugins_dir().display(), dir.path().display());
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &dirs)]).await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let columns = json!([
        {"name": "Copies", "type": "integer", "jsonPath": ".spec.copies"},
        {"name": "Wide", "type": "integer", "jsonPath": ".spec.copies", "priority": 1},
    ]);
    let definition =
        Definition::of(Kube::connect().unwrap(), &group).saying(rules()).showing(columns);
    definition.install().await;
    let drawing = |amount: Value| {
        let data =
            |name: &str| json!({"name": name, "namespace": namespace, "amount": amount.clone()});
        let nodes = [
            plugin_node("t", "memo", "memo", data("t")),
            plugin_node("d", "memos", "paper-memo", data("d")),
        ];
        json!({"nodes": nodes, "edges": [edge("t", "d"), edge("d", "t")]})
    };
    let id = user.workflow("memos", "lab").await;
    user.save(&id, &drawing(json!(3))).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    let told = problem["findings"].as_array().unwrap().iter();
    let mut told: Vec<_> = told
        .filter(|it| it["code"] == "node.object.refused")
        .map(|it| (it["node"].as_str().unwrap(), it["at"].as_str().unwrap_or_default()))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [("d", "/amount"), ("t", "/amount")], "{problem}");

    user.save(&id, &drawing(json!(6))).await;
    let mut events = user.events(&format!("/workflows/{id}/status/stream"), None).await;
    user.post(&format!("/workflows/{id}/run"), &json!({})).await.expect(200);
    let card = events.until_state("d", "created").await.data["data"]["status"].clone();
    assert_eq!(card["Copies"], "6", "{card}");
    assert!(card.get("Wide").is_none(), "{card}");
    definition.remove().await;
    host.finish().await;
}

#[tokio::test]
async fn columns_of_a_served_kind_are_on_the_card_and_follow_the_object() {
    let Some(kube) = Kube::connect() else { return };
    let group = group();
    let mut host = TestHost::start().await;
    let mut user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let columns = json!([
        {"name": "Text", "type": "string", "jsonPath": ".spec.text"},
        {"name": "Printer", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason"},
        {"name": "state", "type": "string", "jsonPath": ".spec.text"},
    ]);
    // Without namespaces, which makes no difference.
    let definition = Definition::called(Kube::connect().unwrap(), &group, ("posters", "Poster"))
        .showing(columns)
        .everywhere();
    definition.install().await;
    let (plugin, entry) = enabled(&user, &definition).await;
    let name = format!("p-{}", unique());
    let mut data = json!({"name": name});
    data[field(&entry, "text")] = json!("hello");
    let poster = plugin_node("p", &plugin, entry["name"].as_str().unwrap(), data);
    let id = user.workflow("posters", "lab").await;
    user.save(&id, &json!({"nodes": [poster], "edges": []})).await;
    let mut events = user.events(&format!("/workflows/{id}/status/stream"), None).await;
    user.run(&id, &json!({})).await.expect(200);
    let card = events.until_state("p", "created").await.data["data"]["status"].clone();
    assert_eq!(card["Text"], "hello", "{card}");
    assert!(card.get("Printer").is_none(), "it has no value yet: {card}");
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(read["nodes"][0]["data"]["_status"]["Text"], "hello");
    assert!(read["nodes"][0]["data"].get("$columns").is_none(), "the drawing is the user's");

    let path = format!("/apis/{group}/v1/posters/{name}");
    let ready = |reason: &str| {
        let condition = json!({"type": "Ready", "status": "True", "reason": reason});
        json!({"status": {"conditions": [condition]}})
    };
    assert_eq!(kube.send(Method::PATCH, &path, &ready("Inked")).await.0, 200);
    let card = events.until_state("p", "healthy").await.data["data"]["status"].clone();
    assert_eq!((&card["Printer"], &card["state"]), (&json!("Inked"), &json!("healthy")));

    // The next start knows them, too.
    host.stop().await;
    host.start_again().await;
    user = user.at(&host.origin);
    let mut events = user.events(&format!("/workflows/{id}/status/stream"), None).await;
    assert_eq!(kube.send(Method::PATCH, &path, &ready("Dry")).await.0, 200);
    let is_dry = |it: &bowsprit_tests::Event| it.data["data"]["status"]["Printer"] == "Dry";
    events.until("p is dry", is_dry).await;
    definition.remove().await;
    host.finish().await;
}

#[tokio::test]
async fn a_definition_is_a_node_type_in_the_moment_it_is_made() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    // What follows definitions is under way.
    user.get("/clusters/lab/custom-resources").await.expect(200);
    for _ in 0..5 {
        let definition = Definition::of(Kube::connect().unwrap(), &group());
        definition.create().await;
        let (_, entry) = enabled(&user, &definition).await;
        assert!(entry["name"].as_str().unwrap().contains("notes"), "{entry}");
        definition.remove().await;
    }
    host.finish().await;
}

#[tokio::test]
async fn a_cluster_that_does_not_answer_is_a_warning_of_a_validation() {
    let dir = tempfile::tempdir().unwrap();
    drop_in(dir.path(), "memo", "memos.example.dev/v1/Note", &template("memos.example.dev"));
    let dirs = format!("{},{}", plugins_dir().display(), dir.path().display());
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &dirs)]).await;
    let user = host.admin().await;
    user.post("/clusters", &dead("dead")).await.expect(201);
    let id = user.workflow("memos", "dead").await;
    let memo = plugin_node("m", "memo", "memo", json!({"name": "m"}));
    user.save(&id, &json!({"nodes": [memo], "edges": []})).await;
    let answer = user.get(&format!("/workflows/{id}/validation")).await.expect(200);
    let told = &answer["findings"][0];
    assert_eq!(
        (&told["code"], &told["severity"]),
        (&json!("cluster.unreachable"), &json!("warning"))
    );
    assert_eq!(
        (&answer["valid"], &answer["findings"][1]),
        (&json!(true), &Value::Null),
        "{answer}"
    );
    user.run(&id, &json!({})).await.expect_problem(502, "cluster.unreachable");
    host.finish().await;
}
