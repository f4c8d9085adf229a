//! Registries over HTTP: what the OCI distribution specification 1.1 says of
//! pulling and pushing, and no more.

use std::collections::btree_map::Entry;

use http::{HeaderMap, Method, Request, Response, header};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use url::Url;

pub use super::auth::Credentials;
use super::{
    Artifact, BLOB_BYTES, Blobs, Content, Digest, MANIFEST_BYTES, OciError, Reference,
    artifact::parts,
    auth::Challenge,
    manifest::{MANIFEST, verify, within},
    shown,
};
use crate::{client::Client, policy::Policy};

/// Most redirects of one request: to the storage behind a registry.
const REDIRECTS: usize = 3;

/// One registry, asked by one user.
pub struct Registry {
    /// For all but blobs.
    small: Client,
    /// For blobs.
    large: Client,
    base: Url,
    credentials: Option<Credentials>,
    /// What the last challenge was met with.
    authorization: Mutex<Option<SecretString>>,
}

/// What is asked of a registry.
struct Ask<'a> {
    method: Method,
    url: Url,
    headers: &'a [(header::HeaderName, &'a str)],
    body: &'a [u8],
    /// For what the error says.
    action: &'static str,
}

impl Registry {
    /// The registry of a reference; `plain_http` allows `http://` beyond this
    /// machine. On this machine it is spoken to by `http://`.
    ///
    /// # Errors
    ///
    /// If the reference leads to no URL.
    pub fn of(
        place: &Reference,
        credentials: Option<Credentials>,
        plain_http: bool,
    ) -> Result<Self, OciError> {
        let policy = Policy::registry(plain_http);
        let wrong = || OciError::Protocol(format!("`{}` is no host", shown(&place.registry)));
        let secure: Url = format!("https://{}/v2/", place.registry).parse().map_err(|_| wrong())?;
        let plain: Url = format!("http://{}/v2/", place.registry).parse().map_err(|_| wrong())?;
        // Nobody has a certificate for their own machine.
        let local = Policy::registry(false).check(&plain).is_ok();
        let base = if local || plain_http { plain } else { secure };
        Ok(Self {
            small: Client::new(Policy { body_bytes: MANIFEST_BYTES, ..policy })?,
            large: Client::new(Policy { body_bytes: BLOB_BYTES, ..policy })?,
            base,
            credentials,
            authorization: Mutex::new(None),
        })
    }

    /// The artifact a reference names, whole and checked against its digests,
    /// with its signature if there is one.
    ///
    /// # Errors
    ///
    /// [`OciError::Missing`] if it is not there, [`OciError::WrongDigest`] and
    /// [`OciError::TooLarge`] if it is not what it should be.
    pub async fn pull(&self, place: &Reference) -> Result<Artifact, OciError> {
        let content = self.content(place, &place.version()).await?;
        let content = content.ok_or_else(|| OciError::Missing { what: place.to_string() })?;
        let digest = content.digest();
        if let Some(expected) = &place.digest {
            verify(&place.to_string(), expected, &content.manifest)?;
        }
        let signature = self.content(place, &digest.signature_tag()).await?;
        Ok(Artifact { content, signature })
    }

    /// Puts an artifact where a reference says, its signature beside it, blobs
    /// first. A digest in the reference has to be the artifact's.
    ///
    /// # Errors
    ///
    /// If the registry does not take it.
    pub async fn push(&self, place: &Reference, artifact: &Artifact) -> Result<Digest, OciError> {
        let digest = artifact.content.digest();
        if let Some(expected) = &place.digest {
            verify(&place.to_string(), expected, &artifact.content.manifest)?;
        }
        let version = place.tag.clone().unwrap_or_else(|| digest.to_string());
        self.push_content(place, &version, &artifact.content).await?;
        if let Some(signature) = &artifact.signature {
            self.push_content(place, &digest.signature_tag(), signature).await?;
        }
        Ok(digest)
    }

    async fn content(&self, place: &Reference, version: &str) -> Result<Option<Content>, OciError> {
        let ask = Ask {
            method: Method::GET,
            url: self.url(place, &["manifests", version])?,
            headers: &[(header::ACCEPT, MANIFEST)],
            body: &[],
            action: "send a manifest",
        };
        let answer = self.send(&self.small, ask).await?;
        if answer.status().as_u16() == 404 {
            return Ok(None);
        }
        let manifest = succeeded(answer, "send a manifest")?.into_body();
        let mut blobs = Blobs::new();
        for (digest, size) in parts(&manifest)? {
            if let Entry::Vacant(missing) = blobs.entry(digest) {
                let bytes = self.blob(place, missing.key(), size).await?;
                missing.insert(bytes);
            }
        }
        Ok(Some(Content { manifest, blobs }))
    }

    async fn blob(
        &self,
        place: &Reference,
        digest: &Digest,
        size: u64,
    ) -> Result<Vec<u8>, OciError> {
        let what = format!("blob {digest}");
        within(&what, size, BLOB_BYTES)?;
        let ask = Ask {
            method: Method::GET,
            url: self.url(place, &["blobs", &digest.to_string()])?,
            headers: &[],
            body: &[],
            action: "send a blob",
        };
        let answer = self.send(&self.large, ask).await?;
        if answer.status().as_u16() == 404 {
            return Err(OciError::Missing { what });
        }
        let bytes = succeeded(answer, "send a blob")?.into_body();
        verify(&what, digest, &bytes)?;
        Ok(bytes)
    }

