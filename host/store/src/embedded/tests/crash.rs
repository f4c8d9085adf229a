//! `kill -9` under load: what was acknowledged is there, and nothing is there
//! by halves.
//!
//! The test starts itself as another process, which writes and says what was
//! acknowledged, kills it at some moment, opens the file and compares. 20
//! times; 1,000 times with `BOWSPRIT_TEST_LONG=1`.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{super::*, NOTES, open};
use bowsprit_host_core::store::{Filter, Patch, Query};

const CHILD: &str = "BOWSPRIT_TEST_CRASH_STORE";
const NAME: &str = "embedded::tests::crash::what_was_acknowledged_survives_kill_9";
const WRITERS: usize = 16;
/// How many steps later every second note is removed.
const KEPT: u64 = 22;

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    if let Some(path) = std::env::var_os(CHILD) {
        return runtime().block_on(write_until_killed(Path::new(&path)));
    }
    let long = std::env::var("BOWSPRIT_TEST_LONG").is_ok_and(|it| it == "1");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut acknowledged = 0;
    for kill in 0..if long { 1_000 } else { 20 } {
        let told = killed_at_some_moment(&path);
        acknowledged += told.values().sum::<u64>();
        runtime().block_on(compare(&path, &told, kill));
    }
    println!("{acknowledged} steps were acknowledged");
    assert!(acknowledged > 100, "hardly anything was written: {acknowledged}");
}

/// Writes for ever; prints `WRITER STEP` after each acknowledgement.
async fn write_until_killed(path: &Path) {
    let store = Arc::new(open(path).await);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for step in 1.. {
                    write(&store, writer, step).await;
                    let line = format!("{writer} {step}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Step `step` of a writer: a note of this step with its payload, or a new
/// counter, or the removal of an old note and a patch of the counter.
async fn write(store: &EmbeddedStore, writer: usize, step: u64) {
    let counter = format!("counter {writer}");
    match step % 4 {
        0 | 1 => {
            let body = json!({ "text": format!("note {step}"), "step": step });
            store
                .insert(&NOTES, &note(writer, step), &body.to_string(), filled(step))
                .await
                .unwrap();
        }
        2 => {
            let body = json!({ "step": step });
            match store.get(&NOTES, &counter).await.unwrap() {
                None => store.insert(&NOTES, &counter, &body.to_string(), filled(step)).await,
                Some(old) => {
                    let body = body.to_string();
                    store.replace_if(&NOTES, &counter, old.revision, &body, filled(step)).await
                }
            }
            .unwrap();
        }
        _ => {
            store.remove_if(&NOTES, &note(writer, step.saturating_sub(KEPT)), None).await.unwrap();
            let set = [("patched".to_owned(), json!(step))].into_iter().collect();
            let patch = Patch { set, ..Patch::default() };
            store.patch_if(&NOTES, &counter, None, &Filter::All, &patch).await.unwrap();
        }
    }
}

fn note(writer: usize, step: u64) -> String {
    format!("note {writer} {step}")
}

/// Several pages, all of which tell the step.
fn filled(step: u64) -> Option<Bytes> {
    Some(step.to_be_bytes().repeat(1_500).into())
}

/// Starts a writing process, kills it, and answers what it said: the last
/// acknowledged step of each writer.
fn killed_at_some_moment(path: &Path) -> HashMap<usize, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = HashMap::new();
    let mut hear = |line: String| {
        if let Some((writer, step)) = parsed(&line) {
            // Cut off in the middle, `12 345` may read `12 34`.
            let last: &mut u64 = told.entry(writer).or_default();
            *last = step.max(*last);
        }
    };
    // Every fifth is killed while it opens the file, the others while they
    // write.
    if rand::random_range(0..5) > 0 {
        let first = lines.by_ref().map_while(Result::ok).find(|line| parsed(line).is_some());
        first.into_iter().for_each(&mut hear);
    }
    let reader = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());
    std::thread::sleep(Duration::from_micros(rand::random_range(0..60_000)));
    kill(&mut child);
    reader.join().unwrap().into_iter().for_each(hear);
    told
}

/// `WRITER STEP`; the test harness prints other lines.
fn parsed(line: &str) -> Option<(usize, u64)> {
    let (writer, step) = line.split_once(' ')?;
    Some((writer.parse().ok()?, step.parse().ok()?))
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    let status = child.wait().unwrap();
    let mut complaint = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut complaint).unwrap();
    assert_eq!(status.code(), None, "it ended by itself: {complaint}");
}

async fn compare(path: &Path, told: &HashMap<usize, u64>, kill: usize) {
    examine(path).unwrap_or_else(|error| assert!(told.is_empty(), "kill {kill}: {error}"));
    let store = open(path).await;
    for (&writer, &last) in told {
        for step in (1..=last).filter(|step| step % 4 < 2) {
            let stored = store.get(&NOTES, &note(writer, step)).await.unwrap();
            let removal = if step % 4 == 1 { step + KEPT } else { u64::MAX };
            // The step after the last one may have happened, too.
            match stored {
                Some(_) => assert!(removal > last, "kill {kill}: {writer} {step} is back"),
                None => assert!(removal <= last + 1, "kill {kill}: {writer} {step} is gone"),
            }
        }
        let counter = store.get(&NOTES, &format!("counter {writer}")).await.unwrap();
        let revision = counter.map_or(0, |it| it.revision.0);
        let told = (1..=last).filter(|step| step % 4 >= 2).count() as i64;
        assert!((told..=told + 1).contains(&revision), "kill {kill}: {writer} {last}: {revision}");
    }
    whole(&store, kill).await;
    store.remove_all(&NOTES, &Filter::All).await.unwrap();
    store.close().await;
}

/// Body and payload of every document are of one write.
async fn whole(store: &EmbeddedStore, kill: usize) {
    for document in store.find(&NOTES, &Query::new(Filter::All, 100_000)).await.unwrap() {
        let body: Value = serde_json::from_str(&document.body).unwrap();
        let step = body["step"].as_u64().unwrap();
        assert!(document.payload == filled(step), "kill {kill}: half of {}", document.id);
    }
}
