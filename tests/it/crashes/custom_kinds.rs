//! Node types that people make of custom resources.

use bowsprit_tests::{Kube, Store, TestHost, User, unique};
use serde_json::{Value, json};

use super::Row;
use crate::operators::Definition;

const ENABLE: &str = "POST /v1/api/clusters/{name}/custom-resources/{resource}/enable";
const WITHDRAW: &str = "DELETE /v1/api/custom-resources/{nodeType}";
/// What the test's catalogue calls it.
const NODE_TYPE: &str = "notes";

pub(super) async fn walk(row: &Row, store: Store) -> bool {
    if row.route != ENABLE && row.route != WITHDRAW {
        return false;
    }
    let Some(kube) = Kube::connect() else { return true };
    let dir = tempfile::tempdir().unwrap();
    crate::palette::add_almanac(dir.path(), true);
    let path = dir.path().display().to_string();
    let given = [("BOWSPRIT_PLUGINS_DIRS", path.as_str())];
    let Some(host) = TestHost::mortal(store, &given).await else { return true };
    let group = format!("crash-{}.example.org", unique());
    let definition = Definition::of(Kube::connect().unwrap(), &group);
    definition.install().await;
    if row.route == ENABLE {
        enable(row, host, &kube, &definition).await;
    } else {
        withdraw(row, host, &kube, &definition).await;
    }
    definition.remove().await;
    true
}

async fn own(admin: &User) -> Vec<Value> {
    admin.get("/custom-resources").await.expect(200)["nodeTypes"].as_array().unwrap().clone()
}

/// A cluster with the definition; its name.
async fn clustered(admin: &User, kube: &Kube) -> String {
    let name = unique();
    kube.add_to(admin, &name).await;
    name
}

async fn made(admin: &User, cluster: &str, definition: &Definition) -> bool {
    let path = format!("/clusters/{cluster}/custom-resources/{}/enable", definition.name);
    admin.post(&path, &json!({})).await.status.is_success()
}

async fn enable(row: &Row, host: TestHost, kube: &Kube, definition: &Definition) {
    let prepare = async |_: &TestHost, admin: &User| clustered(admin, kube).await;
    let act =
        async |_: &TestHost, admin: &User, cluster: &String| made(admin, cluster, definition).await;
    row.walk_on(host, prepare, act, async |_, admin, cluster, done| {
        assert!(!done || own(admin).await.len() == 1);
        assert!(made(admin, cluster, definition).await);
        assert_eq!(own(admin).await[0]["name"], NODE_TYPE);
        admin.delete(&format!("/custom-resources/{NODE_TYPE}")).await.expect(200);
    })
    .await;
}

async fn withdraw(row: &Row, host: TestHost, kube: &Kube, definition: &Definition) {
    let prepare = async |_: &TestHost, admin: &User| {
        let cluster = clustered(admin, kube).await;
        assert!(made(admin, &cluster, definition).await);
    };
    let path = format!("/custom-resources/{NODE_TYPE}");
    let act =
        async |_: &TestHost, admin: &User, (): &()| admin.delete(&path).await.status.is_success();
    row.walk_on(host, prepare, act, async |_, admin, (), done| {
        let left = own(admin).await.len();
        assert!(left == 0 || !done);
        if left > 0 {
            admin.delete(&path).await.expect(200);
        }
        assert!(own(admin).await.is_empty());
    })
    .await;
}
