//! Calls that take a lot: a check that sees 5,000 objects, an import of a large
//! file.

use std::{sync::Arc, time::Instant};

use bowsprit_host_core::{
    diagnostics::{Diagnostics as _, Outcome, Snapshot},
    importers::{Importers as _, Progress, SourceFile, SourceTree},
    node_types::{Answer, Node},
};
use bowsprit_host_engine::PluginEngine;
use bowsprit_tests::{Sample, plugins_dir};
use serde_json::{Value, json};

use crate::{
    host::{compiled_well, opened},
    report::{Figure, Measured, Report, Target},
};

const GROUP: &str = "plugin answers";
const CHECK: &str = "a check of 5,000 pods";
const IMPORT: &str = "an import of 2,000 keys";
const PODS: usize = 5000;
/// As many entries as a list of an answer may have, nearly.
const KEYS: usize = 2000;
const ROUNDS: usize = 100;

/// Measures both.
pub(crate) async fn measure(report: &mut Report) {
    let prepare = opened(compiled_well(plugins_dir()));
    let Some(engine) = report.prepare(GROUP, &[CHECK, IMPORT], prepare).await else { return };
    report.row(GROUP, CHECK, check(&engine)).await;
    report.row(GROUP, IMPORT, import(&engine)).await;
}

async fn check(engine: &PluginEngine) -> Measured {
    let data = json!({ "name": "web", "namespace": "shop", "port": 80, "targetApp": "web" });
    let node = Node { id: "n".into(), type_name: "service".into(), data: data.to_string() };
    let object = |it: Value| Arc::<str>::from(it.to_string());
    let service = object(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web", "namespace": "shop" },
        "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80 }] },
    }));
    let pods: Vec<Arc<str>> = (0..PODS)
        .map(|n| {
            let labels = json!({ "app": format!("other-{n}") });
            let metadata =
                json!({ "name": format!("p{n}"), "namespace": "shop", "labels": labels });
            let status = json!({ "phase": "Running", "podIP": "10.0.0.1" });
            object(json!({ "kind": "Pod", "metadata": metadata, "status": status }))
        })
        .collect();
    let bytes: usize = pods.iter().map(|it| it.len()).sum();
    let answers =
        vec![Answer::Objects(vec![service]), Answer::Objects(vec![]), Answer::Objects(pods)];
    let snapshot = Snapshot { answers, taken_at: "2026-01-01T00:00:00Z".into() };
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let checks = engine.checks();
        let check = checks.list().iter().find(|it| it.id == "endpoints-exist").unwrap();
        let begun = Instant::now();
        let outcome = checks.diagnose(check, &node, &snapshot).await.unwrap();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        assert!(matches!(outcome, Outcome::Found(_) | Outcome::Stop(_)), "{outcome:?}");
    }
    let note = format!("{} KiB of objects, a fresh instance each, {ROUNDS} times", bytes / 1024);
    measured(times, note)
}

async fn import(engine: &PluginEngine) -> Measured {
    let lines = (0..KEYS).map(|n| format!("SETTING_{n}=value {n}\n"));
    let files: Arc<dyn SourceTree> = Arc::new(OneFile(lines.collect::<String>().into_bytes()));
    let progress: Arc<dyn Progress> = Arc::new(Nobody);
    let ids: Vec<String> = (0..500).map(|n| format!("n{n}")).collect();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let importers = engine.importers();
        let begun = Instant::now();
        let analysis =
            importers.analyze("dotenv", &files, &"{}".to_owned(), &ids, &progress).await.unwrap();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        assert_eq!(analysis.traces.len(), KEYS, "every key has its trace");
    }
    measured(times, format!("`dotenv`, a fresh instance each, {ROUNDS} times"))
}

fn measured(times: Vec<f64>, note: String) -> Measured {
    let times = Sample::new(times);
    let figures = vec![
        Figure::new("p50", times.p50(), "ms"),
        Figure::new("p99", times.p99(), "ms").aims(Target::AtMost(5.0)),
    ];
    Measured { limit: "none", note, figures }
}

struct OneFile(Vec<u8>);

impl SourceTree for OneFile {
    fn list(&self) -> (Vec<SourceFile>, bool) {
        (vec![SourceFile { path: ".env".into(), size: self.0.len() as u64 }], false)
    }

    fn read(&self, path: &str, offset: u64, limit: u32) -> Option<Vec<u8>> {
        let from = (offset as usize).min(self.0.len());
        let to = (from + limit as usize).min(self.0.len());
        (path == ".env").then(|| self.0[from..to].to_vec())
    }
}

struct Nobody;

impl Progress for Nobody {
    fn report(&self, _: u32, _: u32, _: &str) {}

    fn cancelled(&self) -> bool {
        false
    }
}
