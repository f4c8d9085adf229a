//! A registry that misbehaves, or does what real ones do seldom.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::oci::registry::{Credentials, Registry};

/// Answers each request with what `answer` makes of its head; remembers heads.
async fn serve(
    answer: impl Fn(&str, &str) -> String + Send + 'static,
) -> (String, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heads = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, own) = (heads.clone(), address.clone());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = vec![0; 8192];
            let read = socket.read(&mut request).await.unwrap();
            let head = String::from_utf8_lossy(&request[..read]).into_owned();
            let reply = answer(&own, &head);
            seen.lock().unwrap().push(head);
            drop(socket.write_all(reply.as_bytes()).await);
        }
    });
    (address, heads)
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

async fn pull(address: &str, credentials: Option<Credentials>) -> Result<Artifact, OciError> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let place: Reference = format!("{address}/team/p:1").parse().unwrap();
    Registry::of(&place, credentials, false).unwrap().pull(&place).await
}

/// What a well-behaved registry with one plugin answers.
fn stored(head: &str) -> String {
    let content = content();
    let path = head.split(' ').nth(1).unwrap_or_default();
    if path.ends_with("/manifests/1") {
        return reply("200 OK", "", std::str::from_utf8(&content.manifest).unwrap());
    }
    let blob = content.blobs.iter().find(|(digest, _)| path.ends_with(&digest.to_string()));
    match blob {
        Some((_, bytes)) => reply("200 OK", "", std::str::from_utf8(bytes).unwrap()),
        None => reply("404 Not Found", "", ""),
    }
}

#[tokio::test]
async fn a_token_is_fetched_from_where_the_registry_says() {
    let (address, heads) = serve(|own, head| {
        if head.starts_with("GET /token?") {
            return reply("200 OK", "", r#"{"token":"the-token"}"#);
        }
        if head.to_lowercase().contains("authorization: bearer the-token") {
            return stored(head);
        }
        let realm = format!("Bearer realm=\"http://{own}/token\",service=\"s\",scope=\"x:pull\"");
        reply("401 Unauthorized", &format!("www-authenticate: {realm}\r\n"), "")
    })
    .await;
    let credentials = Credentials { user: "me".into(), password: "secret".to_owned().into() };
    let pulled = pull(&address, Some(credentials)).await.unwrap();
    assert_eq!(open(&pulled.content).unwrap(), plugin());
    assert_eq!(pulled.signature, None);
    let heads = heads.lock().unwrap();
    let token: Vec<_> = heads.iter().filter(|it| it.starts_with("GET /token?")).collect();
    assert_eq!(token.len(), 1, "a token is kept");
    assert!(token[0].starts_with("GET /token?service=s&scope=x%3Apull "), "{}", token[0]);
    assert!(
        token[0]
            .to_lowercase()
            .contains("authorization: basic bWU6c2VjcmV0".to_lowercase().as_str())
    );
}

#[tokio::test]
async fn a_redirect_is_followed_without_telling_who_asks() {
    let (storage, elsewhere) = serve(|_, head| stored(head)).await;
    let (address, _) = serve(move |_, head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        if !head.to_lowercase().contains("authorization: basic") {
            return reply("401 Unauthorized", "www-authenticate: Basic realm=\"x\"\r\n", "");
        }
        if path.contains("/blobs/") {
            let to = format!("location: http://{storage}{path}\r\n");
            return reply("307 Temporary Redirect", &to, "");
        }
        stored(head)
    })
    .await;
    let credentials = Credentials { user: "me".into(), password: "secret".to_owned().into() };
    let pulled = pull(&address, Some(credentials)).await.unwrap();
    assert_eq!(open(&pulled.content).unwrap(), plugin());
    let heads = elsewhere.lock().unwrap();
    assert_eq!(heads.len(), 2);
    assert!(heads.iter().all(|it| !it.to_lowercase().contains("authorization")), "{heads:?}");
}

#[tokio::test]
async fn redirects_lead_neither_in_circles_nor_to_where_nobody_may_look() {
    let (address, heads) = serve(|_, head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        reply("307 Temporary Redirect", &format!("location: {path}\r\n"), "")
    })
    .await;
    let error = pull(&address, None).await.unwrap_err();
    assert!(matches!(error, OciError::Refused { status: 307, .. }), "{error}");
    assert_eq!(heads.lock().unwrap().len(), 4);
    let (address, _) = serve(|_, _| {
        let to = "location: http://169.254.169.254/latest/meta-data\r\n";
        reply("307 Temporary Redirect", to, "")
    })
    .await;
    let error = pull(&address, None).await.unwrap_err();
    assert!(matches!(error, OciError::NoAnswer(_)), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_not_what_was_asked_for_is_refused() {
    let (address, _) = serve(|_, head| match head.contains("/blobs/") {
        true => reply("200 OK", "", "something else"),
        false => stored(head),
    })
    .await;
    let error = pull(&address, None).await.unwrap_err();
    assert!(matches!(error, OciError::WrongDigest { .. }), "{error}");
    let (address, _) = serve(|_, _| {
        let length = MANIFEST_BYTES + 1;
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", " ".repeat(length))
    })
    .await;
    assert!(matches!(pull(&address, None).await.unwrap_err(), OciError::NoAnswer(_)));
    for (status, wanted) in [("403 Forbidden", 403), ("401 Unauthorized", 401)] {
        let (address, _) = serve(move |_, _| reply(status, "", "")).await;
        let error = pull(&address, None).await.unwrap_err();
        assert!(matches!(error, OciError::Denied { status } if status == wanted), "{error}");
    }
    let (address, _) = serve(|_, _| reply("500 Oh", "", "broken\u{1b}[2J")).await;
    let error = pull(&address, None).await.unwrap_err().to_string();
    assert!(error.contains("500") && !error.contains('\u{1b}'), "{error}");
    let (address, _) = serve(|_, _| reply("404 Not Found", "", "")).await;
    assert!(matches!(pull(&address, None).await.unwrap_err(), OciError::Missing { .. }));
}
