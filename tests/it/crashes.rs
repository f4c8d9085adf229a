//! A host that dies between any two writes of a use-case, and the next start,
//! on both stores.

mod accounts;
mod clusters;
mod custom_kinds;
mod drawings;
mod fixes;
mod objects;
mod people;
mod plugins;

use std::collections::BTreeSet;

use bowsprit_host_api::routes;
use bowsprit_tests::{Method, Store, TestHost, User};

/// More writes than any use-case here needs.
const MOST: i64 = 60;
const NO_PLUGINS: [(&str, &str); 1] = [("BOWSPRIT_PLUGINS_DIRS", "")];

/// A use-case that writes, by its route.
struct Row {
    route: &'static str,
    /// The collections it may write to, but for the log of who did what.
    writes: &'static [&'static str],
}

const fn row(route: &'static str, writes: &'static [&'static str]) -> Row {
    Row { route, writes }
}

/// Every use-case that writes. A walk that writes elsewhere fails.
const ROWS: &[Row] = &[
    row("PUT /v1/api/admin/users/{id}/role", &["claims", "users"]),
    row("POST /v1/api/admin/users/{id}/deactivate", &["claims", "users"]),
    row("POST /v1/api/admin/users/{id}/reactivate", &["claims", "users"]),
    row("POST /v1/api/admin/plugins/validate", &[]),
    row(
        "POST /v1/api/admin/plugins/{plugin}/generations/{digest}/consent",
        &["plugin_generations"],
    ),
    row("POST /v1/api/admin/plugins/{plugin}/rollback", &["plugin_generations"]),
    row("POST /v1/api/admin/plugins/{plugin}/enable", &["plugin_generations"]),
    row("POST /v1/api/admin/plugins/{plugin}/disable", &["plugin_generations"]),
    row("POST /v1/api/admin/plugins/{plugin}/reload", &["plugin_generations"]),
    row("PUT /v1/api/admin/plugins/{plugin}/policy", &["plugin_generations"]),
    row("POST /v1/api/admin/plugins/{plugin}/try", &[]),
    row("POST /v1/api/plugins/{plugin}/enable", &["user_plugins"]),
    row("POST /v1/api/plugins/{plugin}/disable", &["user_plugins"]),
    row("POST /v1/api/import/analyze", &[]),
    row("POST /v1/api/workflows/{id}/validation", &[]),
    row("POST /v1/api/workflows/{id}/nodes/{nodeId}/preview", &[]),
    row("POST /v1/api/workflows/{id}/layout", &[]),
    row("POST /v1/api/workflows/{id}/suggestions/edges", &[]),
    row("POST /v1/api/workflows/{id}/suggestions/names", &[]),
    row("POST /v1/api/workflows/{id}/export/manifests", &[]),
    row("POST /v1/api/workflows/{id}/export/kustomize", &[]),
    row("POST /v1/api/workflows/{id}/export/helm", &[]),
    row(
        "POST /v1/api/workflows/{id}/nodes/{nodeId}/fix",
        &["run_locks", "workflows", "workflow_revisions", "node_statuses"],
    ),
    row("PUT /v1/api/profile", &["users", "sessions"]),
    row("PUT /v1/api/profile/password", &["users"]),
    row("DELETE /v1/api/profile/sessions", &["users"]),
    row("DELETE /v1/api/profile/sessions/{id}", &["sessions"]),
    row("POST /v1/api/auth/register", &["settings", "users", "sessions"]),
    row("POST /v1/api/auth/login", &["sessions"]),
    row("POST /v1/api/auth/refresh", &["sessions"]),
    row("POST /v1/api/auth/logout", &["sessions"]),
    row("POST /v1/api/auth/logout-all", &["users"]),
    row("GET /v1/api/auth/oauth/{provider}/authorize", &["oauth_states"]),
    row(
        "GET /v1/api/auth/oauth/{provider}/callback",
        &["oauth_states", "oauth_codes", "claims", "users"],
    ),
    row("POST /v1/api/auth/oauth/exchange", &["oauth_codes", "sessions"]),
    row("GET /v1/api/settings/invite-code", &["settings"]),
    row("POST /v1/api/settings/generate-invite-code", &["settings"]),
    row("PUT /v1/api/settings/regenerate-setting", &["settings"]),
    row("POST /v1/api/clusters", &["clusters"]),
    row("PUT /v1/api/clusters/{name}/default", &["user_preferences"]),
    row("POST /v1/api/clusters/{name}/test", &["clusters"]),
    row("DELETE /v1/api/clusters/{name}", &["clusters", "user_preferences"]),
    // A cluster that was just added is being probed meanwhile.
    row(
        "POST /v1/api/clusters/{name}/custom-resources/{resource}/enable",
        &["user_custom_kinds", "clusters"],
    ),
    row("DELETE /v1/api/custom-resources/{nodeType}", &["user_custom_kinds", "clusters"]),
    row("POST /v1/api/workflows", &["workflows"]),
    row("POST /v1/api/starters/{name}/workflows", &["workflows"]),
    row(
        "PUT /v1/api/workflows/{id}",
        &["workflows", "workflow_revisions", "node_statuses", "inventories"],
    ),
    row(
        "DELETE /v1/api/workflows/{id}",
        &["workflows", "workflow_vaults", "node_statuses", "inventories"],
    ),
    row("POST /v1/api/workflows/{id}/save", &["workflows", "workflow_revisions", "inventories"]),
    row("PUT /v1/api/workflows/{id}/status", &["workflows", "node_statuses", "inventories"]),
    row("POST /v1/api/workflows/{id}/clone", &["workflows"]),
    row(
        "POST /v1/api/workflows/{id}/run",
        &[
            "run_locks",
            "workflow_vaults",
            "workflow_versions",
            "workflows",
            "workflow_runs",
            "inventories",
            "node_statuses",
            "notifications",
        ],
    ),
    row("POST /v1/api/workflows/{id}/versions", &["workflow_versions", "workflows"]),
    row("PUT /v1/api/workflows/{id}/versions/{number}", &["workflow_versions"]),
    row(
        "POST /v1/api/workflows/{id}/versions/{number}/restore",
        &["workflow_versions", "workflow_revisions", "workflows"],
    ),
    row(
        "POST /v1/api/workflows/{id}/revisions/{number}/restore",
        &["workflow_revisions", "workflows"],
    ),
    row("PATCH /v1/api/user-notifications/{id}/read", &["notifications"]),
    row("POST /v1/api/user-notifications/mark-all-read", &["notifications"]),
];

/// Tests among which the rows are dealt out, for each store.
const HANDS: usize = 4;

#[test]
fn every_route_that_changes_something_has_a_row() {
    let rows: BTreeSet<&str> = ROWS.iter().map(|it| it.route).collect();
    for route in routes().iter().filter(|it| it.method != Method::GET) {
        let name = format!("{} {}", route.method, route.path);
        assert!(rows.contains(name.as_str()), "no row for {name}");
    }
    for row in rows {
        let is_there = |it: &bowsprit_host_api::Route| format!("{} {}", it.method, it.path) == row;
        assert!(routes().iter().any(is_there), "no route {row}");
    }
}

async fn walk_a_hand(hand: usize, store: Store) {
    for row in ROWS.iter().skip(hand).step_by(HANDS) {
        let walked = accounts::walk(row, store).await
            || people::walk(row, store).await
            || clusters::walk(row, store).await
            || custom_kinds::walk(row, store).await
            || plugins::walk(row, store).await
            || fixes::walk(row, store).await
            || drawings::walk(row, store).await;
        assert!(walked, "nobody walks {}", row.route);
    }
}

macro_rules! hands {
    ($($name:ident: $hand:literal, $store:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            walk_a_hand($hand, Store::$store).await;
        }
    )*};
}
hands! {
    a_crash_leaves_what_the_next_start_can_use_embedded_0: 0, Embedded;
    a_crash_leaves_what_the_next_start_can_use_embedded_1: 1, Embedded;
    a_crash_leaves_what_the_next_start_can_use_embedded_2: 2, Embedded;
    a_crash_leaves_what_the_next_start_can_use_embedded_3: 3, Embedded;
    a_crash_leaves_what_the_next_start_can_use_mongo_0: 0, Mongo;
    a_crash_leaves_what_the_next_start_can_use_mongo_1: 1, Mongo;
    a_crash_leaves_what_the_next_start_can_use_mongo_2: 2, Mongo;
    a_crash_leaves_what_the_next_start_can_use_mongo_3: 3, Mongo;
}

