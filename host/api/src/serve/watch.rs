//! Keeps time for connections: who sends a head slowly, does nothing, or does
//! not read what it asked for, is cut off.
//!
//! One look at all connections twice a second instead of a timer for each:
//! an open stream stays small, and a request costs a few atomic writes.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use futures::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::EdgeLimits;

/// Share of the connections that make room at once, as a divisor: one search
/// for many newcomers.
const ROOM: usize = 64;
/// A connection that moved bytes this recently is not idle, whatever else: an
/// open stream has a heartbeat every 15 s.
const LIVELY: Duration = Duration::from_secs(20);

/// All connections of a server.
pub(super) struct Watch {
    begun: Instant,
    head: u64,
    idle: u64,
    most: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Arc<Watched>>,
}

/// One connection, as the watch sees it.
pub(super) struct Watched {
    id: u64,
    epoch: Instant,
    phase: AtomicU8,
    /// When the phase began or, while it is answered, bytes last moved;
    /// milliseconds since `epoch`.
    since: AtomicU64,
    /// Since when what is written is not taken; 0 if it is.
    stuck: AtomicU64,
    order: AtomicU8,
    /// Of the task that serves it.
    task: AtomicWaker,
}

/// What a connection has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Order {
    /// What its client wants.
    Serve,
    /// End with the request under way.
    Finish,
    /// End now.
    Cut,
}

/// Nothing came yet.
const NEW: u8 = 0;
/// Some of a request's head came.
const HEAD: u8 = 1;
/// A handler works.
const BUSY: u8 = 2;
/// The answer is being sent, or was: idle, when no bytes move.
const ANSWERED: u8 = 3;

impl Watch {
    pub(super) fn new(limits: &EdgeLimits) -> Self {
        let millis = |it: Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
        Self {
            begun: Instant::now(),
            head: millis(limits.read_time),
            idle: millis(limits.idle_time),
            most: limits.connections,
            open: Mutex::default(),
        }
    }

    /// Takes a new connection in; `None` if there is no room and nobody idle.
    pub(super) fn begin(&self) -> Option<Arc<Watched>> {
        let full = self.lock().all.len() >= self.most;
        if full && self.make_room() == 0 {
            return None;
        }
        let mut open = self.lock();
        open.next += 1;
        let watched = Arc::new(Watched {
            id: open.next,
            epoch: self.begun,
            phase: AtomicU8::new(NEW),
            since: AtomicU64::new(millis_since(self.begun)),
            stuck: AtomicU64::new(0),
            order: AtomicU8::new(Order::Serve as u8),
            task: AtomicWaker::new(),
        });
        open.all.insert(watched.id, Arc::clone(&watched));
        Some(watched)
    }

    /// Forgets a connection that is closed.
    pub(super) fn end(&self, watched: &Watched) {
        self.lock().all.remove(&watched.id);
    }

    /// Cuts off whoever took too long.
    pub(super) fn end_overdue(&self) {
        let now = millis_since(self.begun);
        self.lock().all.retain(|_, it| {
            let overdue = it.idle_at(now) > self.allowed(it) || it.stuck_at(now) > self.idle;
            if overdue {
                it.give(Order::Cut);
            }
            !overdue
        });
    }

    /// Cuts off those idle longest; answers how many.
    pub(super) fn make_room(&self) -> usize {
        let now = millis_since(self.begun);
        let mut open = self.lock();
        let lively = LIVELY.as_millis() as u64;
        let idle = |it: &Watched| {
            let least = if it.phase() == ANSWERED { lively } else { 0 };
            Some(it.idle_at(now)).filter(|idle| it.phase() != BUSY && *idle >= least)
        };
        let mut found: Vec<(u64, u64)> =
            open.all.values().filter_map(|it| Some((idle(it)?, it.id))).collect();
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.truncate((self.most / ROOM).max(1));
        for (_, id) in &found {
            if let Some(it) = open.all.remove(id) {
                it.give(Order::Cut);
            }
        }
        found.len()
    }

    /// Has every connection end with the request under way.
    pub(super) fn finish_all(&self) {
        self.lock().all.values().for_each(|it| it.give(Order::Finish));
    }

    /// Cuts off all.
    pub(super) fn cut_all(&self) {
        self.lock().all.values().for_each(|it| it.give(Order::Cut));
    }

