//! Node types without code: dropped in, changed, broken, and run.

use std::path::{Path, PathBuf};

use bowsprit_tests::{Kube, Method, TestHost, User, copy_folder, plugins_dir, unique};
use serde_json::{Value, json};

use crate::reload::{has, palette, until_palette};
use crate::runs::{edge, node};

pub(crate) const WIDGET: &str = "type: widget\ntitle: Widget\ndescription: Holds what is turning.\n\
    fields:\n  speed: {type: number, min: 1, max: 9, default: 3, required: true}\n\
    manifests:\n  - id: config\n    order: configuration\n    object:\n      apiVersion: v1\n\
    \x20     kind: ConfigMap\n      data:\n        speed: ${text(fields.speed)}\n";

fn templates_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/resources").canonicalize().unwrap()
}

/// A host with the built-in plugins and a folder for more.
async fn host_with(more: &Path) -> TestHost {
    let dirs = format!("{},{}", plugins_dir().display(), more.display());
    TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &dirs)]).await
}

/// A folder with a template, moved into place whole.
pub(crate) fn drop_in(dir: &Path, id: &str, produces: &str, text: &str) {
    let staged = dir.join(format!(".{id}"));
    std::fs::create_dir(&staged).unwrap();
    let toml = format!(
        "id = \"{id}\"\nversion = \"0.1.0\"\napi = \"0.1\"\nkind = \"node-types\"\n\
         uses = \"resource-template\"\ntitle = \"T\"\ndescription = \"D\"\nlicense = \"MIT\"\n\
         [wants]\nproduces = [\"{produces}\"]\n"
    );
    std::fs::write(staged.join("plugin.toml"), toml).unwrap();
    std::fs::write(staged.join("resource.yaml"), text).unwrap();
    std::fs::rename(staged, dir.join(id)).unwrap();
}

fn entry<'e>(entries: &'e [Value], name: &str) -> Option<&'e Value> {
    entries.iter().find(|it| it["name"] == name)
}

#[tokio::test]
async fn a_saved_file_is_a_node_type_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let host = host_with(dir.path()).await;
    let user = host.admin().await;
    drop_in(dir.path(), "widget", "v1/ConfigMap", WIDGET);
    until_palette(&user, "widget", |it| has(it, "widget")).await;
    let entries = palette(&user).await;
    let widget = entry(&entries, "widget").unwrap();
    assert_eq!((&widget["isPlugin"], &widget["pluginId"]), (&json!(true), &json!("widget")));
    let speed = widget["parameters"].as_array().unwrap();
    let speed = speed.iter().find(|it| it["name"] == "speed").unwrap();
    assert_eq!(
        (&speed["type"], &speed["default"], &speed["min"], &speed["max"], &speed["required"]),
        (&json!("number"), &json!(3), &json!(1), &json!(9), &json!(true))
    );

    let saved = std::time::Instant::now();
    let changed = WIDGET.replace("title: Widget", "title: Better widget");
    std::fs::write(dir.path().join("widget/resource.yaml"), changed).unwrap();
    until_palette(&user, "the new title", |it| {
        entry(it, "widget").is_some_and(|it| it["displayName"] == "Better widget")
    })
    .await;
    eprintln!("a saved template served after {} ms", saved.elapsed().as_millis());
    host.finish().await;
}

#[tokio::test]
async fn a_broken_file_leaves_the_last_good_one_serving() {
    let Some(kube) = Kube::connect() else { return };
    let dir = tempfile::tempdir().unwrap();
    let host = host_with(dir.path()).await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    drop_in(dir.path(), "widget", "v1/ConfigMap", WIDGET);
    until_palette(&user, "widget", |it| has(it, "widget")).await;
    let broken = WIDGET.replace("fields.speed", "fields.sped");
    std::fs::write(dir.path().join("widget/resource.yaml"), broken).unwrap();
    // A second plugin that comes afterwards shows when the first was seen.
    drop_in(dir.path(), "other", "v1/ConfigMap", &WIDGET.replace("type: widget", "type: other"));
    until_palette(&user, "other", |it| has(it, "other")).await;
    let namespace = format!("it-{}", unique());
    let data = json!({"name": "w", "namespace": namespace, "speed": 7});
    run(&user, &[node("w", "widget", data)], &[]).await;
    let made = kube.get(&format!("/api/v1/namespaces/{namespace}/configmaps/w")).await.unwrap();
    assert_eq!(made["data"], json!({"speed": "7"}));
    host.finish().await;
}

