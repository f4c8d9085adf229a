//! Whose the number of replicas is, with an autoscaler and after it.

use bowsprit_tests::{Kube, Method, User};
use serde_json::{Value, json};

use crate::{
    golden_cases::{named, run_again},
    runs::{edge, node, ready},
};

/// Who owns the number of replicas.
fn owners(object: &Value) -> Vec<&str> {
    let fields = object["metadata"]["managedFields"].as_array().unwrap();
    let owns = |it: &&Value| !it["fieldsV1"]["f:spec"]["f:replicas"].is_null();
    fields.iter().filter(owns).map(|it| it["manager"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn replicas_belong_to_the_autoscaler() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let drawing = |image: &str, edges: Value| {
        let web = json!({"image": image, "replicas": 1, "resources": {"requests": {"cpu": "10m"}}});
        let hpa = json!({"minReplicas": 3, "maxReplicas": 5, "targetCPUUtilization": 50});
        let mut nodes = vec![node("d", "deployment", named(&namespace, "web", web))];
        if edges != json!([]) {
            nodes.push(node("h", "hpa", named(&namespace, "web", hpa)));
        }
        json!({"nodes": nodes, "edges": edges})
    };
    let scaled = json!([edge("h", "d")]);
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let id = user.workflow("scaled", "lab").await;
    user.save(&id, &drawing("nginx:1.27", scaled.clone())).await;
    user.run(&id, &json!({})).await.expect(200);
    let made = kube.get(&path).await.unwrap();
    assert!(!owners(&made).contains(&"bowsprit"), "{:?}", owners(&made));
    // The autoscaler sees that its least are not there.
    kube.until(&path, |it| it.as_ref().is_some_and(|it| it["spec"]["replicas"] == 3)).await;
    user.save(&id, &drawing("nginx:1.28", scaled)).await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    let changed = kube.get(&path).await.unwrap();
    assert_eq!(changed["spec"]["replicas"], 3, "a change of the image is no change of replicas");
    assert_eq!(changed["spec"]["template"]["spec"]["containers"][0]["image"], json!("nginx:1.28"));
    assert!(!owners(&changed).contains(&"bowsprit"), "{:?}", owners(&changed));
    host.finish().await;
}

#[tokio::test]
async fn replicas_come_back_when_nobody_scaled_them() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let web = |replicas: u8| {
        named(&namespace, "web", json!({"image": "nginx:1.27", "replicas": replicas}))
    };
    // It holds what is drawn already, so it never writes.
    let hpa = named(
        &namespace,
        "web",
        json!({"minReplicas": 1, "maxReplicas": 1, "targetCPUUtilization": 50}),
    );
    let nodes = json!([node("d", "deployment", web(1)), node("h", "hpa", hpa)]);
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let id = user.workflow("unscaled", "lab").await;
    user.save(&id, &json!({"nodes": nodes, "edges": [edge("h", "d")]})).await;
    user.run(&id, &json!({})).await.expect(200);
    user.save(&id, &json!({"nodes": [node("d", "deployment", web(2))], "edges": []})).await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    let made = kube.get(&path).await.unwrap();
    assert_eq!(made["spec"]["replicas"], 2);
    assert_eq!(owners(&made), ["bowsprit"]);
    host.finish().await;
}

/// A Deployment, and an autoscaler of it that wants at least three.
fn web(namespace: &str, replicas: u8, image: &str) -> Value {
    let web =
        json!({"image": image, "replicas": replicas, "resources": {"requests": {"cpu": "10m"}}});
    node("d", "deployment", named(namespace, "web", web))
}

fn autoscaler(namespace: &str) -> Value {
    let hpa = json!({"minReplicas": 3, "maxReplicas": 5, "targetCPUUtilization": 50});
    node("h", "hpa", named(namespace, "web", hpa))
}

/// Draws both, and waits until the autoscaler has made three of one.
async fn scaled(kube: &Kube, user: &User, namespace: &str) -> (String, String) {
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let id = user.workflow("scaled", "lab").await;
    let nodes = [web(namespace, 1, "nginx:1.27"), autoscaler(namespace)];
    user.save(&id, &json!({"nodes": nodes, "edges": [edge("h", "d")]})).await;
    user.run(&id, &json!({})).await.expect(200);
    kube.until(&path, |it| it.as_ref().is_some_and(|it| it["spec"]["replicas"] == 3)).await;
    (id, path)
}

/// What `kubectl scale` does.
async fn scale(kube: &Kube, path: &str, replicas: u8) {
    let scale = format!("{path}/scale?fieldManager=kubectl");
    let (status, answer) =
        kube.send(Method::PATCH, &scale, &json!({"spec": {"replicas": replicas}})).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn replicas_are_as_drawn_when_the_autoscaler_is_gone() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let (id, path) = scaled(&kube, &user, &namespace).await;
    user.save(&id, &json!({"nodes": [web(&namespace, 1, "nginx:1.27")], "edges": []})).await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    kube.until_gone(&format!(
        "/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/web"
    ))
    .await;
    let made = kube.get(&path).await.unwrap();
    assert_eq!((&made["spec"]["replicas"], owners(&made)), (&json!(1), vec!["bowsprit"]));

    // A run that finds it so ends it: from then on a number is somebody else's
    // as any other field is.
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    scale(&kube, &path, 4).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(502, "run.apply-failed");
    assert!(problem.to_string().contains("owned by `kubectl`"), "{problem}");
    assert_eq!(kube.get(&path).await.unwrap()["spec"]["replicas"], 4);
    host.finish().await;
}

#[tokio::test]
async fn replicas_are_as_drawn_when_the_autoscaler_is_moved_to_another_workload() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let (id, path) = scaled(&kube, &user, &namespace).await;
    let mut other = web(&namespace, 3, "nginx:1.27");
    other["id"] = json!("o");
    other["data"]["name"] = json!("other");
    let nodes = [web(&namespace, 2, "nginx:1.28"), other, autoscaler(&namespace)];
    user.save(&id, &json!({"nodes": nodes, "edges": [edge("h", "o")]})).await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    let made = kube.get(&path).await.unwrap();
    assert_eq!((&made["spec"]["replicas"], owners(&made)), (&json!(2), vec!["bowsprit"]));
    assert_eq!(made["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:1.28");
    host.finish().await;
}

#[tokio::test]
async fn a_number_that_somebody_wrote_while_it_was_yielded_is_taken_back_and_nothing_else() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let (id, path) = scaled(&kube, &user, &namespace).await;
    scale(&kube, &path, 4).await;
    let mut pod = kube.get(&path).await.unwrap()["spec"]["template"]["spec"].clone();
    pod["containers"][0]["image"] = json!("nginx:1.29");
    pod["terminationGracePeriodSeconds"] = json!(7);
    let edited = json!({"spec": {"template": {"spec": pod}}});
    let edit = format!("{path}?fieldManager=kubectl-edit");
    assert_eq!(kube.send(Method::PATCH, &edit, &edited).await.0, 200);

    // Another field is in the way: neither is taken.
    user.save(&id, &json!({"nodes": [web(&namespace, 2, "nginx:1.28")], "edges": []})).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(502, "run.apply-failed");
    assert!(problem.to_string().contains("owned by `kubectl-edit`"), "{problem}");
    assert_eq!(kube.get(&path).await.unwrap()["spec"]["replicas"], 4);

    // It is no longer: the number is as it is drawn.
    user.save(&id, &json!({"nodes": [web(&namespace, 2, "nginx:1.29")], "edges": []})).await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    let made = kube.get(&path).await.unwrap();
    assert_eq!((&made["spec"]["replicas"], owners(&made)), (&json!(2), vec!["bowsprit"]));
    let pod = &made["spec"]["template"]["spec"];
    assert_eq!(pod["terminationGracePeriodSeconds"], 7, "what nobody drew stays");
    host.finish().await;
}

#[tokio::test]
async fn a_number_that_happened_to_be_the_drawn_one_can_be_changed_later() {
    let Some((kube, host, user, namespace)) = ready().await else { return };
    let (id, path) = scaled(&kube, &user, &namespace).await;
    user.save(&id, &json!({"nodes": [web(&namespace, 3, "nginx:1.27")], "edges": []})).await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    user.save(&id, &json!({"nodes": [web(&namespace, 2, "nginx:1.27")], "edges": []})).await;
    assert_eq!(run_again(&user, &id).await["status"], "completed");
    let made = kube.get(&path).await.unwrap();
    assert_eq!((&made["spec"]["replicas"], owners(&made)), (&json!(2), vec!["bowsprit"]));
    host.finish().await;
}
