//! A plugin that behaves well, called again and again beside the others.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bowsprit_host_core::node_types::NodeTypes;
use bowsprit_host_engine::PluginEngine;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::support::mark_in;

/// Calls its plugin until told to stop.
pub(super) struct Neighbour {
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// Held during a call: whoever has it knows that none is under way.
    turn: tokio::sync::Mutex<()>,
    times: Mutex<Times>,
}

/// How long calls took.
#[derive(Default)]
pub(super) struct Times {
    /// Whether somebody else misbehaves at present.
    disturbed: bool,
    calm: Vec<Duration>,
    beside: Vec<Duration>,
}

impl Neighbour {
    pub(super) fn start(engine: Arc<PluginEngine>) -> Self {
        let shared = Arc::<Shared>::default();
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while matches!(stopped.try_recv(), Err(oneshot::error::TryRecvError::Empty)) {
                    {
                        let _turn = shared.turn.lock().await;
                        shared.call(&engine).await;
                    }
                    tokio::task::yield_now().await;
                }
            }
        });
        Self { shared, stop, task }
    }

    pub(super) fn disturbed(&self, disturbed: bool) {
        self.shared.times().disturbed = disturbed;
    }

    /// Calls made so far while nobody disturbed, or somebody did.
    pub(super) fn calls(&self, disturbed: bool) -> usize {
        let times = self.shared.times();
        if disturbed { times.beside.len() } else { times.calm.len() }
    }

    /// Keeps it from calling for as long as the guard lives.
    pub(super) async fn silenced(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.shared.turn.lock().await
    }

    /// The 99th percentiles: while nobody disturbed, and while somebody did.
    pub(super) async fn finish(self) -> (Duration, Duration) {
        let _ = self.stop.send(());
        self.task.await.expect("every call was answered rightly");
        let mut times = self.shared.times();
        let Times { calm, beside, .. } = &mut *times;
        (percentile(calm), percentile(beside))
    }
}

impl Shared {
    async fn call(&self, engine: &PluginEngine) {
        let begun = Instant::now();
        let mark = mark_in(&*engine.catalogue(), "echo").await;
        let taken = begun.elapsed();
        assert_eq!(mark.expect("the neighbour is answered"), "fine");
        let mut times = self.times();
        let Times { disturbed, calm, beside } = &mut *times;
        if *disturbed { beside.push(taken) } else { calm.push(taken) }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn percentile(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * 99 / 100]
}
