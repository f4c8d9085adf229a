//! The in-process event hub: a bounded ring of finished frames per topic, and
//! the wakers of those who have read to its end.

use std::{
    collections::{HashMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::Stream;

use super::{Delivery, ErasedJson, EventId, Events, Subscription, Topic};

/// Events kept per topic for those who come back.
const KEPT: usize = 256;
/// A topic nobody watches is forgotten after this long.
const IDLE: Duration = Duration::from_secs(300);

/// Events within this process.
pub struct Hub {
    epoch: u32,
    topics: Mutex<Topics>,
}

#[derive(Default)]
struct Topics {
    /// Sequence of the last event of any topic: never reused, also not by a
    /// topic that was forgotten and came back.
    last: u64,
    closed: bool,
    rings: HashMap<Topic, Arc<Mutex<Ring>>>,
}

/// One topic: what was said last, and who waits to hear more.
struct Ring {
    frames: VecDeque<(u64, Bytes)>,
    /// Events up to this sequence are no longer kept.
    forgotten: u64,
    /// Counts heartbeats.
    beat: u64,
    closed: bool,
    readers: u64,
    waiting: HashMap<u64, Waker>,
    touched: Instant,
}

impl Ring {
    fn wake_all(&mut self) {
        for (_, waker) in self.waiting.drain() {
            waker.wake();
        }
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl Hub {
    /// An empty hub.
    pub fn new() -> Self {
        Self { epoch: rand::random(), topics: Mutex::default() }
    }

    /// Makes every open stream send a comment, so that nothing between us and
    /// the reader takes it for dead. Also forgets idle topics.
    pub fn heartbeat(&self) {
        let mut topics = lock(&self.topics);
        topics.rings.retain(|_, ring| {
            let unwatched = Arc::strong_count(ring) == 1;
            let mut ring = lock(ring);
            ring.beat += 1;
            ring.wake_all();
            !(unwatched && ring.touched.elapsed() > IDLE)
        });
    }

    /// Ends every subscription, present and future, with
    /// [`Delivery::Closed`].
    pub fn close(&self) {
        let mut topics = lock(&self.topics);
        topics.closed = true;
        for ring in topics.rings.values() {
            let mut ring = lock(ring);
            ring.closed = true;
            ring.wake_all();
        }
    }
}

impl Topics {
    fn ring(&mut self, topic: &Topic) -> Arc<Mutex<Ring>> {
        let (last, closed) = (self.last, self.closed);
        let ring = self.rings.entry(topic.clone()).or_insert_with(|| {
            Arc::new(Mutex::new(Ring {
                frames: VecDeque::new(),
                forgotten: last,
                beat: 0,
                closed,
                readers: 0,
                waiting: HashMap::new(),
                touched: Instant::now(),
            }))
        });
        Arc::clone(ring)
    }
}

impl Events for Hub {
    fn publish(&self, topic: &Topic, name: &'static str, data: &dyn ErasedJson) {
        let data = data.to_json();
        let mut topics = lock(&self.topics);
        topics.last += 1;
        let sequence = topics.last;
        let ring = topics.ring(topic);
        // The ring is locked before the map is released, so that sequences
        // enter it in order.
        let mut ring = lock(&ring);
        drop(topics);
        let id = EventId { epoch: self.epoch, sequence };
        let frame = Bytes::from(format!("id:{id}\nevent:{name}\ndata:{data}\n\n"));
        if ring.frames.len() == KEPT
            && let Some((dropped, _)) = ring.frames.pop_front()
        {
            ring.forgotten = dropped;
        }
        ring.frames.push_back((sequence, frame));
        ring.touched = Instant::now();
        ring.wake_all();
    }

    fn subscribe(&self, topic: &Topic, after: Option<EventId>) -> Subscription {
        let mut topics = lock(&self.topics);
        let last = topics.last;
        let ring = topics.ring(topic);
        let mut state = lock(&ring);
        drop(topics);
        state.readers += 1;
        state.touched = Instant::now();
        let (reader, beat) = (state.readers, state.beat);
        drop(state);
        // An id of an earlier start: what came between nobody knows.
        let resync = after.is_some_and(|id| id.epoch != self.epoch);
        let position = after.filter(|_| !resync).map_or(last, |id| id.sequence);
        Box::pin(Reader { ring, reader, beat, position, resync, done: false })
    }
}

struct Reader {
    ring: Arc<Mutex<Ring>>,
    reader: u64,
    beat: u64,
    position: u64,
    /// A resync is owed.
    resync: bool,
    done: bool,
}

impl Stream for Reader {
    type Item = Delivery;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        let me = self.get_mut();
        if me.done {
            return Poll::Ready(None);
        }
        let mut ring = lock(&me.ring);
        if me.position < ring.forgotten {
            me.position = ring.frames.back().map_or(ring.forgotten, |(sequence, _)| *sequence);
            me.resync = true;
        }
        if std::mem::take(&mut me.resync) {
            return Poll::Ready(Some(Delivery::Resync));
        }
        let next = ring.frames.partition_point(|(sequence, _)| *sequence <= me.position);
        if let Some((sequence, frame)) = ring.frames.get(next) {
            me.position = *sequence;
            return Poll::Ready(Some(Delivery::Event(frame.clone())));
        }
        if ring.closed {
            me.done = true;
            return Poll::Ready(Some(Delivery::Closed));
        }
        if me.beat != ring.beat {
            me.beat = ring.beat;
            return Poll::Ready(Some(Delivery::Heartbeat));
        }
        ring.waiting.insert(me.reader, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        lock(&self.ring).waiting.remove(&self.reader);
    }
}

/// A poisoned lock is still a lock: no state here is left half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
