//! Drawings as files for other tools: taken by the real tools, and compared
//! with what a run applies.

use std::{
    collections::BTreeMap,
    io::Read as _,
    path::{Path, PathBuf},
    process::Command,
};

use bowsprit_tests::{Kube, Method, TestHost, User, skipped_without, unique};
use serde_json::{Value, json};

use crate::runs::{edge, node};

/// The files of an export by their paths.
pub(crate) async fn files(
    host: &TestHost,
    user: &User,
    id: &str,
    format: &str,
) -> BTreeMap<String, String> {
    let url = format!("{}/v1/api/workflows/{id}/export/{format}", host.origin);
    let request = bowsprit_tests::client().get(url).bearer_auth(user.token.as_deref().unwrap());
    let response = request.send().await.unwrap();
    assert!(response.status().is_success(), "{format}: {}", response.text().await.unwrap());
    let kept = response.headers()["content-disposition"].to_str().unwrap().to_owned();
    let bytes = response.bytes().await.unwrap();
    if format == "manifests" {
        assert!(kept.ends_with(".yaml\""), "{kept}");
        return BTreeMap::from([("all.yaml".into(), String::from_utf8(bytes.into()).unwrap())]);
    }
    assert!(kept.ends_with(".tar.gz\""), "{kept}");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let inside: PathBuf = path.components().skip(1).collect();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.insert(inside.display().to_string(), text);
    }
    files
}

fn documents(text: &str) -> Vec<Value> {
    let all: Vec<Value> =
        serde_saphyr::from_multiple(text).unwrap_or_else(|it| panic!("{it}: {text}"));
    all.into_iter().filter(|it| !it.is_null()).collect()
}

/// Objects by kind and name, namespaces left out.
fn by_name(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let named = |it: Value| {
        let (kind, name) = (&it["kind"], &it["metadata"]["name"]);
        (format!("{} {}", kind.as_str().unwrap(), name.as_str().unwrap()), it)
    };
    let all = objects.into_iter().filter(|it| it["kind"] != "Namespace").map(named);
    all.collect()
}

fn write(folder: &Path, files: &BTreeMap<String, String>) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn output(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
    String::from_utf8(done.stdout).unwrap()
}

/// A shop with all that makes exports hard.
fn shop(namespace: &str) -> Value {
    let within = |mut data: Value| {
        data["namespace"] = json!(namespace);
        data
    };
    let nodes = [
        node(
            "w",
            "deployment",
            within(json!({
                "name": "web", "image": "nginx:1.27", "replicas": 2, "port": 8080,
                "env": {"TEMPLATE": "{{ .Values.x }}", "COLON": "a: b # c", "NUMBER": "007"},
                "envKeys": [{"id": "1", "name": "TOKEN"}],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
            })),
        ),
        node(
            "s",
            "service",
            within(json!({"name": "web", "serviceType": "ClusterIP", "port": 80})),
        ),
        node(
            "i",
            "ingress",
            within(json!({"name": "web", "host": "shop.example.com", "ingressClassName": "nginx",
                "paths": [{"id": "p", "path": "/", "pathType": "Prefix", "serviceName": "web", "servicePort": 80}]})),
        ),
        node(
            "c",
            "configmap",
            within(json!({"name": "settings", "mountPath": "/etc/config", "data": {
                "MODE": "prod", "app.conf": "a = 1\nb = \"{{ two }}\"\n", "YES": "yes",
            }})),
        ),
        node(
            "x",
            "secret",
            within(json!({"name": "db", "keys": [{"id": "1", "name": "PASSWORD"}]})),
        ),
        node("d", "persistentvolumeclaim", within(json!({"name": "disk", "storage": "1Gi"}))),
    ];
    let edges = [edge("i", "s"), edge("s", "w"), edge("c", "w"), edge("x", "w"), edge("d", "w")];
    json!({"nodes": nodes, "edges": edges})
}

struct Scene {
    kube: Kube,
    host: TestHost,
    user: User,
    id: String,
    namespace: String,
}

async fn scene() -> Option<Scene> {
    let kube = Kube::connect()?;
    let host = TestHost::start().await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let id = user.workflow("My shop", "lab").await;
    let namespace = format!("it-{}", unique());
    user.save(&id, &shop(&namespace)).await;
    Some(Scene { kube, host, user, id, namespace })
}

const PATHS: [(&str, &str); 6] = [
    ("Deployment web", "/apis/apps/v1/namespaces/NS/deployments/web"),
    ("Service web", "/api/v1/namespaces/NS/services/web"),
    ("Ingress web", "/apis/networking.k8s.io/v1/namespaces/NS/ingresses/web"),
    ("ConfigMap settings", "/api/v1/namespaces/NS/configmaps/settings"),
    ("Secret db", "/api/v1/namespaces/NS/secrets/db"),
    ("PersistentVolumeClaim disk", "/api/v1/namespaces/NS/persistentvolumeclaims/disk"),
];

