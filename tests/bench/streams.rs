//! A thousand viewers of one workflow: how fast they are connected, how fast
//! a change reaches them all, what one costs, and whether all see the end.

mod viewers;

use std::time::{Duration, Instant};

use bowsprit_tests::{Kube, Method, Sample, Store, User, unique};
use futures::{Stream, StreamExt as _};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinHandle};

use self::viewers::Viewers;
use crate::{
    drawings::{config_maps, kube, remove_namespace},
    host::{Place, Server, administrator},
    limits::Limits,
    report::{Figure, Measured, Report, Target},
};

const GROUP: &str = "event streams";
const ONE: &str = "change → event, one viewer";
const CONNECT: &str = "1,000 viewers, connected";
const PACED: &str = "1,000 viewers, paced change";
const BURST: &str = "1,000 viewers, after a burst";
const VIEWERS: usize = 1000;
/// Changes one after the other, each seen by all before the next.
const CHANGES: usize = 50;
/// Between two of them.
const PACE: Duration = Duration::from_millis(30);

/// Measures connecting, paced changes and a burst.
pub(crate) async fn measure(report: &mut Report) {
    let prepare = Lab::start();
    let Some(mut lab) = report.prepare(GROUP, &[ONE, CONNECT, PACED, BURST], prepare).await else {
        return;
    };
    report.row(GROUP, ONE, lab.one_viewer()).await;
    // The rows share their viewers: they are connected whichever is wanted.
    let connecting = lab.connect();
    let crowds = report.prepare(GROUP, &[CONNECT, PACED, BURST], connecting).await;
    let Some(Crowds { ours, mut theirs, connected }) = crowds else { return };
    report.row(GROUP, CONNECT, async { connected }).await;
    report.row(GROUP, PACED, lab.paced(&ours, &mut theirs)).await;
    report.row(GROUP, BURST, lab.burst(&ours)).await;
    drop((ours, theirs));
    report.clean(remove_namespace(&lab.kube, &lab.namespace)).await;
}

/// A workflow with one config map that runs.
struct Lab {
    kube: Kube,
    user: User,
    server: Server,
    _place: Place,
    limits: Limits,
    namespace: String,
    workflow: String,
    /// What the map holds now.
    entries: usize,
}

struct Crowds {
    ours: Viewers,
    theirs: Bare,
    connected: Measured,
}

/// The viewers of bare sockets, and the one that posts to them.
struct Bare {
    viewers: Viewers,
    post: TcpStream,
}

impl Lab {
    async fn start() -> Self {
        let kube = kube();
        let place = Place::new(Store::Embedded);
        let server = place.start_warm().await;
        let user = administrator(&server).await;
        kube.add_to(&user, "lab").await;
        let namespace = format!("bench-{}", unique());
        let workflow = user.workflow("watched", "lab").await;
        user.save(&workflow, &config_maps(&namespace, 1)).await;
        assert_eq!(user.run(&workflow, &json!({})).await.expect(200)["status"], "completed");
        let limits = Limits::start().await;
        Self { kube, user, server, _place: place, limits, namespace, workflow, entries: 1 }
    }

    fn path(&self) -> String {
        format!("/api/v1/namespaces/{}/configmaps/cm-0", self.namespace)
    }

    fn stream(&self) -> String {
        format!("/v1/api/workflows/{}/status/stream", self.workflow)
    }

    /// Gives the map one more entry; its status counts them.
    async fn change(&mut self) -> usize {
        self.entries += 1;
        let patch = json!({"data": {format!("key-{}", self.entries): "value"}});
        let (status, _) = self.kube.send(Method::PATCH, &self.path(), &patch).await;
        assert_eq!(status, 200, "the map is changed");
        self.entries
    }

    /// When a bare watch sees each change.
    async fn watch(&self) -> impl Stream<Item = (usize, Instant)> + Unpin + use<> {
        let maps = format!("/api/v1/namespaces/{}/configmaps", self.namespace);
        let path = format!("{maps}?watch=1&fieldSelector=metadata.name%3Dcm-0");
        let events = self.kube.watch(&path).await;
        events.map(|it: Value| {
            let entries = it["object"]["data"].as_object().map_or(0, serde_json::Map::len);
            (entries, Instant::now())
        })
    }

    async fn one_viewer(&mut self) -> Measured {
        let token = self.user.token.clone().unwrap();
        let viewer = Viewers::connect(&self.server.address, &self.stream(), &token, 1).await;
        let mut watch = self.watch().await;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..CHANGES {
            let begun = Instant::now();
            let change = self.change().await;
            theirs.push(millis(seen(&mut watch, change).await - begun));
            viewer.until_all_saw(change).await;
            ours.extend(viewer.delays(change, begun));
            tokio::time::sleep(PACE).await;
        }
        let (ours, theirs) = (Sample::new(ours), Sample::new(theirs));
        let figures = vec![
            Figure::new("p50", ours.p50(), "ms").beside(theirs.p50()).aims(Target::Limit(1.0, 1.5)),
            Figure::new("p99", ours.p99(), "ms").beside(theirs.p99()),
        ];
        let note = format!("{CHANGES} patches of a ConfigMap, from sending one on");
        Measured { limit: "a bare watch", note, figures }
    }

