//! Requests as the web frontend sends them, on one of the stores, each beside
//! a canned answer of the same length.

mod growth;
mod logins;
mod people;

use std::time::Duration;

use bowsprit_tests::Store;

use self::people::People;
use crate::{
    drawings::drawing,
    host::{Place, Server},
    limits::Limits,
    load::{Call, Load, closed_loop, closed_loops},
    report::{Figure, Measured, Report, Target},
};

/// How long the host, and how long the limit is asked.
const LASTING: Duration = Duration::from_millis(1500);
const LIMIT_LASTING: Duration = Duration::from_millis(600);

const METHODS: &str = "auth/methods";
const PROFILE: &str = "profile";
const PLUGINS: &str = "list of plugins";
const GET: &str = "one workflow of 50 nodes";
const LIST_20: &str = "list of 20 workflows of 10 nodes";
const LIST_200: &str = "list of 200 workflows of 10 nodes";
const SAVE_50: &str = "save of 50 nodes";
const SAVE_500: &str = "save of 500 nodes";
const VERSIONS: &str = "versions, 10 of 50 nodes";
const LOGIN: &str = "login";
const LOGIN_BESIDE: &str = "login beside reads";
const GROWTH: &str = "beside many workflows";
const MEMORY: &str = "memory after load";

const ROWS: [&str; 13] = [
    METHODS,
    PROFILE,
    PLUGINS,
    GET,
    LIST_20,
    LIST_200,
    SAVE_50,
    SAVE_500,
    VERSIONS,
    LOGIN,
    LOGIN_BESIDE,
    GROWTH,
    MEMORY,
];

/// A host under load.
struct Lab {
    store: Store,
    people: People,
    server: Server,
    limits: Limits,
}

/// What we aim for, from what the reference reaches.
enum Goal {
    /// At least so many times its answers per second.
    Faster(f64, f64),
    /// At most one so-many-th of its CPU µs per answer.
    Lighter(f64, f64),
}

/// Measures all requests on a store.
pub(crate) async fn measure(report: &mut Report, store: Store) {
    let group = match store {
        Store::Embedded => "http, embedded",
        Store::Mongo => "http, mongo",
    };
    let place = std::sync::OnceLock::new();
    let prepare = async {
        let server = place.get_or_init(|| Place::new(store)).start_warm().await;
        let people = People::register(&server).await;
        Lab { store, people, server, limits: Limits::start().await }
    };
    let lab = report.prepare(group, &ROWS, prepare).await;
    if let Some(lab) = lab {
        lab.reads(report, group).await;
        lab.saves(report, group).await;
        report.row(group, VERSIONS, lab.versions()).await;
        report.row(group, LOGIN, lab.logins()).await;
        report.row(group, LOGIN_BESIDE, lab.logins_beside_reads()).await;
        report.row(group, GROWTH, lab.growth()).await;
        report.row(group, MEMORY, async { lab.memory() }).await;
    }
    if let Some(place) = place.into_inner() {
        report.clean(place.clear()).await;
    }
}

impl Lab {
    async fn reads(&self, report: &mut Report, group: &'static str) {
        use Goal::{Faster, Lighter};
        let People { admin, twenty, .. } = &self.people;
        let call = Call::get("/auth/methods", None);
        let goals = [Lighter(27.5, 2.0), Lighter(27.5, 2.0)];
        report.row(group, METHODS, self.loaded(call, 8, goals)).await;
        let call = Call::get("/profile", Some(admin));
        let goals = [Faster(3925.0, 8.0), Lighter(177.0, 3.0)];
        report.row(group, PROFILE, self.loaded(call, 8, goals)).await;
        let call = Call::get("/plugins", Some(admin));
        let goals = [Faster(661.0, 5.0), Lighter(1395.0, 10.0)];
        report.row(group, PLUGINS, self.loaded(call, 8, goals)).await;
        let work = async {
            let call = self.people.get_fifty().await;
            self.loaded(call, 8, [Faster(1056.0, 25.0), Lighter(1116.0, 6.0)]).await
        };
        report.row(group, GET, work).await;
        let call = Call::get("/workflows", Some(twenty));
        let goals = [Faster(268.0, 10.0), Lighter(3944.0, 5.0)];
        let work = async {
            self.people.ensure_drawn(twenty, 20).await;
            self.loaded(call, 8, goals).await
        };
        report.row(group, LIST_20, work).await;
        let work = async {
            let user = &self.people.two_hundred;
            self.people.ensure_drawn(user, 200).await;
            let call = Call::get("/workflows", Some(user));
            self.loaded(call, 8, [Faster(29.0, 10.0), Lighter(40_256.0, 5.0)]).await
        };
        report.row(group, LIST_200, work).await;
    }

