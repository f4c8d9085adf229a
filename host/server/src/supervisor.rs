//! Background work: named, restarted when it breaks, waited for at the end.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bowsprit_host_api::request_id::carried;
use bowsprit_host_core::tasks::{Tasks, Work};
use futures::FutureExt as _;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// First pause before a task that broke is started again; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Owns all background work of the host.
#[derive(Clone, Default)]
pub(crate) struct Supervisor {
    /// Work that ends by itself.
    jobs: TaskTracker,
    /// Loops that end when told.
    loops: TaskTracker,
    stop: CancellationToken,
}

impl Supervisor {
    /// Keeps `task` running until the supervisor stops; starts it again, after
    /// a growing pause, when it ends or panics.
    pub(crate) fn keep<F, W>(&self, name: &'static str, task: F)
    where
        F: Fn() -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.loops.spawn(async move {
            let mut pause = FIRST_PAUSE;
            loop {
                let outcome = tokio::select! {
                    outcome = AssertUnwindSafe(task()).catch_unwind() => outcome,
                    () = stop.cancelled() => return,
                };
                match outcome {
                    Ok(()) => {
                        tracing::warn!(task = name, "background task ended; starting it again")
                    }
                    Err(panic) => tracing::error!(
                        task = name,
                        panic = text(&panic),
                        "background task panicked; starting it again"
                    ),
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stop.cancelled() => return,
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }

    /// Calls `work` every `period`, first after one period.
    pub(crate) fn every<F, W>(&self, name: &'static str, period: Duration, work: F)
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        let work = Arc::new(work);
        self.keep(name, move || {
            let work = Arc::clone(&work);
            async move {
                let mut ticks =
                    tokio::time::interval_at(tokio::time::Instant::now() + period, period);
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
                loop {
                    ticks.tick().await;
                    work().await;
                }
            }
        });
    }

    /// Ends all loops.
    pub(crate) async fn stop_loops(&self) {
        self.stop.cancel();
        self.loops.close();
        self.loops.wait().await;
    }

    /// Waits for work that ends by itself, at most `patience`; false if some
    /// is still going on.
    pub(crate) async fn finish_jobs(&self, patience: Duration) -> bool {
        self.jobs.close();
        tokio::time::timeout(patience, self.jobs.wait()).await.is_ok()
    }
}

impl Tasks for Supervisor {
    fn spawn(&self, name: &'static str, work: Work) {
        self.jobs.spawn(carried(contained(name, work)));
    }

    fn spawn_endless(&self, name: &'static str, work: Work) {
        let stop = self.stop.clone();
        self.loops.spawn(async move {
            tokio::select! {
                () = contained(name, work) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

async fn contained(name: &'static str, work: Work) {
    if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
        tracing::error!(task = name, panic = text(&panic), "background work panicked");
    }
}

fn text(panic: &Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn starts_a_broken_task_again() {
        let supervisor = Supervisor::default();
        let starts = Arc::new(AtomicU32::new(0));
        let (told, mut third) = tokio::sync::mpsc::channel(8);
        let count = Arc::clone(&starts);
        supervisor.keep("fragile", move || {
            let (starts, told) = (Arc::clone(&count), told.clone());
            async move {
                let n = starts.fetch_add(1, Ordering::Relaxed);
                let _ = told.send(n).await;
                assert!(n >= 2, "breaks twice");
                std::future::pending::<()>().await;
            }
        });
        for expected in 0..3 {
            assert_eq!(third.recv().await, Some(expected));
        }
        supervisor.stop_loops().await;
    }

    #[tokio::test]
    async fn a_panic_ends_only_its_own_work() {
        let supervisor = Supervisor::default();
        let tasks: Arc<dyn Tasks> = Arc::new(supervisor.clone());
        tasks.start("breaks", async { panic!("on purpose") });
        let (tell, told) = tokio::sync::oneshot::channel();
        tasks.start("works", async move {
            let _ = tell.send(1);
        });
        assert_eq!(told.await, Ok(1));
        assert!(supervisor.finish_jobs(Duration::from_secs(5)).await);
    }
}
