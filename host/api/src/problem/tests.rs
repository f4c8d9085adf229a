use http_body_util::BodyExt as _;

use super::*;

async fn body(problem: Problem) -> (StatusCode, Value) {
    let response = problem.into_response();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn says_the_same_under_both_names() {
    let (status, body) = body(Error::invalid("name", "must not be empty").into()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(body["error"], "`name` must not be empty");
    assert_eq!(body["error"], body["message"]);
    assert_eq!(body["code"], "request.invalid");
    assert_eq!(body["field"], "name");
}

#[tokio::test]
async fn findings_are_a_list_and_a_text() {
    let finding = Finding {
        code: "x.image".into(),
        severity: Severity::Error,
        message: "is missing".into(),
        node: Some("n1".into()),
        at: Some("/image".into()),
        suggestion: None,
        fixes: Vec::new(),
    };
    let (status, body) = body(Error::Findings(vec![finding]).into()).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["details"], "n1/image: is missing");
    assert_eq!(body["findings"][0]["node"], "n1");
}

#[tokio::test]
async fn causes_stay_inside() {
    let (status, body) = body(Error::internal("password=hunter-2").into()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!body.to_string().contains("hunter"), "{body}");
}