/// What is the drawing's of a live object: not what cluster and host write.
fn own(mut object: Value) -> Value {
    fn clean(labels: &mut Value) {
        let Some(labels) = labels.as_object_mut() else { return };
        labels.retain(|key, _| {
            let ours = ["app.kubernetes.io/managed-by", "kubectl.kubernetes.io/last-applied"];
            !key.starts_with("bowsprit.dev/workflow")
                && !key.starts_with("bowsprit.dev/node")
                && !ours.iter().any(|it| key.starts_with(it))
                && !key.starts_with("deployment.kubernetes.io/")
                && !key.starts_with("volume.")
                && !key.starts_with("pv.kubernetes.io/")
        });
    }
    for pointer in ["/metadata/labels", "/metadata/annotations", "/spec/template/metadata/labels"] {
        if let Some(map) = object.pointer_mut(pointer) {
            clean(map);
        }
    }
    let metadata = json!({
        "name": object["metadata"]["name"], "labels": object["metadata"]["labels"],
        "annotations": object["metadata"].get("annotations").filter(|it| **it != json!({})),
    });
    object["metadata"] = metadata;
    let fields = object.as_object_mut().unwrap();
    fields.remove("status");
    for pointer in ["clusterIP", "clusterIPs", "volumeName"] {
        if let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove(pointer);
        }
    }
    object
}

async fn live(kube: &Kube, namespace: &str) -> BTreeMap<&'static str, Value> {
    let mut objects = BTreeMap::new();
    for (name, path) in PATHS {
        let object = kube.get(&path.replace("NS", namespace)).await;
        objects.insert(name, own(object.unwrap_or_else(|| panic!("no {name}"))));
    }
    objects
}

#[tokio::test]
async fn the_manifests_applied_by_kubectl_are_what_a_run_applies() {
    let Some(Scene { kube, host, user, id, namespace }) = scene().await else { return };
    let mut text = files(&host, &user, &id, "manifests").await.remove("all.yaml").unwrap();
    assert!(text.contains("#   ${DB_PASSWORD}\n") && text.contains("#   ${WEB_TOKEN}\n"), "{text}");
    for ours in ["bowsprit.dev/workflow", "bowsprit.dev/node", "managed-by"] {
        assert!(!text.contains(ours), "nobody's objects: {text}");
    }
    let trigger = json!({"trigger_data": {
        "envVars": {"w": {"TOKEN": "t-1"}}, "secrets": {"x": {"PASSWORD": "p-1"}},
    }});
    user.run(&id, &trigger).await.expect(200);
    let applied = live(&kube, &namespace).await;

    // The same into another namespace, by the file alone.
    let other = format!("{namespace}-x");
    text = text.replace(&namespace, &other);
    text = text.replace("${DB_PASSWORD}", "p-1").replace("${WEB_TOKEN}", "t-1");
    for object in documents(&text) {
        let (kind, name) = (object["kind"].as_str().unwrap(), &object["metadata"]["name"]);
        let named = format!("{kind} {}", name.as_str().unwrap());
        let path = match PATHS.iter().find(|(it, _)| *it == named) {
            Some((_, path)) => path.replace("NS", &other),
            None => format!("/api/v1/namespaces/{other}"),
        };
        let status = kube.apply(&path, &object).await;
        assert!([200, 201].contains(&status), "{named}: {status}");
    }
    let exported = live(&kube, &other).await;
    for (name, object) in applied {
        assert_eq!(exported[name], object, "{name}");
    }
    host.finish().await;
}

#[tokio::test]
async fn a_kustomization_builds_to_the_manifests() {
    let Some(tool) = skipped_without("BOWSPRIT_TEST_KUSTOMIZE") else { return };
    let Some(Scene { host, user, id, .. }) = scene().await else { return };
    let expected = files(&host, &user, &id, "manifests").await.remove("all.yaml").unwrap();
    let files = files(&host, &user, &id, "kustomize").await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &files);
    let built = output(Command::new(&tool).arg("build").arg(folder.path()));
    assert_eq!(by_name(documents(&built)), by_name(documents(&expected)));

    // Another image is one line of the kustomization.
    let top = files["kustomization.yaml"].replace("\"1.27\"", "1.27").replace("1.27", "\"1.29\"");
    assert_ne!(top, files["kustomization.yaml"]);
    std::fs::write(folder.path().join("kustomization.yaml"), top).unwrap();
    let built = output(Command::new(&tool).arg("build").arg(folder.path()));
    let web = by_name(documents(&built)).remove("Deployment web").unwrap();
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["image"], "nginx:1.29");
    host.finish().await;
}