    async fn push_content(
        &self,
        place: &Reference,
        version: &str,
        content: &Content,
    ) -> Result<(), OciError> {
        for (digest, bytes) in &content.blobs {
            self.push_blob(place, digest, bytes).await?;
        }
        let ask = Ask {
            method: Method::PUT,
            url: self.url(place, &["manifests", version])?,
            headers: &[(header::CONTENT_TYPE, MANIFEST)],
            body: &content.manifest,
            action: "take a manifest",
        };
        succeeded(self.send(&self.small, ask).await?, "take a manifest").map(drop)
    }

    async fn push_blob(
        &self,
        place: &Reference,
        digest: &Digest,
        bytes: &[u8],
    ) -> Result<(), OciError> {
        let head = Ask {
            method: Method::HEAD,
            url: self.url(place, &["blobs", &digest.to_string()])?,
            headers: &[],
            body: &[],
            action: "look for a blob",
        };
        if self.send(&self.small, head).await?.status().is_success() {
            return Ok(());
        }
        let mut start = self.url(place, &["blobs", "uploads"])?;
        start.set_path(&format!("{}/", start.path()));
        let begin = Ask {
            method: Method::POST,
            url: start.clone(),
            headers: &[],
            body: &[],
            action: "begin an upload",
        };
        let answer = succeeded(self.send(&self.small, begin).await?, "begin an upload")?;
        let mut url = location(&start, answer.headers())?;
        url.query_pairs_mut().append_pair("digest", &digest.to_string());
        let put = Ask {
            method: Method::PUT,
            url,
            headers: &[(header::CONTENT_TYPE, "application/octet-stream")],
            body: bytes,
            action: "take a blob",
        };
        succeeded(self.send(&self.large, put).await?, "take a blob").map(drop)
    }

    fn url(&self, place: &Reference, rest: &[&str]) -> Result<Url, OciError> {
        let mut url = self.base.clone();
        let wrong = |()| OciError::Protocol("its address is no base".to_owned());
        let mut segments = url.path_segments_mut().map_err(wrong)?;
        segments.pop_if_empty().extend(place.repository.split('/')).extend(rest);
        drop(segments);
        Ok(url)
    }

    /// Asks, meets one challenge, follows redirects of what changes nothing.
    async fn send(&self, client: &Client, ask: Ask<'_>) -> Result<Response<Vec<u8>>, OciError> {
        let mut known = self.authorization.lock().await.clone();
        let mut answer = self.once(client, &ask, &ask.url, known.as_ref()).await?;
        if answer.status().as_u16() == 401
            && let Some(challenge) = Challenge::of(answer.headers())
            && let Some(met) = challenge.meet(&self.small, self.credentials.as_ref()).await?
        {
            *self.authorization.lock().await = Some(met.clone());
            known = Some(met);
            answer = self.once(client, &ask, &ask.url, known.as_ref()).await?;
        }
        let mut at = ask.url.clone();
        let harmless = matches!(ask.method, Method::GET | Method::HEAD);
        for _ in 0..REDIRECTS {
            if !(answer.status().is_redirection() && harmless) {
                break;
            }
            let to = location(&at, answer.headers())?;
            // What the registry is told is not for others.
            let same = to.origin() == self.base.origin();
            answer = self.once(client, &ask, &to, known.as_ref().filter(|_| same)).await?;
            at = to;
        }
        Ok(answer)
    }

    async fn once(
        &self,
        client: &Client,
        ask: &Ask<'_>,
        url: &Url,
        authorization: Option<&SecretString>,
    ) -> Result<Response<Vec<u8>>, OciError> {
        let mut request = Request::builder().method(ask.method.clone()).uri(url.as_str());
        for (name, value) in ask.headers {
            request = request.header(name, *value);
        }
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization.expose_secret());
        }
        let request = request.body(ask.body.to_vec()).map_err(|_| {
            OciError::Protocol(format!("no request could be made to {}", ask.action))
        })?;
        Ok(client.send(request).await?)
    }
}

fn succeeded(
    answer: Response<Vec<u8>>,
    action: &'static str,
) -> Result<Response<Vec<u8>>, OciError> {
    match answer.status().as_u16() {
        200..=299 => Ok(answer),
        status @ (401 | 403) => Err(OciError::Denied { status }),
        status => {
            let said = shown(&String::from_utf8_lossy(answer.body()));
            Err(OciError::Refused { status, action, said })
        }
    }
}

/// Where an answer leads, seen from where it was given.
fn location(from: &Url, headers: &HeaderMap) -> Result<Url, OciError> {
    let wrong = || OciError::Protocol("it leads on without saying where".to_owned());
    let text = headers.get(header::LOCATION).and_then(|it| it.to_str().ok()).ok_or_else(wrong)?;
    from.join(text).map_err(|_| wrong())
}