/// Draws, runs, and expects that everything was applied.
async fn run(user: &User, nodes: &[Value], edges: &[Value]) {
    let id = user.workflow(&format!("w-{}", unique()), "lab").await;
    user.save(&id, &json!({"nodes": nodes, "edges": edges})).await;
    let run = user.run(&id, &json!({})).await.expect(200);
    assert_eq!(run["status"], "completed", "{run}");
}

#[tokio::test]
async fn what_a_user_may_not_enter_is_a_finding_with_its_field() {
    let Some(kube) = Kube::connect() else { return };
    let host = host_with(&templates_dir()).await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let id = user.workflow("bad", "lab").await;
    let data = json!({"name": "b", "minAvailable": "half", "selector": {"app": "x"}});
    let drawing = json!({"nodes": [node("b", "pod-disruption-budget", data)], "edges": []});
    user.save(&id, &drawing).await;
    let problem = user.run(&id, &json!({})).await.expect_problem(422, "workflow.findings");
    let told = problem.to_string();
    assert!(told.contains("pod-disruption-budget.minAvailable.type"), "{told}");
    assert!(told.contains("/minAvailable"), "{told}");
    host.finish().await;
}

#[tokio::test]
async fn the_templates_become_objects_in_a_real_cluster() {
    let Some(kube) = Kube::connect() else { return };
    let host = host_with(&templates_dir()).await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let word = unique();
    let namespace = format!("it-{word}");
    let within = |data: Value| {
        let mut data = data;
        data["namespace"] = json!(namespace);
        data
    };
    let nodes = [
        node("n", "namespace", json!({"name": namespace, "podSecurity": "baseline"})),
        node("w", "deployment", within(json!({"name": "web", "image": "nginx:1.29"}))),
        node("b", "pod-disruption-budget", within(json!({"name": "web", "minAvailable": "50%"}))),
        node(
            "a",
            "service-account",
            within(json!({"name": "reader", "clusterRole": "view",
            "rules": "- resources: [pods]\n  verbs: [get, list]\n"})),
        ),
        node(
            "q",
            "resource-quota",
            within(json!({"name": "quota", "pods": 20, "requestsCpu": "4"})),
        ),
        node(
            "l",
            "limit-range",
            within(json!({"name": "limits",
            "limits": [{"type": "Container", "default": {"cpu": "500m"}}]})),
        ),
        node("p", "priority-class", json!({"name": format!("p-{word}"), "value": 100})),
        node(
            "i",
            "ingress-class",
            json!({"name": format!("i-{word}"), "controller": "example.com/x"}),
        ),
    ];
    run(&user, &nodes, &[edge("b", "w")]).await;

    let get = async |path: String| kube.get(&path).await.unwrap_or_else(|| panic!("no {path}"));
    let made = get(format!("/api/v1/namespaces/{namespace}")).await;
    assert_eq!(made["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "baseline");
    let inside = |group: &str, rest: &str| format!("{group}/namespaces/{namespace}/{rest}");
    let made = get(inside("/apis/policy/v1", "poddisruptionbudgets/web")).await;
    assert_eq!(made["spec"]["selector"]["matchLabels"], json!({"app": "web"}), "from the edge");
    assert_eq!(made["spec"]["minAvailable"], "50%");
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    get(inside("/api/v1", "serviceaccounts/reader")).await;
    let made = get(inside(rbac, "roles/reader")).await;
    assert_eq!(
        made["rules"],
        json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}])
    );
    let made = get(inside(rbac, "rolebindings/reader")).await;
    assert_eq!(
        (&made["roleRef"]["kind"], &made["subjects"][0]["name"]),
        (&json!("Role"), &json!("reader"))
    );
    let made = get(inside(rbac, "rolebindings/reader-cluster-role")).await;
    assert_eq!(made["roleRef"]["name"], "view");
    let made = get(inside("/api/v1", "resourcequotas/quota")).await;
    assert_eq!(made["spec"]["hard"], json!({"pods": "20", "requests.cpu": "4"}));
    let made = get(inside("/api/v1", "limitranges/limits")).await;
    assert_eq!(made["spec"]["limits"][0]["default"], json!({"cpu": "500m"}));
    let path = format!("/apis/scheduling.k8s.io/v1/priorityclasses/p-{word}");
    assert_eq!(get(path.clone()).await["value"], 100);
    kube.send(Method::DELETE, &path, &json!({})).await;
    let path = format!("/apis/networking.k8s.io/v1/ingressclasses/i-{word}");
    assert_eq!(get(path.clone()).await["spec"]["controller"], "example.com/x");
    kube.send(Method::DELETE, &path, &json!({})).await;
    host.finish().await;
}

