//! How soon a call that goes wrong is ended, and what is left of ten thousand.

use std::{
    future::poll_fn,
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use bowsprit_host_core::{
    events::Hub,
    node_types::{CallError, Context, Node, NodeTypes as _},
};
use bowsprit_host_engine::{EngineConfig, Occupancy, PluginEngine};
use bowsprit_tests::Sample;
use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinHandle;

use super::{guest, resident_mib};
use crate::report::{Figure, Measured, Report, Target};

const GROUP: &str = "plugin kills";
const QUIET: &str = "over the deadline, quiet";
const LOADED: &str = "over the deadline, beside two tasks of calls";
const MANY: &str = "10,000 kills";
const DEADLINE: Duration = Duration::from_millis(50);
/// Calls that are ended by their deadline.
const LOOPS: usize = 200;
const KILLS: usize = 10_000;
/// Kills before memory is looked at, so that pools and allocators are warm.
const WARM_UP: usize = 500;
/// Ways to go wrong, with their codes. One in twenty computes without end.
const WAYS: [(&str, &str); 4] = [
    ("trap", "plugin.trap"),
    ("eat", "plugin.memory"),
    ("recurse", "plugin.stack"),
    ("foreign-kind", "plugin.not-granted"),
];

/// Measures kill times and what kills leave behind.
pub(crate) async fn measure(report: &mut Report) {
    let rows = [QUIET, LOADED, MANY];
    let folder = tempfile::tempdir().unwrap();
    let prepare = Bad::start(folder.path());
    let Some(bad) = report.prepare(GROUP, &rows, prepare).await else { return };
    report.row(GROUP, QUIET, bad.late()).await;
    let loaded = async {
        let load = Load::start(&bad.engine);
        let measured = bad.late().await;
        let calls = load.stop().await;
        assert!(calls > 100, "the load made {calls} calls");
        measured
    };
    report.row(GROUP, LOADED, loaded).await;
    report.row(GROUP, MANY, bad.many()).await;
}

/// An engine with one plugin that misbehaves and one that does not.
struct Bad {
    engine: Arc<PluginEngine>,
}

impl Bad {
    async fn start(folder: &Path) -> Self {
        guest("misbehave", "misbehave", &folder.join("misbehave"));
        guest("echo", "echo", &folder.join("echo"));
        let mut config = EngineConfig { dirs: vec![folder.to_owned()], ..EngineConfig::default() };
        config.limits.deadline = DEADLINE;
        config.limits.memory = 16 << 20;
        let engine = PluginEngine::open(config, Arc::new(Hub::new())).unwrap();
        engine.load_all().await.expect("a memory");
        Self { engine: Arc::new(engine) }
    }

    /// Asks for something to go wrong; panics unless it is ended with `code`.
    async fn kill(&self, wish: &str, code: &str) {
        let data = format!(r#"{{"do":"{wish}"}}"#);
        let node = Node { id: "it".into(), type_name: "misbehave".into(), data };
        let ended = self.engine.catalogue().render(&node, &Context::default()).await;
        match ended {
            Err(CallError::Failed(error)) if error.code() == code => {}
            other => panic!("{wish}: {other:?}, not {code}"),
        }
    }

    async fn late(&self) -> Measured {
        let (mut late, mut ran) = (Vec::new(), Vec::new());
        for _ in 0..LOOPS {
            let begun = Instant::now();
            let own = own_time(self.kill("loop", "plugin.deadline")).await;
            late.push((begun.elapsed().as_secs_f64() - DEADLINE.as_secs_f64()) * 1e3);
            ran.push((own.as_secs_f64() - DEADLINE.as_secs_f64()) * 1e3);
        }
        let (late, ran) = (Sample::new(late), Sample::new(ran));
        let figures = vec![
            Figure::new("ran over p50", ran.p50(), "ms"),
            Figure::new("ran over p99", ran.p99(), "ms").aims(Target::AtMost(5.0)),
            Figure::new("late p50", late.p50(), "ms"),
            Figure::new("late p99", late.p99(), "ms"),
        ];
        let note = format!(
            "{LOOPS} endless loops with a deadline of {} ms, in time the processor spent on them \
             and on the clock; time in which a guest was not let run does not count against it",
            DEADLINE.as_millis()
        );
        Measured { limit: "none", note, figures }
    }

    async fn many(&self) -> Measured {
        self.kills(0..WARM_UP).await;
        let before = resident_mib();
        let begun = Instant::now();
        self.kills(WARM_UP..WARM_UP + KILLS).await;
        let took = begun.elapsed().as_secs_f64();
        let left = self.engine.occupancy();
        assert_eq!(left, Occupancy::default(), "instances are left");
        let grown = resident_mib() - before;
        let figures = vec![
            Figure::new("memory grown", grown, "MiB").aims(Target::AtMost(16.0)),
            Figure::new("kills", KILLS as f64 / took, "/s"),
        ];
        let note = format!(
            "traps, memory, stack, grants, and every twentieth a loop; no instance, slot \
             or permit is left; {:.0} MiB resident before",
            before
        );
        Measured { limit: "none", note, figures }
    }

    async fn kills(&self, numbers: std::ops::Range<usize>) {
        for n in numbers {
            match WAYS.get(n % 20 % WAYS.len()).filter(|_| n % 20 != 19) {
                Some((wish, code)) => self.kill(wish, code).await,
                None => self.kill("loop", "plugin.deadline").await,
            }
        }
    }
}

/// The time a processor spends on a future, on whichever threads.
async fn own_time(future: impl Future<Output = ()>) -> Duration {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
    };
    let (mut future, mut spent) = (pin!(future), Duration::ZERO);
    poll_fn(|context| {
        let begun = now();
        let polled = future.as_mut().poll(context);
        spent += now() - begun;
        polled
    })
    .await;
    spent
}

/// Two tasks that call a plugin which behaves well.
struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<u64>>,
}

impl Load {
    fn start(engine: &Arc<PluginEngine>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = (0..2).map(|_| {
            let (engine, stop) = (Arc::clone(engine), Arc::clone(&stop));
            tokio::spawn(async move {
                let node = Node { id: "it".into(), type_name: "echo".into(), data: "{}".into() };
                let mut calls = 0;
                while !stop.load(Ordering::Relaxed) {
                    engine.catalogue().render(&node, &Context::default()).await.unwrap();
                    calls += 1;
                    tokio::task::yield_now().await;
                }
                calls
            })
        });
        Self { tasks: tasks.collect(), stop }
    }

    async fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let mut calls = 0;
        for task in self.tasks {
            calls += task.await.unwrap();
        }
        calls
    }
}
