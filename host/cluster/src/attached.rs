//! What a cluster keeps about objects beside them: events, and log lines.

use bowsprit_host_core::{
    error::{Error, Result},
    kubernetes::Served,
    node_types::Kind,
};
use kube::api::{ListParams, LogParams};
use serde_json::Value;

use crate::{
    clients::Clients,
    errors,
    objects::{Page, complete},
    paths,
    requests::{Link, Outcome},
};

/// Most bytes of log lines read of one container.
const LOG_BYTES: i64 = 128 << 10;

/// The events about the object with this uid, newest first.
pub(crate) async fn events(
    clients: &Clients,
    namespace: &str,
    uid: &str,
    limit: u32,
) -> Result<Vec<Value>> {
    paths::segment("metadata.uid", uid)?;
    let kind = Kind::event();
    let served = Served { plural: "events".into(), namespaced: true };
    let about = format!("involvedObject.uid={uid}");
    let params = ListParams { limit: Some(limit), ..ListParams::default() }.fields(&about);
    let collection = paths::collection(&kind, &served, Some(namespace))?;
    let request = collection.list(&params).map_err(Error::internal)?;
    let mut page: Page = clients.reads().ask(request).await?;
    page.items.truncate(limit as usize);
    page.items.iter_mut().for_each(|it| complete(it, &kind));
    page.items.sort_by_cached_key(|it| std::cmp::Reverse(last_seen(it)));
    Ok(page.items)
}

/// When an event happened last, as the server writes it.
fn last_seen(event: &Value) -> String {
    let times = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    let told = times.iter().find_map(|it| event.pointer(it)?.as_str());
    told.unwrap_or_default().to_owned()
}

/// The last lines of a container's log.
pub(crate) async fn log_tail(
    link: &Link,
    (namespace, pod): (&str, &str),
    container: &str,
    lines: u32,
) -> Result<Vec<String>> {
    paths::segment("metadata.name", pod)?;
    let served = Served { plural: "pods".into(), namespaced: true };
    let params = LogParams {
        container: Some(container.to_owned()),
        tail_lines: Some(lines.into()),
        limit_bytes: Some(LOG_BYTES),
        ..LogParams::default()
    };
    let pods = paths::collection(&Kind::pod(), &served, Some(namespace))?;
    match link.send(pods.logs(pod, &params).map_err(Error::internal)?).await? {
        Outcome::Done(body) => {
            let text = String::from_utf8_lossy(&body);
            Ok(text.lines().take(lines as usize).map(str::to_owned).collect())
        }
        Outcome::Refused(status) => Err(errors::status_error(&status)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::{Request, Response};
    use kube::{Client, client::Body};
    use tower::service_fn;

    use super::*;

    /// A cluster that answers this, and notes what it is asked.
    fn cluster(code: u16, body: &'static str) -> (Link, Arc<Mutex<Vec<String>>>) {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&asked);
        let service = service_fn(move |request: Request<Body>| {
            noted.lock().unwrap().push(request.uri().to_string());
            let answer =
                Response::builder().status(code).body(Body::from(body.as_bytes().to_vec()));
            async move { Ok::<_, tower::BoxError>(answer.unwrap()) }
        });
        (Link::new(Client::new(service, "default"), "h:1".into()), asked)
    }

    #[tokio::test]
    async fn log_lines_are_asked_for_and_cut_by_number() {
        let (link, asked) = cluster(200, "one\ntwo\nthree\n");
        let lines = log_tail(&link, ("shop", "web-1"), "c", 2).await.unwrap();
        assert_eq!(lines, ["one", "two"], "a server may answer more than it is asked for");
        let uri = asked.lock().unwrap()[0].clone();
        assert!(uri.contains("/api/v1/namespaces/shop/pods/web-1/log?"), "{uri}");
        for part in ["container=c", "tailLines=2", "limitBytes=131072"] {
            assert!(uri.contains(part), "{uri}");
        }
    }

    #[tokio::test]
    async fn a_log_that_cannot_be_had_is_an_error() {
        let body = r#"{"kind":"Status","status":"Failure","code":403,"reason":"Forbidden","message":"no"}"#;
        let (link, _) = cluster(403, body);
        let error = log_tail(&link, ("shop", "web-1"), "c", 2).await.unwrap_err();
        assert_eq!(error.code(), "cluster.forbidden");
        let error = log_tail(&link, ("shop", "a/b"), "c", 2).await.unwrap_err();
        assert_eq!(error.code(), "request.invalid");
    }
}
