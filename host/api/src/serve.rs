//! The server loop: hyper's HTTP/1.1 per connection.
//!
//! `axum::serve` keeps twice the memory for an idle event stream; see
//! docs/adr/0005. hyper's own timeout counts an idle connection as one that
//! sends its head slowly, so [`watch`] keeps time instead.

mod watch;

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use self::watch::{Order, Watch, Watched, WatchedIo};
use crate::{ApiState, Edge, client::Peer};

/// How often connections are looked at.
const ROUND: Duration = Duration::from_millis(500);
/// hyper's own least (it panics below).
const LEAST_BUFFER: usize = 8192;

/// Serves until `stop`, then lets requests under way end, at the latest after
/// `drain`. Streams must have been told to end by then.
pub async fn serve(
    listener: TcpListener,
    state: ApiState,
    stop: CancellationToken,
    drain: Duration,
) -> io::Result<()> {
    let edge = state.edge.clone();
    let server = Server::new(crate::router(state), edge);
    let mut rounds = tokio::time::interval(ROUND);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, address)) => server.take(socket, Peer(address.ip())),
                Err(error) => {
                    tracing::warn!(%error, "connection not accepted");
                    // Out of descriptors, most likely.
                    server.watch.make_room();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
            _ = rounds.tick() => server.watch.end_overdue(),
            () = stop.cancelled() => break,
        }
    }
    drop(listener);
    server.end(drain).await;
    Ok(())
}

struct Server {
    router: Router,
    watch: Arc<Watch>,
    edge: Edge,
    http: http1::Builder,
    tasks: TaskTracker,
}

impl Server {
    fn new(router: Router, edge: Edge) -> Self {
        let limits = edge.limits();
        let mut http = http1::Builder::new();
        // Twice what the gate allows, so that its answer with words is the
        // usual one.
        http.header_read_timeout(None)
            .max_headers(limits.header_count.saturating_mul(2))
            .max_header_size(limits.header_bytes.saturating_mul(2).max(LEAST_BUFFER));
        let watch = Arc::new(Watch::new(limits));
        Self { router, watch, edge, http, tasks: TaskTracker::new() }
    }

    fn take(&self, socket: TcpStream, peer: Peer) {
        let Some(watched) = self.watch.begin() else {
            tracing::warn!("connection refused: all are busy; see `limits.connections`");
            return;
        };
        // Small frames of event streams must not wait for each other.
        let _ = socket.set_nodelay(true);
        let io = TokioIo::new(WatchedIo::new(socket, Arc::clone(&watched)));
        let service = Guarded { router: self.router.clone(), peer, watched: Arc::clone(&watched) };
        let connection = self.http.serve_connection(io, service).with_upgrades();
        let watch = Arc::clone(&self.watch);
        let open = self.edge.metrics().connections().clone();
        self.tasks.spawn(async move {
            open.inc();
            let mut connection = pin!(connection);
            let mut finishing = false;
            poll_fn(|cx| match watched.poll_order(cx) {
                Order::Cut => Poll::Ready(()),
                order => {
                    if order == Order::Finish && !finishing {
                        finishing = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    // A client that goes away in mid-request is no error of ours.
                    connection.as_mut().poll(cx).map(drop)
                }
            })
            .await;
            watch.end(&watched);
            open.dec();
        });
    }

    async fn end(self, drain: Duration) {
        self.watch.finish_all();
        self.tasks.close();
        if tokio::time::timeout(drain, self.tasks.wait()).await.is_err() {
            tracing::warn!(open = self.tasks.len(), "connections cut after the drain time");
            self.watch.cut_all();
            self.tasks.wait().await;
        }
    }
}

/// The router, told who is at the other end, telling the watch when a request
/// is under way.
struct Guarded {
    router: Router,
    peer: Peer,
    watched: Arc<Watched>,
}

impl Service<Request<Incoming>> for Guarded {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.watched.request_begins();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer);
        let answer = self.router.clone().oneshot(request);
        let watched = Arc::clone(&self.watched);
        Box::pin(async move {
            let answer = answer.await;
            watched.answer_begins();
            answer
        })
    }
}
