//! Open event streams, counted by caller: each holds a connection and memory
//! for as long as its reader likes, and as long as the session that opened it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bowsprit_host_core::{access::Caller, id::Id};
use futures::{FutureExt as _, future::BoxFuture};
use prometheus::IntGauge;

use crate::{metrics::Raised, problem::Problem};

/// Who has how many streams open.
#[derive(Clone)]
pub(crate) struct Streams {
    open: Arc<Mutex<HashMap<Id, usize>>>,
    /// The most one caller may have open.
    most: usize,
    gauge: IntGauge,
}

/// A caller's right to one more stream, until it is dropped.
pub(crate) struct Slot {
    streams: Streams,
    user: Id,
    /// Completes with the caller's session.
    over: BoxFuture<'static, ()>,
    _raised: Raised,
}

impl Streams {
    pub(crate) fn new(most: usize, gauge: IntGauge) -> Self {
        Self { open: Arc::default(), most, gauge }
    }

    /// Takes a slot for a stream of `caller`, whose session ends with `over`:
    /// a request is checked when it begins, a stream goes on for hours.
    pub(crate) fn open(
        &self,
        caller: &Caller,
        over: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Slot, Problem> {
        let user = caller.user;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_default();
        if *count >= self.most {
            let most = self.most;
            let message = format!("you have {most} event streams open, which is the limit");
            return Err(Problem::refusal("streams.too-many", &message).retry_after(1));
        }
        *count += 1;
        let raised = Raised::new(&self.gauge);
        Ok(Slot { streams: self.clone(), user, over: over.boxed(), _raised: raised })
    }
}

impl Slot {
    /// Ready once the stream has to end.
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.over.poll_unpin(cx)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bowsprit_host_core::access::Role;

    use super::*;

    #[test]
    fn a_closed_stream_makes_room() {
        let gauge = IntGauge::new("open", "open").unwrap();
        let streams = Streams::new(2, gauge.clone());
        let caller = |user| Caller { user, role: Role::User, session: Id::new(), address: None };
        let (one, two) = (caller(Id::new()), caller(Id::new()));
        let open = |caller| streams.open(caller, std::future::pending());
        let first = open(&one).unwrap();
        let _second = open(&one).unwrap();
        assert!(open(&one).is_err());
        let other = open(&two).unwrap();
        assert_eq!(gauge.get(), 3);
        drop(first);
        let _third = open(&one).unwrap();
        drop(other);
        assert_eq!(gauge.get(), 2);
        assert_eq!(streams.open.lock().unwrap().len(), 1, "nobody is remembered for nothing");
    }
}
