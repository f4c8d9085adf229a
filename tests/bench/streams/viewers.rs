//! Many readers of one stream. Raw sockets, so that reading costs little
//! beside what is measured.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Notify, Semaphore},
    task::JoinSet,
};

/// The most changes a run counts.
const CHANGES: usize = 1000;
/// Longer than any change is under way.
const PATIENCE: Duration = Duration::from_secs(30);
/// What an event says of a change, before and after its number.
const BEFORE: &[u8] = b"with ";
const AFTER: &[u8] = b" entries";

/// Open streams.
pub(super) struct Viewers {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    viewers: usize,
    connected: Semaphore,
    /// What each has seen, and when.
    seen: Vec<Mutex<Vec<(usize, Instant)>>>,
    /// How many have seen a change.
    counts: Vec<AtomicUsize>,
    all: Notify,
    /// Bytes of the first event, and of a later one.
    head: AtomicUsize,
    frame: AtomicUsize,
}

impl Viewers {
    /// Opens `viewers` streams at once; answers when each has its first event.
    pub(super) async fn connect(address: &str, path: &str, token: &str, viewers: usize) -> Self {
        let shared = Arc::new(Shared {
            viewers,
            connected: Semaphore::new(0),
            seen: (0..viewers).map(|_| Mutex::default()).collect(),
            counts: (0..CHANGES).map(|_| AtomicUsize::new(0)).collect(),
            all: Notify::new(),
            head: AtomicUsize::new(0),
            frame: AtomicUsize::new(0),
        });
        let request: Arc<str> = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n"
        )
        .into();
        let mut tasks = JoinSet::new();
        for index in 0..viewers {
            let (shared, request) = (Arc::clone(&shared), Arc::clone(&request));
            let address = address.to_owned();
            tasks.spawn(async move { shared.view(index, &address, &request).await });
        }
        let all = u32::try_from(viewers).unwrap();
        let waiting = tokio::time::timeout(PATIENCE, shared.connected.acquire_many(all));
        waiting.await.expect("all are connected in time").unwrap().forget();
        Self { shared, _tasks: tasks }
    }

    /// Waits until every viewer has seen a change.
    pub(super) async fn until_all_saw(&self, change: usize) {
        let Shared { viewers, counts, all, .. } = &*self.shared;
        let waiting = async {
            while counts[change].load(Ordering::SeqCst) < *viewers {
                all.notified().await;
            }
        };
        let came = tokio::time::timeout(PATIENCE, waiting).await;
        let count = counts[change].load(Ordering::SeqCst);
        assert!(came.is_ok(), "{count} of {viewers} viewers saw change {change}");
    }

    /// How many ms after `from` the viewers saw a change; those who did.
    pub(super) fn delays(&self, change: usize, from: Instant) -> Vec<f64> {
        let saw = |seen: &Mutex<Vec<(usize, Instant)>>| {
            let seen = seen.lock().unwrap();
            seen.iter().find(|(number, _)| *number == change).map(|(_, at)| *at)
        };
        let times = self.shared.seen.iter().filter_map(saw);
        // A viewer may be told before our own watch is.
        times.map(|at| at.saturating_duration_since(from).as_secs_f64() * 1e3).collect()
    }

    /// Bytes of the first event.
    pub(super) fn head(&self) -> usize {
        self.shared.head.load(Ordering::SeqCst)
    }

    /// Bytes of a later event.
    pub(super) fn frame(&self) -> usize {
        self.shared.frame.load(Ordering::SeqCst)
    }
}

impl Shared {
    async fn view(&self, index: usize, address: &str, request: &str) {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut buffer = Vec::with_capacity(16 << 10);
        let head = loop {
            assert!(socket.read_buf(&mut buffer).await.unwrap() > 0, "a stream ended");
            let body = buffer.windows(4).position(|it| it == b"\r\n\r\n").map(|it| it + 4);
            let end = body.and_then(|body| {
                let end = buffer[body..].windows(2).position(|it| it == b"\n\n")?;
                Some((body, body + end + 2))
            });
            if let Some((body, end)) = end {
                assert!(buffer.starts_with(b"HTTP/1.1 200 "), "a stream was refused");
                buffer.drain(..end);
                break end - body;
            }
        };
        self.head.store(head, Ordering::SeqCst);
        self.connected.add_permits(1);
        loop {
            self.look(index, &mut buffer);
            let read = socket.read_buf(&mut buffer).await.unwrap();
            assert!(read > 0, "a stream ended");
        }
    }

    /// Takes the finished events out of what was read.
    fn look(&self, index: usize, buffer: &mut Vec<u8>) {
        while let Some(end) = buffer.windows(2).position(|it| it == b"\n\n") {
            let now = Instant::now();
            if let Some(change) = number_in(&buffer[..end]) {
                self.frame.store(end + 2, Ordering::SeqCst);
                self.seen[index].lock().unwrap().push((change, now));
                let count = self.counts[change].fetch_add(1, Ordering::SeqCst) + 1;
                if count == self.viewers {
                    self.all.notify_one();
                }
            }
            buffer.drain(..end + 2);
        }
    }
}

/// The number of the change an event tells of.
fn number_in(event: &[u8]) -> Option<usize> {
    let start = event.windows(BEFORE.len()).position(|it| it == BEFORE)? + BEFORE.len();
    let rest = &event[start..];
    let end = rest.windows(AFTER.len()).position(|it| it == AFTER)?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}
