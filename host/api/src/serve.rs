//! The server loop: hyper's HTTP/1.1 per connection.
//!
//! `axum::serve` keeps twice the memory for an idle event stream; see
//! docs/adr/0005.

use std::{io, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, rt::TokioTimer, service::TowerToHyperService};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::client::Peer;

/// How long a client may take to send its request's head (slow loris).
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// Serves until `stop`, then lets requests under way end, at the latest after
/// `drain`. Streams must have been told to end by then.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    drain: Duration,
) -> io::Result<()> {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let (socket, peer) = match accepted {
            Ok((socket, address)) => (socket, Peer(address.ip())),
            Err(error) => {
                // Out of descriptors, most likely: give some a chance to close.
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Small frames of event streams must not wait for each other.
        let _ = socket.set_nodelay(true);
        let noted = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request
        });
        let service = TowerToHyperService::new(noted);
        let (stop, cut) = (stop.clone(), cut.clone());
        connections.spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(socket), service)
                .with_upgrades();
            tokio::pin!(connection);
            let mut stopping = false;
            loop {
                tokio::select! {
                    // A client that goes away in mid-request is no error of ours.
                    _ = connection.as_mut() => return,
                    () = cut.cancelled() => return,
                    () = stop.cancelled(), if !stopping => {
                        stopping = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(drain, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections cut after the drain time");
        cut.cancel();
        connections.wait().await;
    }
    Ok(())
}
