//! Diagnoses and fixes, with the real checks and a real API server.

use bowsprit_host_core::{id::Id, runs::RUN_LOCKS, time::Timestamp};
use bowsprit_tests::{Kube, Method, TestHost, User, unique};
use serde_json::{Value, json};

use crate::runs::node;

/// A Service whose selector is mistyped, drawn without an edge.
fn service(namespace: &str, app: &str) -> Value {
    let data = json!({
        "name": "web", "namespace": namespace, "serviceType": "ClusterIP", "port": 80,
        "targetPort": 8080, "targetApp": app,
    });
    json!({ "nodes": [node("node-2", "service", data)], "edges": [] })
}

struct Lab {
    kube: Kube,
    host: TestHost,
    user: User,
    namespace: String,
    workflow: String,
}

impl Lab {
    /// A workflow with a mistyped Service, run.
    async fn with_service(app: &str) -> Option<Self> {
        let kube = Kube::connect()?;
        let host = TestHost::start().await;
        let user = host.admin().await;
        kube.add_to(&user, "lab").await;
        let (namespace, workflow) = mistyped(&user, app).await;
        Some(Self { kube, host, user, namespace, workflow })
    }

    /// Has the cluster run pods with this label, and waits until they are
    /// ready.
    async fn run_pods(&self, app: &str) {
        run_pods(&self.kube, &self.namespace, app).await;
    }

    /// Waits until the Service has an endpoint that is ready.
    async fn until_endpoints(&self) {
        let (namespace, name) = (&self.namespace, "kubernetes.io%2Fservice-name%3Dweb");
        let path = format!(
            "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector={name}"
        );
        let is_ready = |it: &Value| it["endpoints"][0]["conditions"]["ready"] == true;
        self.kube
            .until(&path, |it| {
                let items = it.as_ref().and_then(|it| it["items"].as_array());
                items.is_some_and(|it| it.iter().any(is_ready))
            })
            .await;
    }

    fn path(&self, what: &str) -> String {
        format!("/workflows/{}/nodes/node-2/{what}", self.workflow)
    }

    async fn diagnosis(&self) -> Value {
        self.user.get(&self.path("diagnostics")).await.expect(200)
    }

    async fn template(&self) -> Value {
        self.user.get(&self.path("fix-template/selector-fix")).await.expect(200)
    }

    async fn live(&self) -> Value {
        let path = format!("/api/v1/namespaces/{}/services/web", self.namespace);
        self.kube.get(&path).await.expect("the Service")
    }

    async fn end(self) {
        self.user.delete(&format!("/workflows/{}", self.workflow)).await.expect(200);
        self.host.finish().await;
    }
}

/// A workflow with a mistyped Service in a namespace of its own, run on `lab`.
pub(crate) async fn mistyped(user: &User, app: &str) -> (String, String) {
    let namespace = format!("it-{}", unique());
    let workflow = user.workflow("shop", "lab").await;
    user.save(&workflow, &service(&namespace, app)).await;
    user.run(&workflow, &json!({})).await.expect(200);
    (namespace, workflow)
}

/// Has the cluster run pods with this label, and waits until they are ready.
pub(crate) async fn run_pods(kube: &Kube, namespace: &str, app: &str) {
    let labels = json!({ "app": app });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": { "name": app, "namespace": namespace },
        "spec": {
            "selector": { "matchLabels": labels },
            "template": {
                "metadata": { "labels": labels },
                "spec": { "containers": [{ "name": "c", "image": "nginx", "ports": [{ "containerPort": 8080 }] }] },
            },
        },
    });
    let path = format!("/apis/apps/v1/namespaces/{}/deployments/{app}", namespace);
    assert_eq!(kube.apply(&path, &deployment).await, 201);
    kube.until(&path, |it| it.as_ref().is_some_and(|it| it["status"]["readyReplicas"] == 1)).await;
}

