//! A line between a store and its server that tests can cut.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A proxy for one server. Ends when dropped.
pub struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    trap: Arc<Mutex<Trap>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Through,
    Cut,
    Silent,
}

/// At which moment a request breaks its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The server never sees the request.
    BeforeRequest,
    /// The server has answered, the client does not see it.
    BeforeAnswer,
}

#[derive(Default)]
struct Trap {
    word: Vec<u8>,
    at: Option<Break>,
    requests: usize,
}

impl Proxy {
    /// A proxy for the server of a `mongodb://` string with one host, and the
    /// string that leads through it.
    pub async fn before(uri: &str) -> (Self, String) {
        let (scheme, rest) = uri.split_once("://").expect("a connection string");
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (login, host) = authority
            .rsplit_once('@')
            .map_or(("", authority), |(login, host)| (&authority[..=login.len()], host));
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:27017") };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (line, _) = watch::channel(Line::Through);
        let trap = Arc::new(Mutex::new(Trap::default()));
        let (state, caught) = (line.clone(), Arc::clone(&trap));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (host, line, trap) = (host.clone(), state.subscribe(), Arc::clone(&caught));
                tokio::spawn(async move {
                    // A connection that breaks is what this is for.
                    let _ = carry(client, &host, line, &trap).await;
                });
            }
        });
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let and = if path.contains('?') { '&' } else { '?' };
        let mut through = format!("{scheme}://{login}{address}{path}");
        // Without it the driver would ask the server where it is.
        if !path.contains("directConnection") {
            through.push_str(&format!("{and}directConnection=true"));
        }
        (Self { address, line, trap, task }, through)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks all connections, and new ones at once.
    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    /// Takes connections, but passes nothing on.
    pub fn silence(&self) {
        self.line.send_replace(Line::Silent);
    }

    /// Works again.
    pub fn mend(&self) {
        self.line.send_replace(Line::Through);
    }

    /// Breaks the connection of the next request with `word` in it, once.
    pub fn break_next(&self, word: &str, at: Break) {
        let trap = Trap { word: word.into(), at: Some(at), requests: 0 };
        *self.trap.lock().unwrap_or_else(PoisonError::into_inner) = trap;
    }

    /// How many requests with that word came since.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.trap.lock().unwrap_or_else(PoisonError::into_inner).requests
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.send_replace(Line::Cut);
        self.task.abort();
    }
}

async fn carry(
    mut client: TcpStream,
    host: &str,
    mut line: watch::Receiver<Line>,
    trap: &Mutex<Trap>,
) -> std::io::Result<()> {
    if *line.borrow_and_update() == Line::Cut {
        return Ok(());
    }
    let mut server = TcpStream::connect(host).await?;
    let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let now = *line.borrow_and_update();
        let through = now == Line::Through;
        tokio::select! {
            _ = line.changed() => {
                if *line.borrow() == Line::Cut {
                    return Ok(());
                }
            }
            read = client.read(&mut request), if through => {
                let sent = &request[..read?];
                let at = caught(trap, sent);
                if sent.is_empty() || at == Some(Break::BeforeRequest) {
                    return Ok(());
                }
                server.write_all(sent).await?;
                if at == Some(Break::BeforeAnswer) {
                    return server.read(&mut answer).await.map(drop);
                }
            }
            read = server.read(&mut answer), if through => {
                let sent = &answer[..read?];
                if sent.is_empty() {
                    return Ok(());
                }
                client.write_all(sent).await?;
            }
        }
    }
}

fn caught(trap: &Mutex<Trap>, sent: &[u8]) -> Option<Break> {
    let mut trap = trap.lock().unwrap_or_else(PoisonError::into_inner);
    if trap.word.is_empty() || !sent.windows(trap.word.len()).any(|part| part == trap.word) {
        return None;
    }
    trap.requests += 1;
    trap.at.take()
}
