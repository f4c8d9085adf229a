//! Whose file it is, whether it is sound, how new it is.

use std::{
    fs,
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    time::Duration,
};

use rusqlite::Connection;

use super::{super::*, NOTES, open};
use crate::embedded::{
    integrity::{self, Extent},
    version,
};

fn refusal(path: &Path) -> OpenError {
    match EmbeddedStore::open(path) {
        Ok(_) => panic!("{} should not open", path.display()),
        Err(error) => error,
    }
}

fn number(path: &Path, pragma: &str) -> i64 {
    Connection::open(path).unwrap().pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_second_opener_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;

    let told = refusal(&path).to_string();
    assert!(told.contains(&format!("process {}", std::process::id())), "{told}");
    store.insert(&NOTES, "one", "{}", None).await.unwrap();

    store.close().await;
    let next = open(&path).await;
    assert_eq!(next.count(&NOTES, &Filter::All).await.unwrap(), 1);
}

#[tokio::test]
async fn a_lock_nobody_holds_is_no_obstacle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    // What a process that was killed leaves behind.
    let lock = folder.path().join("store.db.lock");
    fs::write(&lock, "4194305").unwrap();

    let store = open(&path).await;

    assert_eq!(fs::read_to_string(&lock).unwrap(), std::process::id().to_string());
    drop(store);
    assert_eq!(fs::read_to_string(&lock).unwrap(), "");
}

#[test]
fn it_does_not_create_folders_or_overwrite_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/store.db");
    let told = refusal(&missing);
    assert!(matches!(told, OpenError::Io { .. }), "{told:?}");
    assert!(told.to_string().contains("missing/store.db"), "{told}");
    // Not even root can create a file there.
    let told = refusal(Path::new("/proc/store.db"));
    assert!(matches!(told, OpenError::Io { .. }), "{told:?}");

    let text = folder.path().join("other.txt");
    fs::write(&text, "x".repeat(4096)).unwrap();
    assert!(matches!(refusal(&text), OpenError::Foreign));
    assert_eq!(fs::read_to_string(&text).unwrap(), "x".repeat(4096));

    let other = folder.path().join("other.db");
    let database = Connection::open(&other).unwrap();
    database.execute_batch("CREATE TABLE songs (id, title)").unwrap();
    drop(database);
    let before = fs::read(&other).unwrap();
    assert!(matches!(refusal(&other), OpenError::Foreign));
    assert_eq!(fs::read(&other).unwrap(), before);
}

#[tokio::test]
async fn a_file_of_a_newer_build_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    open(&path).await.close().await;
    let newer = version::MIGRATIONS.len() as i64 + 1;
    Connection::open(&path).unwrap().pragma_update(None, "user_version", newer).unwrap();
    let before = fs::read(&path).unwrap();

    let told = refusal(&path).to_string();

    assert!(told.contains(&format!("format {newer}")) && told.contains("newer"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_file_of_the_first_builds_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    store.insert(&NOTES, "one", "{}", None).await.unwrap();
    store.close().await;
    let file = Connection::open(&path).unwrap();
    file.execute_batch("PRAGMA user_version = 0; PRAGMA application_id = 0").unwrap();
    drop(file);

    let store = open(&path).await;

    assert_eq!(store.count(&NOTES, &Filter::All).await.unwrap(), 1);
    store.close().await;
    assert_eq!(number(&path, "user_version"), version::MIGRATIONS.len() as i64);
}

#[test]
fn each_migration_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut file = Connection::open(&path).unwrap();
    version::migrate(&mut file, version::MIGRATIONS).unwrap();
    let first = version::MIGRATIONS[0];
    let adds = |file: &Connection| file.execute_batch("CREATE TABLE added (x)");
    let breaks = |file: &Connection| {
        file.execute_batch("CREATE TABLE half (x); INSERT INTO nowhere VALUES (1)")
    };

    let broken = version::migrate(&mut file, &[first, adds, breaks]);

    assert!(matches!(broken, Err(OpenError::Sqlite(_))), "{broken:?}");
    assert_eq!(number(&path, "user_version"), 2);
    let tables = |file: &Connection| -> String {
        let list = "SELECT group_concat(name) FROM sqlite_schema";
        file.query_row(list, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(tables(&file), "added");
    version::migrate(&mut file, &[first, adds, adds]).unwrap_err();
    let mends = |file: &Connection| file.execute_batch("CREATE TABLE more (x)");
    version::migrate(&mut file, &[first, adds, mends]).unwrap();
    assert_eq!((tables(&file).as_str(), number(&path, "user_version")), ("added,more", 3));
}

/// Fills a store, then spoils the middle of its file.
async fn spoilt(path: &Path) {
    let store = open(path).await;
    let body = serde_json::json!({ "text": "x".repeat(2_000) }).to_string();
    for n in 0..200 {
        store.insert(&NOTES, &n.to_string(), &body, None).await.unwrap();
    }
    store.close().await;
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let middle = file.metadata().unwrap().len() / 2 / 4096 * 4096;
    file.seek(SeekFrom::Start(middle)).unwrap();
    let mut page = [0; 16];
    file.read_exact(&mut page).unwrap();
    file.seek(SeekFrom::Start(middle)).unwrap();
    file.write_all(&[0xa5; 4096]).unwrap();
}

#[tokio::test]
async fn damage_is_found_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    spoilt(&path).await;

    let told = refusal(&path);

    assert!(matches!(told, OpenError::Damaged(_)), "{told:?}");
    assert!(told.to_string().contains("bowsprit restore"), "{told}");
    assert!(matches!(examine(&path), Err(OpenError::Damaged(_))));
    let copied = snapshot(&path, folder.path().join("copy.db"));
    assert!(matches!(copied, Err(OpenError::Damaged(_))), "{copied:?}");
}

#[tokio::test]
async fn a_check_ends_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    spoilt(&path).await;
    let mut file = Connection::open(&path).unwrap();

    let checked = integrity::check(&mut file, Some(Duration::ZERO));

    assert_eq!(checked.unwrap(), Extent::Part);
}

#[tokio::test]
async fn a_snapshot_is_of_one_moment_and_hinders_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Arc::new(open(&path).await);
    for n in 0..50 {
        store.insert(&NOTES, &n.to_string(), r#"{"text":"x"}"#, None).await.unwrap();
    }
    let copy = folder.path().join("copy.db");

    snapshot(&path, &copy).unwrap();
    store.insert(&NOTES, "later", "{}", None).await.unwrap();

    let again = snapshot(&path, &copy);
    assert!(matches!(again, Err(OpenError::Io { .. })), "nothing is overwritten: {again:?}");
    let copy = open(&copy).await;
    assert_eq!(copy.count(&NOTES, &Filter::All).await.unwrap(), 50);
    assert_eq!(copy.get(&NOTES, "7").await.unwrap(), store.get(&NOTES, "7").await.unwrap());
}
