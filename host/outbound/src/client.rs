//! The one HTTP client for the outside: follows no redirects, reads no more
//! than it may, waits no longer than it may.

use std::{error::Error as _, future::Future, pin::Pin};

use futures::StreamExt as _;
use http::{Request, Response};
use openidconnect::AsyncHttpClient;
use url::Url;

use crate::policy::{Policy, Refusal};

/// Why there is no answer. The texts hold no secrets: no request of ours has
/// one in its URL.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoAnswer {
    /// It was not asked.
    #[error("`{url}` {refusal}")]
    Refused {
        /// What should have been asked.
        url: String,
        /// Why it was not.
        refusal: Refusal,
    },
    /// It did not answer, or not in time.
    #[error("{0}")]
    Failed(String),
    /// The answer has more bytes than allowed.
    #[error("the answer of `{url}` has more than {limit} bytes")]
    TooLarge {
        /// What was asked.
        url: String,
        /// The limit.
        limit: usize,
    },
}

/// An HTTP client under a [`Policy`].
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    policy: Policy,
}

impl Client {
    /// A client for one purpose.
    pub fn new(policy: Policy) -> Result<Self, NoAnswer> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("bowsprit/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(policy.time)
            .dns_resolver(policy.resolver())
            .build()
            .map_err(failed)?;
        Ok(Self { http, policy })
    }

    /// Sends a request and reads its answer.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, NoAnswer> {
        let shown = request.uri().to_string();
        let refused = |refusal| NoAnswer::Refused { url: shown.clone(), refusal };
        let url: Url = shown.parse().map_err(|_| refused(Refusal::Scheme))?;
        self.policy.check(&url).map_err(refused)?;
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let answer = self.http.execute(request).await.map_err(failed)?;
        let mut response = Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        let limit = self.policy.body_bytes;
        let mut parts = answer.bytes_stream();
        while let Some(part) = parts.next().await {
            let part = part.map_err(failed)?;
            if response.body().len() + part.len() > limit {
                return Err(NoAnswer::TooLarge { url: shown, limit });
            }
            response.body_mut().extend_from_slice(&part);
        }
        Ok(response)
    }
}

/// What the OAuth crates send their requests with.
impl<'c> AsyncHttpClient<'c> for Client {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Vec<u8>>, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: Request<Vec<u8>>) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// The whole chain: reqwest's own words are only "error sending request".
fn failed(error: reqwest::Error) -> NoAnswer {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    NoAnswer::Failed(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// Answers every connection with `answer` and keeps it open.
    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 1024];
                assert!(socket.read(&mut request).await.unwrap() > 0);
                socket.write_all(answer.as_bytes()).await.unwrap();
                open.push(socket);
            }
        });
        format!("http://{address}/")
    }

    async fn get(url: &str, policy: Policy) -> Result<Response<Vec<u8>>, NoAnswer> {
        drop(rustls::crypto::ring::default_provider().install_default());
        Client::new(policy).unwrap().send(Request::get(url).body(Vec::new()).unwrap()).await
    }

    #[tokio::test]
    async fn reads_an_answer_up_to_its_limit() {
        let url = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
        let policy = Policy { body_bytes: 5, ..Policy::identity_provider(false) };
        assert_eq!(get(&url, policy).await.unwrap().body(), b"hello");
        let less = Policy { body_bytes: 4, ..policy };
        assert!(matches!(get(&url, less).await, Err(NoAnswer::TooLarge { limit: 4, .. })));
    }

    #[tokio::test]
    async fn follows_nobody() {
        let url =
            server("HTTP/1.1 302 Found\r\nlocation: /else\r\ncontent-length: 0\r\n\r\n").await;
        let answer = get(&url, Policy::identity_provider(false)).await.unwrap();
        assert_eq!(answer.status().as_u16(), 302);
    }

    #[tokio::test]
    async fn gives_up_in_time_also_within_a_body() {
        let policy =
            Policy { time: Duration::from_millis(100), ..Policy::identity_provider(false) };
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"] {
            let url = server(answer).await;
            let error = get(&url, policy).await.unwrap_err();
            assert!(matches!(error, NoAnswer::Failed(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn asks_nobody_it_may_not_ask() {
        let url = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let policy = Policy { private_networks: false, ..Policy::identity_provider(false) };
        let by_name = url.replace("127.0.0.1", "localhost");
        assert!(matches!(get(&url, policy).await, Err(NoAnswer::Refused { .. })));
        let error = get(&by_name, policy).await.unwrap_err().to_string();
        assert!(error.contains("may not be reached"), "{error}");
    }
}