    async fn connect(&self) -> Crowds {
        let token = self.user.token.clone().unwrap();
        let before = self.server.process.resident_kib();
        let begun = Instant::now();
        let ours = Viewers::connect(&self.server.address, &self.stream(), &token, VIEWERS).await;
        let connected = millis(begun.elapsed());
        let memory = (self.server.process.resident_kib() - before) / VIEWERS as f64;
        let before = self.limits.canned.process.resident_kib();
        let begun = Instant::now();
        let path = format!("/{}", ours.head());
        let bare = Viewers::connect(&self.limits.fan_out, &path, "", VIEWERS).await;
        let limit = millis(begun.elapsed());
        let least = (self.limits.canned.process.resident_kib() - before) / VIEWERS as f64;
        let mut post = TcpStream::connect(&self.limits.fan_out).await.unwrap();
        post.set_nodelay(true).unwrap();
        post.write_all(b"POST / HTTP/1.1\r\n\r\n").await.unwrap();
        let figures = vec![
            Figure::new("all within", connected, "ms").beside(limit).aims(Target::Limit(3.0, 0.0)),
            Figure::new("memory per stream", memory, "KiB")
                .beside(least)
                .aims(Target::AtMost(12.0)),
        ];
        let note = format!("until the first event of {} bytes", ours.head());
        let connected = Measured { limit: "bare sockets", note, figures };
        Crowds { ours, theirs: Bare { viewers: bare, post }, connected }
    }

    /// From a watch's seeing a change to each viewer's seeing it, beside bare
    /// sockets from being told.
    async fn paced(&mut self, ours: &Viewers, theirs: &mut Bare) -> Measured {
        let mut watch = self.watch().await;
        let (mut delays, mut limits) = (Vec::new(), Vec::new());
        for _ in 0..CHANGES {
            let change = self.change().await;
            let known = seen(&mut watch, change).await;
            ours.until_all_saw(change).await;
            delays.extend(ours.delays(change, known));
            tokio::time::sleep(PACE).await;
            let frame = frame(change, ours.frame());
            let known = Instant::now();
            theirs.post.write_all(frame.as_bytes()).await.unwrap();
            theirs.viewers.until_all_saw(change).await;
            limits.extend(theirs.viewers.delays(change, known));
            tokio::time::sleep(PACE).await;
        }
        let (ours, theirs) = (Sample::new(delays), Sample::new(limits));
        let figures = vec![
            Figure::new("p50", ours.p50(), "ms").beside(theirs.p50()).aims(Target::Limit(1.3, 0.0)),
            Figure::new("p99", ours.p99(), "ms").beside(theirs.p99()).aims(Target::Limit(1.3, 0.0)),
        ];
        let note = format!(
            "{CHANGES} changes, {} deliveries; from a bare watch's seeing the change, so ours \
             includes the component's judging it",
            ours.count()
        );
        Measured { limit: "bare sockets, from being told", note, figures }
    }

    /// Changes without a gap: how many viewers see the last one, and when.
    async fn burst(&mut self, ours: &Viewers) -> Measured {
        let watch = self.watch().await;
        let last = self.entries + CHANGES;
        let watching: JoinHandle<Instant> = tokio::spawn(async move {
            let mut watch = watch;
            seen(&mut watch, last).await
        });
        for _ in 0..CHANGES {
            self.change().await;
        }
        let known = watching.await.unwrap();
        // Those who do not see it within this never will.
        let waiting = tokio::time::timeout(Duration::from_secs(3), ours.until_all_saw(last));
        drop(waiting.await);
        let delays = ours.delays(last, known);
        let share = delays.len() as f64 / VIEWERS as f64 * 100.0;
        let within = Sample::new(delays).most();
        let figures = vec![
            Figure::new("saw the last state", share, "%").aims(Target::AtLeast(100.0)),
            Figure::new("all within", within, "ms").aims(Target::AtMost(1000.0)),
        ];
        Measured { limit: "", note: format!("{CHANGES} changes without a gap"), figures }
    }
}

/// When a watch sees `change`.
async fn seen(
    watch: &mut (impl Stream<Item = (usize, Instant)> + Unpin),
    change: usize,
) -> Instant {
    loop {
        let (entries, at) = watch.next().await.expect("the watch goes on");
        if entries == change {
            return at;
        }
    }
}

/// What bare sockets hand on: as long as an event of ours, with the same mark.
fn frame(change: usize, length: usize) -> String {
    let mark = format!("event:node_update\ndata:with {change} entries");
    format!("{mark:<width$}\n\n", width = length.saturating_sub(2))
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
