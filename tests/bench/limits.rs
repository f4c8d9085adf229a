//! What the machine allows: a server that answers without thinking, and bare
//! sockets that hand on what they are told. A process of its own, as the host
//! is.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    process::Command,
};

use crate::host::Server;

/// The longest canned answer, bytes.
const LONGEST: usize = 4 << 20;
/// For thousands of viewers who come at once, as the host's.
const BACKLOG: u32 = 8192;

/// A running server of limits.
pub(crate) struct Limits {
    /// Answers `/N` with N bytes.
    pub(crate) canned: Server,
    /// Bare sockets: `/N` opens a stream that begins with N bytes, and every
    /// frame posted goes to all streams.
    pub(crate) fan_out: String,
}

impl Limits {
    /// Starts the process.
    pub(crate) async fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("limits");
        let mut canned = Server::start(command).await;
        let fan_out = canned.next_address().await;
        Self { canned, fan_out }
    }
}

/// Serves until killed.
pub(crate) async fn serve() {
    let canned = listen();
    let fan_out = listen();
    println!("canned answers on {}", canned.local_addr().unwrap());
    println!("bare sockets on {}", fan_out.local_addr().unwrap());
    tokio::join!(serve_canned(canned), serve_fan_out(fan_out));
}

fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    socket.listen(BACKLOG).unwrap()
}

async fn serve_canned(listener: TcpListener) {
    let bytes = Bytes::from(vec![b'x'; LONGEST]);
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let bytes = bytes.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let bytes = bytes.clone();
            async move {
                let wanted = request.uri().path().trim_start_matches('/').parse();
                // What was sent is read, as whoever thinks about it has to.
                drop(request.into_body().collect().await);
                let body = bytes.slice(..wanted.unwrap_or(0).min(LONGEST));
                let response = Response::builder().header("content-type", "application/json");
                Ok::<_, Infallible>(response.body(Full::new(body)).unwrap())
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
    }
}

type Streams = Arc<Mutex<Vec<TcpStream>>>;

async fn serve_fan_out(listener: TcpListener) {
    let streams = Streams::default();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        tokio::spawn(admit(socket, Arc::clone(&streams)));
    }
}

/// Reads a head; then the socket is a stream, or one that posts.
async fn admit(mut socket: TcpStream, streams: Streams) -> Option<()> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|it| it == b"\r\n\r\n") {
            break end + 4;
        }
        socket.read_buf(&mut read).await.ok().filter(|it| *it > 0)?;
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    if let Some(rest) = head.strip_prefix("GET /") {
        let length: usize = rest.split([' ', '/']).next()?.parse().ok()?;
        let mut first = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".to_vec();
        first.resize(first.len() + length, b'x');
        first.extend(b"\n\n");
        socket.write_all(&first).await.ok()?;
        streams.lock().unwrap().push(socket);
        return Some(());
    }
    read.drain(..end);
    loop {
        while let Some(end) = read.windows(2).position(|it| it == b"\n\n") {
            let frame: Vec<u8> = read.drain(..end + 2).collect();
            for stream in streams.lock().unwrap().iter() {
                // A reader that is behind or gone misses it.
                let _ = stream.try_write(&frame);
            }
        }
        socket.read_buf(&mut read).await.ok().filter(|it| *it > 0)?;
    }
}