impl Row {
    /// Lets a host die after 0, 1, 2, … writes of what `act` asks for, until it
    /// outlives it. `prepare` makes what each try needs; `check` looks at what
    /// the next start has made of it and is told whether `act` was answered
    /// with success.
    async fn walk<T>(
        &self,
        store: Store,
        prepare: impl AsyncFn(&TestHost, &User) -> T,
        act: impl AsyncFn(&TestHost, &User, &T) -> bool,
        check: impl AsyncFn(&TestHost, &User, &T, bool),
    ) {
        let Some(host) = TestHost::mortal(store, &NO_PLUGINS).await else { return };
        self.walk_on(host, prepare, act, check).await;
    }

    async fn walk_on<T>(
        &self,
        mut host: TestHost,
        prepare: impl AsyncFn(&TestHost, &User) -> T,
        act: impl AsyncFn(&TestHost, &User, &T) -> bool,
        check: impl AsyncFn(&TestHost, &User, &T, bool),
    ) {
        let mut admin = host.admin().await;
        for writes in 0..MOST {
            let made = prepare(&host, &admin).await;
            host.dies_after(writes);
            let done = act(&host, &admin, &made).await;
            let outlived = !host.has_died();
            assert!(done || !outlived, "{} fails though nothing was cut off", self.route);
            for (collection, id) in host.written() {
                let known = collection == "audit_log" || self.writes.contains(&collection);
                assert!(known, "{} writes {collection}/{id}", self.route);
            }
            host.rise_again().await;
            admin = admin.at(&host.origin);
            println!("{} after {writes} writes: {done}", self.route);
            check(&host, &admin, &made, done).await;
            if outlived {
                return host.finish().await;
            }
        }
        panic!("{} never succeeded", self.route);
    }
}
