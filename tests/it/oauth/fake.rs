//! A provider that answers whatever a test tells it to, right or wrong.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PublicKeyData as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The client the fake knows.
pub(crate) const CLIENT: &str = "bowsprit";
/// Its secret.
pub(crate) const SECRET: &str = "canary-client-secret";

type Answers = Arc<Mutex<HashMap<String, (u16, String)>>>;

/// The fake, listening until the test ends.
pub(crate) struct Fake {
    pub(crate) issuer: String,
    answers: Answers,
    asked: Arc<Mutex<Vec<(String, String)>>>,
    key: KeyPair,
}

impl Fake {
    /// A fake on a free port, with discovery and keys.
    pub(crate) async fn start() -> Self {
        Self::at("127.0.0.1:0").await
    }

    /// A fake at an address.
    pub(crate) async fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (answers, asked) = (Answers::default(), Arc::<Mutex<Vec<_>>>::default());
        tokio::spawn(serve(listener, Arc::clone(&answers), Arc::clone(&asked)));
        let fake = Self { issuer, answers, asked, key: KeyPair::generate().unwrap() };
        let at = |path: &str| format!("{}{path}", fake.issuer);
        let discovery = json!({
            "issuer": fake.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        fake.answer("/.well-known/openid-configuration", 200, &discovery);
        fake.publish("first");
        fake
    }

    /// Answers `path` like this from now on.
    pub(crate) fn answer(&self, path: &str, status: u16, body: &Value) {
        self.answers.lock().unwrap().insert(path.into(), (status, body.to_string()));
    }

    /// The bodies that came to `path`.
    pub(crate) fn asked(&self, path: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect()
    }

    /// Makes a new key, without telling anybody.
    pub(crate) fn rotate(&mut self) {
        self.key = KeyPair::generate().unwrap();
    }

    /// Publishes the key under this id.
    pub(crate) fn publish(&self, id: &str) {
        // An uncompressed point: 4, x, y (SEC 1 §2.3.3).
        let point = self.key.der_bytes();
        let (x, y) = (BASE64_URL.encode(&point[1..33]), BASE64_URL.encode(&point[33..]));
        let key = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": id, "x": x, "y": y});
        self.answer("/jwks", 200, &json!({"keys": [key]}));
    }

    /// An `id_token` signed by the key.
    pub(crate) fn signed(&self, id: &str, claims: &Value) -> String {
        let header = Header { kid: Some(id.into()), ..Header::new(Algorithm::ES256) };
        let key = EncodingKey::from_ec_der(&self.key.serialize_der());
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }

    /// What a good `id_token` says.
    pub(crate) fn claims(&self, nonce: &str, sub: &str) -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({
            "iss": self.issuer, "aud": CLIENT, "sub": sub, "nonce": nonce, "iat": now,
            "exp": now + 60, "email": format!("{sub}@example.com"), "email_verified": true,
            "name": "Fay Fake",
        })
    }

    /// Gives this `id_token` for the next code.
    pub(crate) fn give(&self, id_token: Option<&str>) {
        let mut body = json!({"access_token": "canary-access-token", "token_type": "Bearer"});
        if let Some(token) = id_token {
            body["id_token"] = token.into();
        }
        self.answer("/token", 200, &body);
    }

    /// The fake as an entry of `auth.providers`.
    pub(crate) fn entry(&self, name: &str) -> Value {
        json!({
            "name": name, "display_name": "The Fake", "type": "oidc", "client_id": CLIENT,
            "client_secret": SECRET, "issuer_url": self.issuer,
        })
    }
}

async fn serve(listener: TcpListener, answers: Answers, asked: Arc<Mutex<Vec<(String, String)>>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
        let service = service_fn(move |request: Request<Incoming>| {
            let (answers, asked) = (Arc::clone(&answers), Arc::clone(&asked));
            async move {
                let path = request.uri().path().to_owned();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let text = String::from_utf8(body.to_vec()).unwrap();
                asked.lock().unwrap().push((path.clone(), text));
                let answer = answers.lock().unwrap().get(&path).cloned();
                let (status, text) = answer.unwrap_or((404, "{}".into()));
                let response = Response::builder().status(status);
                let response = response.header("content-type", "application/json");
                // Where a redirect leads must never be asked.
                let response = response.header("location", "/redirected");
                Ok::<_, Infallible>(response.body(Full::new(Bytes::from(text))).unwrap())
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}
