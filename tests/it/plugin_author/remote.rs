//! What is asked of a host, and how its answer reads. A stand-in answers: what
//! the host itself answers is for the tests of its routes.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};

use super::{complains, says};

/// Answers one request; gives its head and body back.
fn answer(status: &'static str, body: Value) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let thread = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = vec![0; 8192];
        let read = socket.read(&mut request).unwrap();
        let body = body.to_string();
        let length = body.len();
        write!(socket, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    (address, thread)
}

fn report(error: Value) -> Value {
    json!({
        "id": "hello", "version": "0.1.0", "state": "live", "lastError": error,
        "generation": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    })
}

#[test]
fn list_and_rollback_speak_as_an_administrator() {
    let base = tempfile::tempdir().unwrap();
    let error = json!({ "code": "plugin.trap", "message": "it crashed", "fix": "mend it" });
    let (host, asked) = answer("200 OK", json!({ "plugins": [report(error)] }));
    let said = says(base.path(), &["list", "--host", &host, "--token", "the-token"]);
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("GET /v1/api/admin/plugins "), "{asked}");
    assert!(asked.contains("authorization: Bearer the-token"), "{asked}");
    let words: Vec<_> = said.split_whitespace().collect();
    assert_eq!(words[..5], ["hello", "0.1.0", "live", "0123456789ab", "plugin.trap:"]);

    let (host, asked) = answer("200 OK", json!({ "plugin": report(Value::Null) }));
    let more = ["--to", "abc", "--host", &host, "--token", "the-token"];
    let said = says(base.path(), &[["rollback", "hello"].as_slice(), &more].concat());
    assert!(said.starts_with("hello "), "{said}");
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST /v1/api/admin/plugins/hello/rollback "), "{asked}");

    let wrong = ["list", "--host", "http://127.0.0.1:1/v1/api", "--token", "x"];
    let complaint = complains(base.path(), &wrong);
    assert!(complaint.contains("leave out `/v1/api`"), "{complaint}");

    let (host, asked) = answer("403 Forbidden", json!({ "message": "for administrators" }));
    let complaint = complains(base.path(), &["list", "--host", &host, "--token", "x"]);
    asked.join().unwrap();
    assert!(complaint.contains("403: for administrators"), "{complaint}");
    assert!(!complaint.contains("the-token"));
}
