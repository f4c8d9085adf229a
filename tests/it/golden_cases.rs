//! Cases in which products of this kind go wrong, and which test holds each.
//!
//! | case | held by |
//! |---|---|
//! | a policy with one peer and one port | [`a_policy_lets_in_whom_it_names_and_nobody_else`], `networkpolicy`'s own tests |
//! | a second run without values | [`values_given_once_outlive_later_runs`], `runs::values_given_for_a_run_are_kept_and_shown_to_nobody` |
//! | a second run of a Job | [`a_job_runs_again_only_when_it_changed`] |
//! | replicas under an autoscaler | `replicas::replicas_belong_to_the_autoscaler` and the rest of that file |
//! | a renamed node | [`a_renamed_node_takes_its_old_object_along`], `node_types::all_types_run_together_and_follow_a_renamed_neighbour` |
//! | any node removed | [`whatever_is_no_longer_drawn_goes_and_claims_stay`] |
//! | an object of somebody else | `runs::objects_of_others_are_neither_overwritten_nor_removed`, `runs::a_removed_field_and_a_drifted_one_are_put_right` |
//! | values that look like others | [`zeros_words_and_other_scripts_arrive_as_they_are`] |
//! | selector and port mended | `diagnostics::a_service_that_leads_nowhere_is_diagnosed_fixed_and_well` |
//! | a kind the cluster does not know | [`an_unknown_kind_is_told_before_anything_is_applied`] |
//! | a node that fails in the middle | [`a_node_that_fails_leaves_the_rest_and_a_record`] |
//! | two users | [`nobody_runs_on_a_cluster_of_somebody_else`], `access::other_peoples_things_are_not_there` |

use bowsprit_tests::{Kube, Method, TestHost, User, plugins_dir, unique};
use serde_json::{Value, json};

use crate::{
    node_types::all_types,
    runs::{node, ready, shop},
    templates::drop_in,
};

/// Data of a node called `name` in `namespace`.
pub(crate) fn named(namespace: &str, name: &str, mut data: Value) -> Value {
    data["name"] = json!(name);
    data["namespace"] = json!(namespace);
    data
}

pub(crate) async fn run_again(user: &User, id: &str) -> Value {
    user.post(&format!("/workflows/{id}/run"), &json!({})).await.expect(200)
}

#[tokio::test]
async fn a_policy_lets_in_whom_it_names_and_nobody_else() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let peer = json!({"id": "p1", "type": "podSelector", "podSelector": {"app": "front"}});
    let rule = json!({"id": "r1", "from": [peer], "ports": [{"id": "o1", "protocol": "TCP", "port": 5432}]});
    let policy = |rules: Value| {
        let data = json!({"podSelector": {"app": "db"}, "policyTypes": ["Ingress"], "ingressRules": rules});
        json!({"nodes": [node("n", "networkpolicy", named(&namespace, "lock", data))], "edges": []})
    };
    let id = user.workflow("policy", "lab").await;
    user.save(&id, &policy(json!([rule]))).await;
    user.run(&id, &json!({})).await.expect(200);
    let path = format!("/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/lock");
    let expected = json!([{
        "from": [{"podSelector": {"matchLabels": {"app": "front"}}}],
        "ports": [{"port": 5432, "protocol": "TCP"}],
    }]);
    assert_eq!(kube.get(&path).await.unwrap()["spec"]["ingress"], expected);
    // Peers that cannot be read are not peers that were left out.
    user.save(&id, &policy(json!([{"id": "r1", "from": [{"type": "ipBlock", "ipBlock": {"cidr": "x"}}], "ports": []}]))).await;
    user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    assert_eq!(kube.get(&path).await.unwrap()["spec"]["ingress"], expected);
    host.finish().await;
}