/// Name and status of each check.
fn checks(diagnosis: &Value) -> Vec<(&str, &str)> {
    let checks = diagnosis["checks"].as_array().unwrap().iter();
    checks.map(|it| (it["name"].as_str().unwrap(), it["status"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_service_that_leads_nowhere_is_diagnosed_fixed_and_well() {
    let Some(lab) = Lab::with_service("wbe").await else { return };
    lab.run_pods("web").await;
    let diagnosis = lab.diagnosis().await;
    assert_eq!(checks(&diagnosis), [("service-exists", "pass"), ("endpoints-exist", "error")]);
    assert_eq!(
        (&diagnosis["overallStatus"], &diagnosis["serviceName"], &diagnosis["namespace"]),
        (&json!("error"), &json!("web"), &json!(lab.namespace))
    );
    let found = &diagnosis["checks"][1];
    assert_eq!(found["message"], "No pod has the labels `app=wbe`.");
    assert_eq!(found["suggestion"], "There are pods with the label `app=web`.");
    assert_eq!((&found["autoFixable"], &found["fixType"]), (&json!(true), &json!("selector-fix")));

    let template = lab.template().await;
    assert_eq!(
        (&template["applyMethod"], &template["fixType"]),
        (&json!("kubectl-apply"), &json!("selector-fix"))
    );
    let before = lab.live().await;
    let body = json!({ "fixType": "selector-fix", "yaml": template["yaml"] });
    let fixed = lab.user.post(&lab.path("fix"), &body).await.expect(200);
    assert_eq!(
        (&fixed["success"], &fixed["fixType"], &fixed["mode"]),
        (&json!(true), &json!("selector-fix"), &json!("auto"))
    );
    assert_eq!(fixed["result"]["applied_resources"][0]["uid"], before["metadata"]["uid"]);
    assert_eq!(fixed["message"], "Correct the selector: applied. What it was for is mended.");

    // Exactly that field changed.
    let mut after = lab.live().await;
    assert_eq!(after["spec"]["selector"], json!({ "app": "web" }));
    after["spec"]["selector"] = before["spec"]["selector"].clone();
    assert_eq!(after["spec"], before["spec"]);
    let labels = &after["metadata"]["labels"];
    assert_eq!(labels, &before["metadata"]["labels"]);

    lab.until_endpoints().await;
    let diagnosis = lab.diagnosis().await;
    assert_eq!(checks(&diagnosis), [("service-exists", "pass"), ("endpoints-exist", "pass")]);
    assert_eq!(diagnosis["overallStatus"], "healthy");

    // The drawing says the same, and its next run changes nothing of it.
    let workflow = lab.user.get(&format!("/workflows/{}", lab.workflow)).await.expect(200);
    assert_eq!(workflow["nodes"][0]["data"]["targetApp"], "web");
    lab.user.run(&lab.workflow, &json!({})).await.expect(200);
    assert_eq!(lab.live().await["spec"]["selector"], json!({ "app": "web" }));

    let audit = lab.user.get("/admin/audit?action=workflow.fix-applied").await.expect(200);
    let entry = &audit["entries"][0];
    assert!(entry.to_string().contains("selector-fix"), "{audit}");
    assert!(entry.to_string().contains(&lab.workflow), "{audit}");
    lab.end().await;
}

#[tokio::test]
async fn a_users_own_yaml_leaves_the_drawing_and_says_so() {
    let Some(lab) = Lab::with_service("wbe").await else { return };
    lab.run_pods("web").await;
    let yaml = lab.template().await["yaml"].as_str().unwrap().replace("app: web", "app: other");
    let body = json!({ "fixType": "selector-fix", "yaml": yaml, "mode": "manual" });
    let fixed = lab.user.post(&lab.path("fix"), &body).await.expect(200);
    let message = fixed["message"].as_str().unwrap();
    assert!(message.contains("The drawing is as it was"), "{message}");
    assert!(message.contains("It did not help: No pod has the labels `app=other`."), "{message}");
    assert_eq!(lab.live().await["spec"]["selector"], json!({ "app": "other" }));
    let workflow = lab.user.get(&format!("/workflows/{}", lab.workflow)).await.expect(200);
    assert_eq!(workflow["nodes"][0]["data"]["targetApp"], "wbe");
    lab.end().await;
}

#[tokio::test]
async fn a_fix_changes_what_it_proposed_and_nothing_else() {
    let Some(lab) = Lab::with_service("wbe").await else { return };
    lab.run_pods("web").await;
    let yaml = lab.template().await["yaml"].as_str().unwrap().to_owned();
    let namespace = &lab.namespace;
    let send = async |yaml: &str| {
        lab.user.post(&lab.path("fix"), &json!({ "fixType": "selector-fix", "yaml": yaml })).await
    };
    for (bad, said) in [
        (
            yaml.replace("name: web", "name: api"),
            format!("`yaml` names Service {namespace}/api, which this fix does not change"),
        ),
        (
            yaml.replace(namespace.as_str(), "kube-system"),
            "`yaml` names Service kube-system/web, which this fix does not change".into(),
        ),
        (
            yaml.replace("kind: Service", "kind: ConfigMap"),
            format!("`yaml` names ConfigMap {namespace}/web, which this fix does not change"),
        ),
        (
            format!("{yaml}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: web}}\n"),
            format!("`yaml` names Secret {namespace}/web, which this fix does not change"),
        ),
        (
            "a: b".into(),
            "`yaml` must hold objects with `apiVersion`, `kind` and `metadata.name`".into(),
        ),
        ("a: [".into(), "`yaml` is not YAML".into()),
        (String::new(), "`yaml` must hold the objects to change".into()),
    ] {
        let problem = send(&bad).await.expect_problem(400, "request.invalid");
        let message = problem["message"].as_str().unwrap();
        assert!(message.starts_with(&said), "{message}\n{bad}");
        assert_eq!((&problem["field"], &problem["details"]), (&json!("yaml"), &problem["error"]));
        assert_eq!(
            (&problem["fixType"], &problem["mode"]),
            (&json!("selector-fix"), &json!("auto"))
        );
    }
    let large = format!("{yaml}# {}", "x".repeat(64 << 10));
    send(&large).await.expect_problem(413, "request.too-large");
    // The server tries it first; what it refuses is not half done.
    let refused = yaml.replace("app: web", "app: 'no good!'");
    send(&refused).await.expect_problem(502, "cluster.refused");
    assert_eq!(lab.live().await["spec"]["selector"], json!({ "app": "wbe" }));

    // Somebody else owns the field by now.
    let path = format!("/api/v1/namespaces/{namespace}/services/web");
    let theirs = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "wxb"}}});
    assert_eq!(lab.kube.apply(&path, &theirs).await, 200);
    send(&yaml).await.expect_problem(409, "diagnostics.fix.conflict");
    assert_eq!(lab.live().await["spec"]["selector"], json!({ "app": "wxb" }));
    lab.end().await;
}

