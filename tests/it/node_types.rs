//! The twelve core node types against a real API server.

use std::{fs, path::Path};

use bowsprit_tests::{Kube, Method, TestHost, plugins_dir, unique};
use serde_json::{Value, json};

use crate::runs::node;

const TYPES: [&str; 12] = [
    "configmap",
    "cronjob",
    "daemonset",
    "deployment",
    "hpa",
    "ingress",
    "job",
    "networkpolicy",
    "persistentvolumeclaim",
    "secret",
    "service",
    "statefulset",
];

/// The most bytes a component may have: what it costs to load and keep it.
const MOST_BYTES: u64 = 250_000;

/// Components that interpret documents, each compiled once for all folders
/// that use it. What their bytes are is in docs/adr/0008.
const INTERPRETERS: [(&str, u64); 2] =
    [("resource-catalogue", 515_000), ("resource-template", 440_000)];

/// Golden files of a type: name and content.
fn golden(type_name: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins").join(type_name);
    let files = fs::read_dir(folder.join("golden")).unwrap().map(|it| it.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let content = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        (format!("{type_name}/{}", path.file_stem().unwrap().display()), content)
    };
    files.map(read).collect()
}

/// The object as the host would send it: a value for each reference to the
/// vault, in a namespace that is there.
fn sent(mut body: Value) -> Value {
    fn fill(value: &mut Value, filler: &str) {
        match value {
            Value::Object(fields) if fields.contains_key("$vault") => *value = json!(filler),
            Value::Object(fields) => fields.values_mut().for_each(|it| fill(it, filler)),
            Value::Array(items) => items.iter_mut().for_each(|it| fill(it, filler)),
            _ => {}
        }
    }
    // Base64, and a text like any other.
    fill(&mut body, "dmFsdWU=");
    body["metadata"]["namespace"] = json!("default");
    body
}