#[tokio::test]
async fn values_given_once_outlive_later_runs() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let keys = json!([{"id": "k1", "name": "A"}, {"id": "k2", "name": "B"}]);
    let image = json!({"image": "busybox:1", "envKeys": [{"id": "e1", "name": "MODE"}]});
    let drawing = |labels: Value| {
        let mut image = image.clone();
        image["labels"] = labels;
        json!({"nodes": [
            node("s", "secret", named(&namespace, "s", json!({"secretType": "Opaque", "keys": keys}))),
            node("d", "deployment", named(&namespace, "d", image)),
        ], "edges": []})
    };
    let id = user.workflow("values", "lab").await;
    user.save(&id, &drawing(json!({}))).await;
    let given = json!({"trigger_data": {"secrets": {"s": {"A": "1", "B": "2"}}, "envVars": {"d": {"MODE": "x"}}}});
    user.run(&id, &given).await.expect(200);
    let seen = async || {
        let secret = kube.get(&format!("/api/v1/namespaces/{namespace}/secrets/s")).await.unwrap();
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/d");
        let pod = kube.get(&path).await.unwrap()["spec"]["template"]["spec"].clone();
        (secret["data"].clone(), pod["containers"][0]["env"].clone())
    };
    let first = seen().await;
    assert_eq!(first.0, json!({"A": "MQ==", "B": "Mg=="}));
    assert_eq!(first.1, json!([{"name": "MODE", "value": "x"}]));
    run_again(&user, &id).await;
    assert_eq!(seen().await, first);
    // Nor are they lost with another change.
    user.save(&id, &drawing(json!({"team": "blue"}))).await;
    run_again(&user, &id).await;
    assert_eq!(seen().await, first);
    host.finish().await;
}

#[tokio::test]
async fn a_job_runs_again_only_when_it_changed() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let drawing = |command: &str| {
        let data = json!({"image": "busybox:1", "command": [command], "restartPolicy": "Never"});
        json!({"nodes": [node("j", "job", named(&namespace, "once", data))], "edges": []})
    };
    let path = format!("/apis/batch/v1/namespaces/{namespace}/jobs/once");
    let uid = async || kube.get(&path).await.unwrap()["metadata"]["uid"].clone();
    let id = user.workflow("job", "lab").await;
    user.save(&id, &drawing("true")).await;
    user.run(&id, &json!({})).await.expect(200);
    let first = uid().await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    assert_eq!(uid().await, first, "an unchanged one is left alone");
    user.save(&id, &drawing("false")).await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    assert_ne!(uid().await, first, "a changed one runs anew");
    host.finish().await;
}

#[tokio::test]
async fn a_renamed_node_takes_its_old_object_along() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("renamed", "lab").await;
    user.save(&id, &shop(&namespace)).await;
    user.run(&id, &json!({})).await.expect(200);
    let mut drawing = shop(&namespace);
    drawing["nodes"][0]["data"]["name"] = json!("front");
    user.save(&id, &drawing).await;
    run_again(&user, &id).await;
    let deployments = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
    assert!(kube.get(&format!("{deployments}/front")).await.is_some());
    kube.until_gone(&format!("{deployments}/web")).await;
    let service = kube.get(&format!("/api/v1/namespaces/{namespace}/services/web")).await.unwrap();
    assert_eq!(service["spec"]["selector"], json!({"app": "front"}));
    host.finish().await;
}