#[tokio::test]
async fn a_fix_that_does_not_apply_is_refused() {
    let Some(lab) = Lab::with_service("wbe").await else { return };
    let template = async |fix: &str| lab.user.get(&lab.path(&format!("fix-template/{fix}"))).await;
    template("selector-fix").await.expect_problem(400, "diagnostics.fix.unsupported");
    let problem = template("metallb-pool").await;
    let problem = problem.expect_problem(400, "diagnostics.fix.unsupported");
    assert!(problem["message"].as_str().unwrap().contains("metallb-pool"), "{problem}");
    lab.end().await;
}

#[tokio::test]
async fn a_service_that_was_never_run_is_missing() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let workflow = user.workflow("shop", "lab").await;
    user.save(&workflow, &service(&format!("it-{}", unique()), "web")).await;
    let path = format!("/workflows/{workflow}/nodes/node-2");
    let diagnosis = user.get(&format!("{path}/diagnostics")).await.expect(200);
    assert_eq!(checks(&diagnosis), [("service-exists", "error")], "the rest is left out");
    host.finish().await;
}

#[tokio::test]
async fn an_object_of_somebody_else_is_not_fixed() {
    let Some(lab) = Lab::with_service("wbe").await else { return };
    lab.run_pods("web").await;
    let yaml = lab.template().await["yaml"].clone();
    // The same object, drawn by somebody who never ran it.
    let other = lab.host.user(&lab.user, "other@example.com").await;
    lab.kube.add_to(&other, "lab").await;
    let workflow = other.workflow("theft", "lab").await;
    other.save(&workflow, &service(&lab.namespace, "wbe")).await;
    let path = format!("/workflows/{workflow}/nodes/node-2/fix");
    let body = json!({ "fixType": "selector-fix", "yaml": yaml });
    other.post(&path, &body).await.expect_problem(400, "diagnostics.fix.foreign");
    // And the owner's workflow is not theirs to fix.
    other.post(&lab.path("fix"), &body).await.expect_problem(404, "not-found");
    other.get(&lab.path("diagnostics")).await.expect_problem(404, "not-found");
    other.get(&lab.path("fix-template/selector-fix")).await.expect_problem(404, "not-found");
    assert_eq!(lab.live().await["spec"]["selector"], json!({ "app": "wbe" }));
    lab.end().await;
}

#[tokio::test]
async fn what_cannot_be_diagnosed_is_said_so() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let workflow = user.workflow("shop", "nowhere").await;
    let mut drawing = service("x", "web");
    drawing["nodes"].as_array_mut().unwrap().push(node("node-1", "configmap", json!({})));
    user.save(&workflow, &drawing).await;
    let diagnose = async |node: &str| {
        user.get(&format!("/workflows/{workflow}/nodes/{node}/diagnostics")).await
    };
    diagnose("node-1").await.expect_problem(400, "diagnostics.none");
    let problem = diagnose("node-9").await.expect_problem(404, "not-found");
    assert_eq!(problem["message"], "node `node-9` was not found");
    let problem = diagnose("node-2").await.expect_problem(404, "not-found");
    assert_eq!(problem["message"], "cluster `nowhere` was not found");
    host.finish().await;
}

