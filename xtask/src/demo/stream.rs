//! Server-sent events, as the browser's frontend reads them.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::Sender;

use anyhow::Result;
use serde_json::Value;

/// What can happen while the demo waits.
pub(super) enum News {
    /// An event of the stream: its name and its data.
    Event(String, Value),
    /// The run was answered.
    Ran(Result<Value>),
    /// The stream is over.
    Ended,
}

/// Sends on each event of `stream`, on a thread that ends with the stream.
pub(super) fn follow(stream: impl Read + Send + 'static, news: Sender<News>) {
    std::thread::spawn(move || {
        let mut name = String::new();
        let mut data = String::new();
        for line in BufReader::new(stream).lines().map_while(std::io::Result::ok) {
            if let Some(value) = line.strip_prefix("event:") {
                name = value.trim().to_owned();
            } else if let Some(value) = line.strip_prefix("data:") {
                data.push_str(value);
            } else if line.is_empty() && !data.is_empty() {
                let value = serde_json::from_str(&data).unwrap_or(Value::Null);
                data.clear();
                if news.send(News::Event(std::mem::take(&mut name), value)).is_err() {
                    return;
                }
            }
        }
        let _ = news.send(News::Ended);
    });
}