#[tokio::test]
async fn whatever_is_no_longer_drawn_goes_and_claims_stay() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let id = user.workflow("emptied", "lab").await;
    user.save(&id, &all_types(&namespace, "web")).await;
    let given = json!({"trigger_data": {"secrets": {"sec": {"PASSWORD": "x"}}}});
    let run = user.run(&id, &given).await.expect(200);
    let api = |group: &str, object: &str| format!("{group}/namespaces/{namespace}/{object}");
    let objects = [
        ("/api/v1", "configmaps/settings"),
        ("/api/v1", "secrets/cred"),
        ("/api/v1", "services/web"),
        ("/api/v1", "services/db-headless"),
        ("/apis/apps/v1", "deployments/web"),
        ("/apis/apps/v1", "statefulsets/db"),
        ("/apis/apps/v1", "daemonsets/agent"),
        ("/apis/batch/v1", "jobs/once"),
        ("/apis/batch/v1", "cronjobs/tick"),
        ("/apis/networking.k8s.io/v1", "ingresses/web"),
        ("/apis/networking.k8s.io/v1", "networkpolicies/lock"),
        ("/apis/autoscaling/v2", "horizontalpodautoscalers/web"),
    ];
    for (group, object) in objects {
        assert!(kube.get(&api(group, object)).await.is_some(), "{object}: {run}");
    }
    let saved = user.save(&id, &json!({"nodes": [], "edges": []})).await;
    let warning = saved["warning"].as_str().unwrap();
    assert!(warning.contains("PersistentVolumeClaim") && warning.contains("kept"), "{warning}");
    for (group, object) in objects {
        kube.until_gone(&api(group, object)).await;
    }
    let claim = api("/api/v1", "persistentvolumeclaims/disk");
    assert!(kube.get(&claim).await.is_some(), "nobody was asked whether its data may go");
    kube.send(Method::DELETE, &claim, &json!({})).await;
    host.finish().await;
}

#[tokio::test]
async fn zeros_words_and_other_scripts_arrive_as_they_are() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let texts = json!({
        "NUMBER": "007", "YES": "true", "NOTHING": "null", "FLOAT": "1e6", "EMPTY": "",
        "SCRIPT": "Grüße, 世界 🚢", "QUOTES": "a \"b\" 'c' \\ {{ .x }}", "LINES": "one\ntwo\n",
        "SHARE": 1.5, "BIG": 1_000_000,
    });
    let labels = json!({"enabled": "true", "number": "1", "nothing": "null"});
    let drawing = json!({"nodes": [
        node("d", "deployment", named(&namespace, "d", json!({"image": "busybox:1", "replicas": 0, "env": texts, "labels": labels, "livenessProbe": {"path": "/", "initialDelaySeconds": 0}, "port": 80}))),
        node("j", "job", named(&namespace, "j", json!({"image": "busybox:1", "backoffLimit": 0, "ttlSecondsAfterFinished": 0, "args": ["0", "true", "a,b"]}))),
        node("c", "configmap", named(&namespace, "c", json!({"data": texts, "labels": labels}))),
    ], "edges": []});
    let id = user.workflow("exact", "lab").await;
    user.save(&id, &drawing).await;
    let path = format!("/apis/batch/v1/namespaces/{namespace}/jobs?watch=1");
    let mut jobs = kube.watch(&path).await;
    user.run(&id, &json!({})).await.expect(200);
    let as_text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/d");
    let made = kube.get(&path).await.unwrap();
    assert_eq!(made["spec"]["replicas"], 0);
    let container = &made["spec"]["template"]["spec"]["containers"][0];
    for variable in container["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        let value = variable["value"].as_str().unwrap_or_default();
        assert_eq!(value, as_text(&texts[name]), "{name}");
    }
    assert_eq!(container["env"].as_array().unwrap().len(), texts.as_object().unwrap().len());
    for (key, value) in labels.as_object().unwrap() {
        assert_eq!(made["metadata"]["labels"][key], *value);
        assert_eq!(made["spec"]["template"]["metadata"]["labels"][key], *value);
    }
    let map = kube.get(&format!("/api/v1/namespaces/{namespace}/configmaps/c")).await.unwrap();
    for (key, value) in texts.as_object().unwrap() {
        assert_eq!(map["data"][key], as_text(value), "{key}");
    }
    // It goes as soon as it is over: what it was is in its first event.
    use futures::StreamExt as _;
    let job = jobs.next().await.unwrap()["object"]["spec"].clone();
    assert_eq!((&job["backoffLimit"], &job["ttlSecondsAfterFinished"]), (&json!(0), &json!(0)));
    assert_eq!(job["template"]["spec"]["containers"][0]["args"], json!(["0", "true", "a,b"]));
    host.finish().await;
}