    /// How long a connection may be in its phase.
    fn allowed(&self, it: &Watched) -> u64 {
        match it.phase() {
            NEW | HEAD => self.head,
            ANSWERED => self.idle,
            // Bodies and handlers have limits of their own.
            _ => u64::MAX,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// What the connection has to do now; its task is woken when that changes.
    pub(super) fn poll_order(&self, cx: &Context<'_>) -> Order {
        self.task.register(cx.waker());
        self.order()
    }

    fn order(&self) -> Order {
        match self.order.load(Ordering::Acquire) {
            it if it == Order::Serve as u8 => Order::Serve,
            it if it == Order::Finish as u8 => Order::Finish,
            _ => Order::Cut,
        }
    }

    /// Orders are never taken back.
    fn give(&self, order: Order) {
        self.order.fetch_max(order as u8, Ordering::Release);
        self.task.wake();
    }

    /// A request's head is complete.
    pub(super) fn request_begins(&self) {
        self.enter(BUSY);
    }

    /// The head of its answer is ready.
    pub(super) fn answer_begins(&self) {
        self.enter(ANSWERED);
    }

    fn enter(&self, phase: u8) {
        self.since.store(millis_since(self.epoch), Ordering::Relaxed);
        self.phase.store(phase, Ordering::Relaxed);
    }

    fn bytes_came(&self) {
        if matches!(self.phase(), NEW | ANSWERED) {
            self.enter(HEAD);
        }
    }

    fn bytes_went(&self, all_taken: bool) {
        let now = millis_since(self.epoch);
        if all_taken {
            self.stuck.store(0, Ordering::Relaxed);
            if self.phase() == ANSWERED {
                self.since.store(now, Ordering::Relaxed);
            }
        } else if self.stuck.load(Ordering::Relaxed) == 0 {
            self.stuck.store(now.max(1), Ordering::Relaxed);
        }
    }

    fn phase(&self) -> u8 {
        self.phase.load(Ordering::Relaxed)
    }

    fn idle_at(&self, now: u64) -> u64 {
        now.saturating_sub(self.since.load(Ordering::Relaxed))
    }

    fn stuck_at(&self, now: u64) -> u64 {
        match self.stuck.load(Ordering::Relaxed) {
            0 => 0,
            since => now.saturating_sub(since),
        }
    }
}

fn millis_since(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A socket that tells the watch when bytes move.
pub(super) struct WatchedIo {
    socket: TcpStream,
    watched: Arc<Watched>,
}

impl WatchedIo {
    pub(super) fn new(socket: TcpStream, watched: Arc<Watched>) -> Self {
        Self { socket, watched }
    }

    fn told(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.watched.bytes_went(written.is_ready());
        written
    }
}

impl AsyncRead for WatchedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.watched.bytes_came();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WatchedIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.told(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, parts);
        self.told(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(connections: usize) -> Watch {
        Watch::new(&EdgeLimits { connections, ..EdgeLimits::default() })
    }

    fn is_cut(it: &Watched) -> bool {
        it.order() == Order::Cut
    }

    /// As if `seconds` had gone by.
    fn age(it: &Watched, watch: &mut Watch, seconds: u64) {
        watch.begun -= Duration::from_secs(seconds);
        let _ = it;
    }

    #[test]
    fn a_head_has_15_seconds_and_an_idle_connection_120() {
        let mut watch = watch(10);
        let (silent, slow) = (watch.begin().unwrap(), watch.begin().unwrap());
        let (busy, kept) = (watch.begin().unwrap(), watch.begin().unwrap());
        slow.bytes_came();
        busy.request_begins();
        kept.request_begins();
        kept.answer_begins();
        age(&silent, &mut watch, 16);
        watch.end_overdue();
        assert!(is_cut(&silent) && is_cut(&slow));
        assert!(!is_cut(&busy) && !is_cut(&kept));
        age(&kept, &mut watch, 105);
        watch.end_overdue();
        assert!(!is_cut(&busy), "handlers have limits of their own");
        assert!(is_cut(&kept));
    }

    #[test]
    fn who_does_not_read_is_cut_off() {
        let mut watch = watch(10);
        let stuck = watch.begin().unwrap();
        stuck.request_begins();
        stuck.bytes_went(false);
        age(&stuck, &mut watch, 121);
        watch.end_overdue();
        assert!(is_cut(&stuck));
    }

    #[test]
    fn newcomers_displace_the_idle_and_never_the_busy() {
        let mut watch = watch(3);
        let (busy, stream) = (watch.begin().unwrap(), watch.begin().unwrap());
        busy.request_begins();
        stream.request_begins();
        stream.answer_begins();
        let idle = watch.begin().unwrap();
        let newcomer = watch.begin().unwrap();
        assert!(is_cut(&idle) && !is_cut(&busy));
        assert!(!is_cut(&stream), "it moved bytes just now");
        newcomer.request_begins();
        assert!(watch.begin().is_none(), "nobody is idle");
        age(&stream, &mut watch, 21);
        assert!(watch.begin().is_some() && is_cut(&stream));
    }
}