#[tokio::test]
async fn a_chart_renders_to_the_manifests_and_its_values_are_the_drawings_fields() {
    let Some(tool) = skipped_without("BOWSPRIT_TEST_HELM") else { return };
    let Some(Scene { host, user, id, namespace, .. }) = scene().await else { return };
    let expected = files(&host, &user, &id, "manifests").await.remove("all.yaml").unwrap();
    let files = files(&host, &user, &id, "helm").await;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &files);
    let values: Value = serde_saphyr::from_str(&files["values.yaml"]).unwrap();
    let chart = || {
        let mut command = Command::new(&tool);
        command.args(["template", "shop"]).arg(folder.path()).args(["--namespace", &namespace]);
        command.args(["--set", "db.secrets.PASSWORD=p-1,web.env.TOKEN=t-1"]);
        command
    };
    for (pointer, value) in [
        ("/web/image", json!("nginx:1.27")),
        ("/web/replicas", json!(2)),
        ("/web/resources/requests/cpu", json!("100m")),
        ("/webIngress/host", json!("shop.example.com")),
        ("/webService/port", json!(80)),
        ("/disk/storage", json!("1Gi")),
        ("/settings/data/MODE", json!("prod")),
        ("/db/secrets/PASSWORD", json!("")),
        ("/web/env/TOKEN", json!("")),
    ] {
        assert_eq!(values.pointer(pointer), Some(&value), "{pointer}: {values:#}");
    }

    let filled = expected.replace("${WEB_TOKEN}", "t-1").replace("${DB_PASSWORD}", "p-1");
    let mut wanted = by_name(documents(&filled));
    // A chart seals what `stringData` holds itself.
    let secret = wanted.get_mut("Secret db").unwrap().as_object_mut().unwrap();
    secret.remove("stringData");
    secret.insert("data".into(), json!({"PASSWORD": "cC0x"}));
    assert_eq!(by_name(documents(&output(&mut chart()))), wanted);

    // A value that concerns two objects changes both.
    let mut changed = chart();
    changed.args(["--set", "web.image=nginx:9,web.replicas=5,web.port=9090"]);
    changed.args(["--set", "webIngress.host=other.example.com,settings.data.MODE=dev"]);
    let objects = by_name(documents(&output(&mut changed)));
    let of = |name: &str| &objects[name];
    let web = of("Deployment web");
    let container = &web["spec"]["template"]["spec"]["containers"][0];
    assert_eq!((&container["image"], &web["spec"]["replicas"]), (&json!("nginx:9"), &json!(5)));
    assert_eq!(container["ports"][0]["containerPort"], 9090);
    assert_eq!(of("Service web")["spec"]["ports"][0]["targetPort"], 9090, "from the deployment");
    assert_eq!(of("Ingress web")["spec"]["rules"][0]["host"], "other.example.com");
    assert_eq!(of("ConfigMap settings")["data"]["MODE"], "dev");

    // What nobody gave is asked for.
    let mut without = Command::new(&tool);
    without.args(["template", "shop"]).arg(folder.path());
    let refused = without.output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("has to be given"), "{said}");
    host.finish().await;
}

#[tokio::test]
async fn what_a_run_would_not_apply_is_not_exported() {
    let host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("w", "nowhere").await;
    let nodes = [node("d", "deployment", json!({"name": "web"}))];
    user.save(&id, &json!({"nodes": nodes, "edges": []})).await;
    for format in ["manifests", "kustomize", "helm"] {
        let path = format!("/workflows/{id}/export/{format}");
        let problem = user.get(&path).await.expect_problem(422, "workflow.findings");
        assert!(problem["findings"].to_string().contains("/image"), "{problem}");
    }
    host.finish().await;
}

#[tokio::test]
async fn an_export_may_be_so_large_and_no_larger() {
    let drawing = |bytes: usize| {
        let data = json!({"name": "c", "namespace": "default", "data": {"a": "x".repeat(bytes)}});
        json!({"nodes": [node("c", "configmap", data)], "edges": []})
    };
    let mut host = TestHost::start().await;
    let user = host.admin().await;
    let id = user.workflow("w", "nowhere").await;
    user.save(&id, &drawing(2_000)).await;
    let whole = files(&host, &user, &id, "manifests").await["all.yaml"].clone();
    // Its name counts as well.
    let bytes = whole.len() + "w.yaml".len();
    host.stop().await;
    host.set("BOWSPRIT_LIMITS_EXPORT_BYTES", &bytes.to_string());
    host.start_again().await;
    let user = user.at(&host.origin);
    let path = format!("/workflows/{id}/export/manifests");
    user.get(&path).await.expect(200);
    let problem = user.send(Method::POST, &path, Some(&drawing(2_001))).await;
    problem.expect_problem(413, "request.too-large");
    host.finish().await;
}

#[tokio::test]
async fn without_calls_to_find_values_a_chart_has_none_and_is_right_all_the_same() {
    let host = TestHost::with(&[("BOWSPRIT_LIMITS_EXPORT_CALLS", "0")]).await;
    let user = host.admin().await;
    let id = user.workflow("w", "nowhere").await;
    let data = json!({"name": "c", "namespace": "x", "data": {"a": "b"}});
    let nodes = [node("c", "configmap", data), node("g", "gizmo", json!({}))];
    user.save(&id, &json!({"nodes": nodes, "edges": []})).await;
    let files = files(&host, &user, &id, "helm").await;
    assert!(files["values.yaml"].ends_with("{}\n"), "{}", files["values.yaml"]);
    assert!(files["values.yaml"].contains("# Left out is `g`: no plugin provides `gizmo`.\n"));
    assert!(files["templates/configmap-c.yaml"].contains("a: b"));
    host.finish().await;
}
