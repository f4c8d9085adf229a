//! Retries, time limits and answers that are something else than Kubernetes.

use std::sync::Mutex;

use http::Response;
use tower::service_fn;

use super::*;

/// A cluster that gives these answers one after another, and then the last.
fn cluster(answers: Vec<Response<String>>) -> (Link, Arc<Mutex<u32>>) {
    let asked = Arc::new(Mutex::new(0));
    let count = asked.clone();
    let answers = Arc::new(Mutex::new(answers));
    let service = service_fn(move |_: Request<Body>| {
        *count.lock().unwrap() += 1;
        let mut answers = answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        async move { Ok::<_, tower::BoxError>(answer.map(|it| Body::from(it.into_bytes()))) }
    });
    (Link::new(Client::new(service, "default"), "h:1".into()), asked)
}

fn answer(code: u16, retry_after: Option<&str>, body: &str) -> Response<String> {
    let mut answer = Response::builder().status(code);
    if let Some(it) = retry_after {
        answer = answer.header(RETRY_AFTER, it);
    }
    answer.body(body.to_owned()).unwrap()
}

fn request() -> Request<Vec<u8>> {
    Request::get("/version").body(Vec::new()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn waits_as_long_as_a_busy_cluster_wishes() {
    let (link, asked) = cluster(vec![answer(429, Some("2"), ""), answer(200, None, "{}")]);
    let began = Instant::now();

    let outcome = link.send(request()).await.unwrap();

    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert_eq!(*asked.lock().unwrap(), 2);
    assert!(began.elapsed() >= Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn gives_up_on_a_cluster_that_stays_busy() {
    let (link, asked) = cluster(vec![answer(503, None, "")]);

    let outcome = link.send(request()).await.unwrap();

    assert!(matches!(outcome, Outcome::Refused(it) if it.code == 503));
    assert_eq!(*asked.lock().unwrap(), RETRIES + 1);
}

#[tokio::test(start_paused = true)]
async fn does_not_wait_past_its_time() {
    for wish in ["3600", "4294967295"] {
        let (link, asked) = cluster(vec![answer(429, Some(wish), "")]);
        let began = Instant::now();

        link.send(request()).await.unwrap();

        assert_eq!(*asked.lock().unwrap(), 1);
        assert!(began.elapsed() < CALL);
    }
}

#[tokio::test(start_paused = true)]
async fn waits_as_it_sees_fit_when_the_wish_makes_no_sense() {
    let (link, _) =
        cluster(vec![answer(429, Some("18446744073709551615"), ""), answer(200, None, "{}")]);
    assert!(matches!(link.send(request()).await.unwrap(), Outcome::Done(_)));
}

#[tokio::test(start_paused = true)]
async fn takes_no_answer_in_time_for_unreachable() {
    let silent = service_fn(|_: Request<Body>| async {
        std::future::pending::<Result<Response<Body>, tower::BoxError>>().await
    });
    let link = Link::new(Client::new(silent, "default"), "h:1".into());

    let error = link.send(request()).await.unwrap_err();

    assert_eq!(error.code(), "cluster.unreachable");
    assert_eq!(error.to_string(), "the cluster at `h:1` cannot be reached: no answer within 10 s");
}

#[tokio::test]
async fn asks_once_when_it_is_refused() {
    let (link, asked) = cluster(vec![answer(403, None, r#"{"message": "no", "metadata": {}}"#)]);

    let error = link.ask::<serde_json::Value>(request()).await.unwrap_err();

    assert_eq!((error.code(), error.to_string().as_str()), ("cluster.forbidden", "no"));
    assert_eq!(*asked.lock().unwrap(), 1);
}

#[tokio::test]
async fn repeats_nothing_of_a_web_page() {
    let (link, _) =
        cluster(vec![answer(200, None, "<html>geheim"), answer(500, None, "<html>geheim")]);

    let page = link.ask::<serde_json::Value>(request()).await.unwrap_err();
    let failure = link.ask::<serde_json::Value>(request()).await.unwrap_err();

    assert_eq!(page.code(), "cluster.not-kubernetes");
    assert_eq!(failure.code(), "cluster.failed");
    assert!(!format!("{page:?} {failure:?}").contains("geheim"));
}