const SPROCKET: &str = "type: sprocket\ntitle: Sprocket\ndescription: Of an operator nobody has.\n\
    fields: {}\nmanifests:\n  - id: sprocket\n    order: last\n    object:\n\
    \x20     apiVersion: gears.example.com/v1\n      kind: Sprocket\n      spec: {teeth: 3}\n";

#[tokio::test]
async fn an_unknown_kind_is_told_before_anything_is_applied() {
    let Some(kube) = Kube::connect() else { return };
    let dir = tempfile::tempdir().unwrap();
    drop_in(dir.path(), "sprocket", "gears.example.com/v1/Sprocket", SPROCKET);
    let dirs = format!("{},{}", plugins_dir().display(), dir.path().display());
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &dirs)]).await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let drawing = json!({"nodes": [
        node("c", "configmap", named(&namespace, "c", json!({"data": {"a": "b"}}))),
        node("s", "sprocket", named(&namespace, "s", json!({}))),
    ], "edges": []});
    let id = user.workflow("gears", "lab").await;
    user.save(&id, &drawing).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    let findings = problem["findings"].as_array().unwrap();
    let told = findings.iter().find(|it| it["code"] == "node.kind.not-served").unwrap();
    assert_eq!(told["node"], "s");
    assert!(told["message"].as_str().unwrap().contains("Sprocket"), "{told}");
    assert!(told["suggestion"].is_string(), "{told}");
    assert!(kube.get(&format!("/api/v1/namespaces/{namespace}/configmaps/c")).await.is_none());
    host.finish().await;
}

#[tokio::test]
async fn a_node_that_fails_leaves_the_rest_and_a_record() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    kube.send(Method::POST, "/api/v1/namespaces", &made).await;
    let maps = format!("/api/v1/namespaces/{namespace}/configmaps");
    let theirs = json!({"metadata": {"name": "b"}, "data": {"x": "theirs"}});
    kube.send(Method::POST, &maps, &theirs).await;
    let map =
        |name: &str| node(name, "configmap", named(&namespace, name, json!({"data": {"a": "b"}})));
    let web = named(&namespace, "web", json!({"image": "nginx:1.27"}));
    let drawing =
        json!({"nodes": [map("a"), map("b"), map("c"), node("d", "deployment", web)], "edges": []});
    let id = user.workflow("middle", "lab").await;
    user.save(&id, &drawing).await;
    user.run(&id, &json!({})).await.expect_problem(502, "run.apply-failed");
    for name in ["a", "c"] {
        assert!(kube.get(&format!("{maps}/{name}")).await.is_some(), "its neighbours stay");
    }
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    assert!(kube.get(&path).await.is_none(), "what comes after waits");
    let runs = user.get(&format!("/workflows/{id}/runs")).await.expect(200);
    let run = &runs["runs"][0];
    assert_eq!(run["status"], "failed");
    assert!(run["completed_at"].is_string() && run["duration"].is_number(), "{run}");
    let states = &run["node_states"];
    assert_eq!(
        (&states["a"]["status"], &states["b"]["status"], &states["c"]["status"]),
        (&json!("completed"), &json!("failed"), &json!("completed"))
    );
    let logs = run["logs"].to_string();
    assert!(logs.contains("error: b:") && logs.contains("failed:"), "{logs}");
    // Once the cause is gone the rest follows.
    kube.send(Method::DELETE, &format!("{maps}/b"), &json!({})).await;
    kube.until_gone(&format!("{maps}/b")).await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    assert!(kube.get(&path).await.is_some());
    host.finish().await;
}

#[tokio::test]
async fn nobody_runs_on_a_cluster_of_somebody_else() {
    let Some((kube, host, owner, namespace)) = ready().await else { return };
    let other = host.user(&owner, "other@example.com").await;
    let id = other.workflow("intruder", "lab").await;
    other.save(&id, &shop(&namespace)).await;
    other.run(&id, &json!({})).await.expect_problem(404, "not-found");
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    assert!(kube.get(&path).await.is_none());
    host.finish().await;
}
