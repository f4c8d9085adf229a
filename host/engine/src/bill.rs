//! What a call takes, and to whose budget it goes.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bowsprit_host_core::{
    budgets::{Budgets, Cost},
    id::Id,
};
use rustix::time::{ClockId, clock_gettime};

/// Adds up what a call takes and charges it when dropped, so that one that
/// fails or whose caller goes away is paid for too.
pub(crate) struct Bill<'a> {
    budgets: &'a Budgets,
    /// Nobody pays for what the host does on its own account.
    payer: Option<Id>,
    begun: Instant,
    cpu_nanos: AtomicU64,
    /// What the call's instance counts.
    memory: Mutex<Option<Arc<AtomicUsize>>>,
}

impl<'a> Bill<'a> {
    pub(crate) fn new(budgets: &'a Budgets, payer: Option<Id>) -> Self {
        Self {
            budgets,
            payer,
            begun: Instant::now(),
            cpu_nanos: AtomicU64::new(0),
            memory: Mutex::new(None),
        }
    }

    /// Whose memory it is about.
    pub(crate) fn memory(&self, used: &Arc<AtomicUsize>) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        *memory = Some(Arc::clone(used));
    }

    /// Does `work` and counts the time of its thread.
    pub(crate) async fn timed<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            if self.payer.is_none() {
                return work.as_mut().poll(context);
            }
            let before = thread_nanos();
            let polled = work.as_mut().poll(context);
            let taken = thread_nanos().saturating_sub(before);
            self.cpu_nanos.fetch_add(taken, Ordering::Relaxed);
            polled
        })
        .await
    }
}

impl Drop for Bill<'_> {
    fn drop(&mut self) {
        let Some(payer) = self.payer else { return };
        let memory = self.memory.get_mut().unwrap_or_else(PoisonError::into_inner);
        let cost = Cost {
            cpu: Duration::from_nanos(self.cpu_nanos.load(Ordering::Relaxed)),
            memory: memory.as_ref().map_or(0, |it| it.load(Ordering::Relaxed)),
            held: self.begun.elapsed(),
        };
        self.budgets.charge(payer, cost);
    }
}

/// Processor time of the present thread: unlike the wall's it does not pass
/// while the machine is busy elsewhere.
fn thread_nanos() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    (time.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add(time.tv_nsec as u64)
}