fn path_of(body: &Value) -> String {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap();
    let (version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
    let plural = match kind {
        "Ingress" => "ingresses".to_owned(),
        "NetworkPolicy" => "networkpolicies".to_owned(),
        other => format!("{}s", other.to_lowercase()),
    };
    let root = if version.contains('/') { "/apis" } else { "/api" };
    format!("{root}/{version}/namespaces/default/{plural}/{name}")
}

#[tokio::test]
async fn the_api_server_accepts_every_golden_manifest() {
    let Some(kube) = Kube::connect() else { return };
    let mut refused = Vec::new();
    for type_name in TYPES {
        let mut accepted = 0;
        for (case, content) in golden(type_name) {
            let manifests = content.pointer("/expected/render/ok/manifests");
            for manifest in manifests.and_then(Value::as_array).into_iter().flatten() {
                let body = sent(manifest["body"].clone());
                let (status, answer) = kube.dry_run(&path_of(&body), &body).await;
                match status {
                    200 | 201 => accepted += 1,
                    _ => refused.push(format!("{case}: {status} {}", answer["message"])),
                }
            }
        }
        assert!(accepted > 1, "{type_name} shows what it makes");
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn components_stay_small() {
    let folders = fs::read_dir(plugins_dir()).unwrap().map(|it| it.unwrap());
    let mut seen = Vec::new();
    for folder in folders {
        let Ok(component) = fs::metadata(folder.path().join("plugin.wasm")) else { continue };
        let (name, bytes) = (folder.file_name().into_string().unwrap(), component.len());
        let interpreter = INTERPRETERS.iter().find(|(it, _)| *it == name);
        let most = interpreter.map_or(MOST_BYTES, |(_, most)| *most);
        println!("{name}: {bytes} bytes");
        assert!(bytes <= most, "{name} has {bytes} bytes, more than {most}");
        seen.push(name);
    }
    for name in TYPES.into_iter().chain(INTERPRETERS.map(|(name, _)| name)) {
        assert!(seen.iter().any(|it| it == name), "{name} has no component");
    }
}

fn edge(source: &str, target: &str, handle: Option<&str>) -> Value {
    json!({"id": format!("{source}-{target}"), "source": source, "target": target, "sourceHandle": handle})
}

/// One node of each type, connected as the canvas connects them.
pub(crate) fn all_types(namespace: &str, web: &str) -> Value {
    let named = |name: &str, mut data: Value| {
        data["name"] = json!(name);
        data["namespace"] = json!(namespace);
        data
    };
    let rule =
        json!({"id": "r1", "from": [], "ports": [{"id": "p", "protocol": "TCP", "port": 8080}]});
    let mount = json!({"type": "secret", "name": "stale", "mountPath": "/s", "nodeId": "sec"});
    json!({
        "nodes": [
            node("cm", "configmap", named("settings", json!({"data": {"COLOR": "blue"}}))),
            node("sec", "secret", named("cred", json!({"secretType": "Opaque", "keys": [{"id": "k", "name": "PASSWORD"}]}))),
            node("pvc", "persistentvolumeclaim", named("disk", json!({"storage": "1Gi", "accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem"}))),
            node("dep", "deployment", named(web, json!({"image": "nginx:1.27", "replicas": 1, "port": 8080, "volumeMounts": [mount], "resources": {"requests": {"cpu": "10m"}}}))),
            node("sts", "statefulset", named("db", json!({"serviceName": "db-headless", "image": "redis:7", "replicas": 1, "port": 6379}))),
            node("ds", "daemonset", named("agent", json!({"image": "busybox:1", "updateStrategy": "RollingUpdate"}))),
            node("job", "job", named("once", json!({"image": "busybox:1", "command": ["true"], "restartPolicy": "Never", "backoffLimit": 0}))),
            node("cj", "cronjob", named("tick", json!({"schedule": "0 0 1 1 *", "image": "busybox:1"}))),
            node("svc", "service", named("web", json!({"serviceType": "ClusterIP", "targetApp": "stale", "port": 80, "targetPort": 1}))),
            node("ing", "ingress", named("web", json!({"host": "a.example.com", "ingressClassName": "nginx", "paths": [{"id": "p1", "path": "/", "pathType": "Prefix", "serviceName": "stale", "servicePort": 1}]}))),
            node("hpa", "hpa", named("web", json!({"scaleTargetKind": "Deployment", "scaleTargetName": "stale", "minReplicas": 1, "maxReplicas": 3, "targetCPUUtilization": 70}))),
            node("np", "networkpolicy", named("lock", json!({"podSelector": {"app": "stale"}, "policyTypes": ["Ingress"], "ingressRules": [rule]}))),
        ],
        "edges": [
            edge("ing", "svc", Some("p1")), edge("svc", "dep", Some("output")), edge("cm", "dep", None),
            edge("sec", "dep", None), edge("pvc", "sts", None), edge("hpa", "dep", None),
            edge("np", "dep", Some("output")), edge("np", "sts", Some("r1")), edge("cm", "job", None),
            edge("sec", "cj", None),
        ],
    })
}

#[tokio::test]
async fn all_types_run_together_and_follow_a_renamed_neighbour() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let id = user.workflow("all", "lab").await;
    user.save(&id, &all_types(&namespace, "web")).await;
    let path = format!("/workflows/{id}/status/stream");
    let mut events = user.events(&path, None).await;
    let trigger = json!({"trigger_data": {"secrets": {"sec": {"PASSWORD": "hunter-2"}}}});
    let run = user.run(&id, &trigger).await.expect(200);
    assert_eq!(run["status"], "completed", "{run}");
    let wanted = [("cj", "active"), ("np", "active"), ("sec", "created"), ("dep", "healthy")];
    events.until_states(&wanted).await;
    let read = user.get(&format!("/workflows/{id}")).await.expect(200);
    assert_eq!(read["nodes"][1]["data"]["_secretCreated"], true);

    let api = |group: &str, object: &str| format!("{group}/namespaces/{namespace}/{object}");
    let secret = kube.get(&api("/api/v1", "secrets/cred")).await.unwrap();
    assert_eq!(secret["data"], json!({"PASSWORD": "aHVudGVyLTI="}));
    let deployment = kube.get(&api("/apis/apps/v1", "deployments/web")).await.unwrap();
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["envFrom"][0]["configMapRef"]["name"], "settings");
    assert_eq!(pod["volumes"][0]["secret"]["secretName"], "cred");

    // The neighbour is called differently now; nobody touches the others. What
    // of a Job has changed runs anew, although Jobs cannot change.
    let mut drawing = all_types(&namespace, "shop");
    drawing["nodes"][6]["data"]["command"] = json!(["false"]);
    user.save(&id, &drawing).await;
    let run = user.run(&id, &json!({})).await.expect(200);
    assert_eq!(run["status"], "completed", "{run}");
    let service = kube.get(&api("/api/v1", "services/web")).await.unwrap();
    assert_eq!(service["spec"]["selector"], json!({"app": "shop"}));
    assert_eq!(service["spec"]["ports"][0]["targetPort"], 8080);
    let networking = "/apis/networking.k8s.io/v1";
    let ingress = kube.get(&api(networking, "ingresses/web")).await.unwrap();
    let backend = &ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
    assert_eq!(*backend, json!({"name": "web", "port": {"number": 80}}));
    let hpas = api("/apis/autoscaling/v2", "horizontalpodautoscalers/web");
    assert_eq!(kube.get(&hpas).await.unwrap()["spec"]["scaleTargetRef"]["name"], "shop");
    let policy = kube.get(&api(networking, "networkpolicies/lock")).await.unwrap();
    assert_eq!(policy["spec"]["podSelector"]["matchLabels"], json!({"app": "shop"}));
    let peer = &policy["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"];
    assert_eq!(*peer, json!({"app": "db"}));
    let job = kube.get(&api("/apis/batch/v1", "jobs/once")).await.unwrap();
    assert_eq!(job["spec"]["template"]["spec"]["containers"][0]["command"], json!(["false"]));
    // The value given for the first run is still there.
    let secret = kube.get(&api("/api/v1", "secrets/cred")).await.unwrap();
    assert_eq!(secret["data"], json!({"PASSWORD": "aHVudGVyLTI="}));
    host.finish().await;
}

#[tokio::test]
async fn pods_of_another_user_than_root_pass_the_restricted_standard() {
    let Some(kube) = Kube::connect() else { return };
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let namespace = format!("it-{}", unique());
    let object = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    });
    let (status, answer) = kube.send(Method::POST, "/api/v1/namespaces", &object).await;
    assert_eq!(status, 201, "{answer}");
    let data = |security: Value| json!({"name": "web", "namespace": namespace, "image": "nginx:1.27", "replicas": 1, "podSecurityContext": security});
    let id = user.workflow("restricted", "lab").await;
    let path = format!("/workflows/{id}/status/stream");
    let mut events = user.events(&path, None).await;
    for (security, state) in [(json!({"runAsUser": 101}), "healthy"), (json!({}), "error")] {
        let drawing = json!({"nodes": [node("d", "deployment", data(security))], "edges": []});
        user.save(&id, &drawing).await;
        user.run(&id, &json!({})).await.expect(200);
        if state == "error" {
            // The old pod serves on; the new one is refused, and that is told.
            let refused = |it: &bowsprit_tests::Event| {
                it.data["data"]["status"]["message"]
                    .as_str()
                    .is_some_and(|it| it.contains("PodSecurity"))
            };
            events.until("the refusal", refused).await;
        } else {
            events.until_state("d", state).await;
        }
    }
    host.finish().await;
}