/// A token that may do nothing but look at Services in one namespace.
async fn token_for_services(kube: &Kube, namespace: &str) -> String {
    let send = async |path: &str, body: Value| {
        let (status, answer) = kube.send(Method::POST, path, &body).await;
        assert!(matches!(status, 200 | 201), "{path}: {status} {answer}");
        answer
    };
    let metadata = json!({ "name": "viewer", "namespace": namespace });
    let accounts = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
    send(&accounts, json!({ "metadata": metadata })).await;
    let rbac = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}");
    let rules = json!([{ "apiGroups": [""], "resources": ["services"], "verbs": ["get"] }]);
    send(&format!("{rbac}/roles"), json!({ "metadata": metadata, "rules": rules })).await;
    let binding = json!({
        "metadata": metadata,
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "viewer" },
        "subjects": [{ "kind": "ServiceAccount", "name": "viewer", "namespace": namespace }],
    });
    send(&format!("{rbac}/rolebindings"), binding).await;
    let answer = send(&format!("{accounts}/viewer/token"), json!({ "spec": {} })).await;
    answer["status"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_the_cluster_forbids_to_see_is_skipped_and_not_failed() {
    let Some(lab) = Lab::with_service("web").await else { return };
    let token = token_for_services(&lab.kube, &lab.namespace).await;
    let viewer = lab.host.user(&lab.user, "viewer@example.com").await;
    lab.kube.holding(&token).add_untested_to(&viewer, "lab").await;
    let workflow = viewer.workflow("look", "lab").await;
    viewer.save(&workflow, &service(&lab.namespace, "web")).await;
    let path = format!("/workflows/{workflow}/nodes/node-2/diagnostics");
    let diagnosis = viewer.get(&path).await.expect(200);
    assert_eq!(checks(&diagnosis), [("service-exists", "pass"), ("endpoints-exist", "warning")]);
    let message = diagnosis["checks"][1]["message"].as_str().unwrap();
    assert!(message.starts_with("Skipped: The cluster does not let us look:"), "{message}");
    assert_eq!(diagnosis["overallStatus"], "warning");
    lab.end().await;
}

#[tokio::test]
async fn a_fix_takes_parameters_as_its_schema_says() {
    let Some(lab) = Lab::with_service("wbe").await else { return };
    for app in ["web", "other"] {
        lab.run_pods(app).await;
    }
    let template = async |parameters: &str| {
        let query = format!("fix-template/selector-fix?parameters={parameters}");
        lab.user.get(&lab.path(&query)).await
    };
    let chosen = template("%7B%22targetApp%22:%22other%22%7D").await.expect(200);
    assert!(chosen["parameters"]["properties"]["targetApp"].is_object(), "{chosen}");
    let yaml = chosen["yaml"].as_str().unwrap();
    assert!(yaml.contains("app: other"), "{yaml}");
    template("%5B%5D").await.expect_problem(400, "request.invalid");
    let bad = template("%7B%22targetApp%22:%22no%20good!%22%7D").await;
    bad.expect_problem(422, "workflow.findings");

    // Proposed with other parameters it is another fix.
    let send = async |parameters: Value| {
        let body = json!({ "fixType": "selector-fix", "yaml": yaml, "parameters": parameters });
        lab.user.post(&lab.path("fix"), &body).await
    };
    let large = json!({ "targetApp": "x".repeat(16 << 10) });
    send(large).await.expect_problem(413, "request.too-large");
    let fixed = send(json!({ "targetApp": "other" })).await.expect(200);
    assert_eq!(fixed["message"], "Correct the selector: applied. What it was for is mended.");
    assert_eq!(lab.live().await["spec"]["selector"], json!({ "app": "other" }));
    let workflow = lab.user.get(&format!("/workflows/{}", lab.workflow)).await.expect(200);
    assert_eq!(workflow["nodes"][0]["data"]["targetApp"], "other");
    lab.end().await;
}

#[tokio::test]
async fn no_fix_is_applied_while_the_workflow_is_being_run() {
    let Some(lab) = Lab::with_service("wbe").await else { return };
    lab.run_pods("web").await;
    let yaml = lab.template().await["yaml"].clone();
    let body = json!({ "fixType": "selector-fix", "yaml": yaml });
    // The lock as a run of another host on the same store would hold it.
    let until = Timestamp::now() + std::time::Duration::from_secs(600);
    let lock = json!({ "run": Id::new(), "expires_at": until }).to_string();
    let store = lab.host.store();
    store.insert(&RUN_LOCKS, &lab.workflow, &lock, None).await.unwrap();
    lab.user.post(&lab.path("fix"), &body).await.expect_problem(409, "workflow.run.active");
    assert_eq!(lab.live().await["spec"]["selector"], json!({ "app": "wbe" }));
    assert!(store.remove_if(&RUN_LOCKS, &lab.workflow, None).await.unwrap());
    lab.user.post(&lab.path("fix"), &body).await.expect(200);
    // And it gives the lock back.
    lab.user.run(&lab.workflow, &json!({})).await.expect(200);
    lab.end().await;
}