    async fn saves(&self, report: &mut Report, group: &'static str) {
        use Goal::{Faster, Lighter};
        for (name, nodes, goals) in [
            (SAVE_50, 50, [Faster(368.0, 5.0), Lighter(2864.0, 4.0)]),
            (SAVE_500, 500, [Faster(55.0, 5.0), Lighter(22_896.0, 4.0)]),
        ] {
            let work = async {
                let admin = &self.people.admin;
                let drawing = drawing(nodes);
                let (mut ids, mut calls) = (Vec::new(), Vec::new());
                for _ in 0..4 {
                    let id = admin.workflow("saved", "prod").await;
                    let path = format!("/workflows/{id}/save");
                    calls.push(Call::post(&path, Some(admin), &drawing));
                    ids.push(id);
                }
                let measured = self.all_loaded(&calls, goals).await;
                for id in ids {
                    let read = admin.get(&format!("/workflows/{id}")).await.expect(200);
                    assert_eq!(read["nodes"], drawing["nodes"], "the drawing is what was saved");
                }
                measured
            };
            report.row(group, name, work).await;
        }
    }

    async fn versions(&self) -> Measured {
        let call = self.people.ten_versions().await;
        self.loaded(call, 8, [Goal::Faster(149.0, 10.0), Goal::Lighter(8876.0, 5.0)]).await
    }

    /// Loads the host, then the limit with an answer of the same length.
    async fn loaded(&self, call: Call, connections: usize, goals: [Goal; 2]) -> Measured {
        self.all_loaded(&vec![call; connections], goals).await
    }

    async fn all_loaded(&self, calls: &[Call], goals: [Goal; 2]) -> Measured {
        let ours = closed_loops(&self.server, calls, LASTING).await;
        let (connections, call) = (calls.len(), calls[0].canned(ours.length));
        let theirs = closed_loop(&self.limits.canned, &call, connections, LIMIT_LASTING).await;
        let [embedded, mongo] = goals;
        let goal = match self.store {
            Store::Embedded => embedded,
            Store::Mongo => mongo,
        };
        let note = format!(
            "{connections} connections, {} bytes, {} answers; {}",
            ours.length,
            ours.latency.count(),
            goal.explained(),
        );
        Measured { limit: "a canned answer", note, figures: goal.figures(&ours, &theirs) }
    }

    fn memory(&self) -> Measured {
        let process = self.server.process;
        let least = self.limits.canned.process.resident_kib() / 1024.0;
        let figures = vec![
            Figure::new("resident", process.resident_kib() / 1024.0, "MiB")
                .beside(least)
                .aims(Target::AtMost(100.0)),
            Figure::new("peak", process.peak_kib() / 1024.0, "MiB"),
        ];
        let note = "after all wanted rows of this group".to_owned();
        Measured { limit: "the server of canned answers after the same", note, figures }
    }
}

impl Goal {
    fn figures(&self, ours: &Load, theirs: &Load) -> Vec<Figure> {
        let mut rate = Figure::new("rate", ours.rate, "/s").beside(theirs.rate);
        let mut cpu = Figure::new("host CPU", ours.cpu, "µs").beside(theirs.cpu);
        match self {
            Self::Faster(reference, times) => rate = rate.aims(Target::AtLeast(reference * times)),
            Self::Lighter(reference, parts) => cpu = cpu.aims(Target::AtMost(reference / parts)),
        }
        let (p50, p99) = (ours.latency.p50(), ours.latency.p99());
        vec![
            rate,
            Figure::new("p50", p50, "ms").beside(theirs.latency.p50()),
            Figure::new("p99", p99, "ms").beside(theirs.latency.p99()),
            cpu,
        ]
    }

    fn explained(&self) -> String {
        match self {
            Self::Faster(reference, times) => {
                format!("target: {times} × the reference's {reference}/s")
            }
            Self::Lighter(reference, parts) => {
                format!("target: 1/{parts} of the reference's {reference} µs")
            }
        }
    }
}
