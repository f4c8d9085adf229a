//! A TCP proxy before the API server that counts connections and can cut them.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use bowsprit_host_core::kubernetes::Target;
use http::Uri;
use kube::client::ConfigExt;
use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsConnector;

use crate::server::Server;

/// Ends with all its connections when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    front: Front,
    shared: Arc<Shared>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    accepted: AtomicUsize,
    refusing: AtomicBool,
    open: Mutex<JoinSet<()>>,
}

/// What the proxy's own clients speak.
#[derive(Clone, Copy)]
enum Front {
    /// The API server's TLS, passed through.
    Tls,
    /// Plain HTTP/1.1; the proxy adds the TLS.
    Plain,
}

impl Proxy {
    /// Passes everything through.
    pub(crate) async fn start(server: &Server) -> Self {
        Self::listen(server, Front::Tls).await
    }

    /// Takes plain HTTP/1.1, as `kubectl proxy` does.
    pub(crate) async fn start_plain(server: &Server) -> Self {
        Self::listen(server, Front::Plain).await
    }

    async fn listen(server: &Server, front: Front) -> Self {
        let url: Uri = server.url.parse().unwrap();
        let backend = format!("{}:{}", url.host().unwrap(), url.port_u16().unwrap_or(443));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let accepting = tokio::spawn(accept(listener, backend, front, shared.clone()));
        Self { address, front, shared, accepting }
    }

    /// The record, with this proxy for its server.
    pub(crate) fn before(&self, target: Target) -> Target {
        let scheme = match self.front {
            Front::Tls => "https",
            Front::Plain => "http",
        };
        // The server's certificate may not name the proxy's address.
        Target { server: format!("{scheme}://{}", self.address), insecure: true, ..target }
    }

    /// How many connections it took.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Cuts all connections.
    pub(crate) fn cut(&self) {
        self.shared.open.lock().unwrap().abort_all();
    }

    /// Cuts all connections and, until told otherwise, every new one.
    pub(crate) fn refuse(&self, refusing: bool) {
        self.shared.refusing.store(refusing, Ordering::SeqCst);
        self.cut();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, backend: String, front: Front, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        if shared.refusing.load(Ordering::SeqCst) {
            continue;
        }
        let backend = backend.clone();
        let pass = async move {
            let server = TcpStream::connect(backend).await.unwrap();
            match front {
                Front::Tls => join(client, server).await,
                Front::Plain => join(client, encrypted(server).await).await,
            }
        };
        shared.open.lock().unwrap().spawn(pass);
    }
}

async fn join(
    mut a: impl AsyncRead + AsyncWrite + Unpin,
    mut b: impl AsyncRead + AsyncWrite + Unpin,
) {
    copy_bidirectional(&mut a, &mut b).await.ok();
}

async fn encrypted(server: TcpStream) -> impl AsyncRead + AsyncWrite + Unpin {
    let mut config = kube::Config::new(Uri::from_static("https://localhost"));
    config.accept_invalid_certs = true;
    config.root_cert = Some(Vec::new());
    let tls = TlsConnector::from(Arc::new(config.rustls_client_config().unwrap()));
    tls.connect("localhost".try_into().unwrap(), server).await.unwrap()
}