/// Gateway API 1.4.1 (standard channel) and the CSI snapshotter's 8.7.0, without
/// descriptions and older versions.
const CRDS: [&str; 2] = [
    include_str!("samples/crds/gateway-api.json"),
    include_str!("samples/crds/external-snapshotter.json"),
];

async fn install_crds(kube: &Kube) {
    for crd in CRDS.iter().flat_map(|it| serde_json::from_str::<Vec<Value>>(it).unwrap()) {
        let name = crd["metadata"]["name"].as_str().unwrap();
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        let status = kube.apply(&path, &crd).await;
        assert!(matches!(status, 200 | 201), "{name}: {status}");
        kube.until(&path, |it| {
            let conditions = it.as_ref().map(|it| it["status"]["conditions"].clone());
            let conditions = conditions.unwrap_or_default();
            let all = conditions.as_array().cloned().unwrap_or_default();
            all.iter().any(|it| it["type"] == "Established" && it["status"] == "True")
        })
        .await;
    }
}

#[tokio::test]
async fn the_templates_of_custom_kinds_fit_their_real_definitions() {
    let Some(kube) = Kube::connect() else { return };
    install_crds(&kube).await;
    let host = host_with(&templates_dir()).await;
    let user = host.admin().await;
    kube.add_to(&user, "lab").await;
    let word = unique();
    let namespace = format!("it-{word}");
    let within = |data: Value| {
        let mut data = data;
        data["namespace"] = json!(namespace);
        data
    };
    let class = format!("c-{word}");
    let nodes = [
        node("s", "service", within(json!({"name": "web", "port": 80, "targetApp": "web"}))),
        node(
            "g",
            "gateway",
            within(json!({"name": "edge", "gatewayClassName": "none", "listeners":
            [{"name": "web", "port": 443, "protocol": "HTTPS", "hostname": "*.example.com", "tlsSecret": "cert"}]})),
        ),
        node(
            "r",
            "http-route",
            within(json!({"name": "shop", "hostnames": "shop.example.com",
            "rules": [{"path": "/api", "timeout": "10s"}]})),
        ),
        node(
            "c",
            "volume-snapshot-class",
            json!({"name": class, "driver": "none.csi.example.com"}),
        ),
        node(
            "v",
            "volume-snapshot",
            within(json!({"name": "copy", "claim": "data", "snapshotClass": class})),
        ),
    ];
    run(&user, &nodes, &[edge("r", "s"), edge("r", "g")]).await;

    let get = async |path: String| kube.get(&path).await.unwrap_or_else(|| panic!("no {path}"));
    let gateways = format!("/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}");
    let made = get(format!("{gateways}/gateways/edge")).await;
    assert_eq!(made["spec"]["listeners"][0]["tls"]["certificateRefs"][0]["name"], "cert");
    let made = get(format!("{gateways}/httproutes/shop")).await;
    let spec = &made["spec"];
    assert_eq!(spec["parentRefs"][0]["name"], "edge", "from the edge");
    let backend = &spec["rules"][0]["backendRefs"][0];
    assert_eq!((&backend["name"], &backend["port"]), (&json!("web"), &json!(80)), "from the edge");
    let snapshots = "/apis/snapshot.storage.k8s.io/v1";
    let made = get(format!("{snapshots}/namespaces/{namespace}/volumesnapshots/copy")).await;
    assert_eq!(made["spec"]["source"]["persistentVolumeClaimName"], "data");
    let path = format!("{snapshots}/volumesnapshotclasses/{class}");
    assert_eq!(get(path.clone()).await["deletionPolicy"], "Delete");
    kube.send(Method::DELETE, &path, &json!({})).await;
    host.finish().await;
}

#[tokio::test]
async fn a_template_without_the_interpreter_waits_for_it() {
    let dir = tempfile::tempdir().unwrap();
    drop_in(dir.path(), "widget", "v1/ConfigMap", WIDGET);
    let path = dir.path().display().to_string();
    let host = TestHost::with(&[("BOWSPRIT_PLUGINS_DIRS", &path)]).await;
    let user = host.admin().await;
    assert!(!has(&palette(&user).await, "widget"));
    copy_folder(&plugins_dir().join("resource-template"), &dir.path().join("resource-template"));
    until_palette(&user, "widget", |it| has(it, "widget")).await;
    assert!(!has(&palette(&user).await, "resource-template"), "it has no node type of its own");
    host.finish().await;
}
