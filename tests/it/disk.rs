//! A disk whose file system turns read-only under a running host, as Linux
//! does after an I/O error, and at its start.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command},
};

use bowsprit_tests::User;
use serde_json::json;

use crate::process::{address, admin, ends, serve, signal};

/// A small file system in a file. Unmounted when dropped.
struct Disk {
    image: PathBuf,
    at: PathBuf,
    _dir: tempfile::TempDir,
}

fn run(program: &str, arguments: &[&str]) -> Option<i32> {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program).args(arguments).env("PATH", path).output();
    output.ok()?.status.code()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Disk {
    /// A mounted one; `None` where this process may not mount.
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let disk = Self { image: dir.path().join("image"), at: dir.path().join("disk"), _dir: dir };
        std::fs::File::create(&disk.image).unwrap().set_len(64 << 20).unwrap();
        std::fs::create_dir(&disk.at).unwrap();
        let made = run("mkfs.ext4", &["-q", text(&disk.image)]) == Some(0);
        if made && disk.mount() {
            return Some(disk);
        }
        eprintln!("skipped: this machine lets nobody mount a file system in a file");
        None
    }

    fn mount(&self) -> bool {
        let how = ["-o", "loop,errors=remount-ro", text(&self.image), text(&self.at)];
        run("mount", &how) == Some(0)
    }

    /// Mounts it anew, with or without write access. Nothing may be open there.
    fn remount(&self, how: &str) {
        let how = format!("remount,{how}");
        assert_eq!(run("mount", &["-o", &how, text(&self.at)]), Some(0), "{how}");
    }

    /// Has the file system meet an error, whatever is open there.
    fn fail(&self) {
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
        let line = mounts.lines().find(|it| it.split(' ').nth(1) == Some(text(&self.at)));
        let device = line.unwrap().split(' ').next().unwrap().trim_start_matches("/dev/");
        std::fs::write(format!("/sys/fs/ext4/{device}/trigger_fs_error"), "1").unwrap();
    }

    /// What an operator does about it.
    fn mend(&self) {
        assert_eq!(run("umount", &[text(&self.at)]), Some(0));
        let checked = run("e2fsck", &["-fy", text(&self.image)]);
        assert!(matches!(checked, Some(0 | 1)), "{checked:?}");
        assert!(self.mount());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a test that failed may have left a host there.
        run("umount", &["-l", text(&self.at)]);
    }
}

async fn stopped(child: Child) -> (Option<i32>, String) {
    signal(&child, "TERM");
    tokio::task::spawn_blocking(|| ends(child)).await.unwrap()
}

async fn writes(user: &User, id: &str, name: &str) -> bowsprit_tests::Answer {
    user.put(&format!("/workflows/{id}"), &json!({ "name": name })).await
}

#[tokio::test]
async fn reads_outlive_a_disk_that_turns_read_only() {
    let Some(disk) = Disk::new() else { return };
    let mut child = serve(&disk.at, &[]);
    let origin = address(&mut child);
    let user = admin(&origin).await;
    let id = user.workflow("before", "lab").await;
    run("sync", &[]);
    disk.fail();

    for _ in 0..3 {
        let refused = writes(&user, &id, "after").await;
        assert!(refused.headers.contains_key("retry-after"));
        let problem = refused.expect_problem(503, "dependency.unavailable");
        assert!(problem["message"].as_str().unwrap().contains("disk"), "{problem}");
        let read = user.get(&format!("/workflows/{id}")).await.expect(200);
        assert_eq!(read["name"], "before");
    }
    let ready = bowsprit_tests::client().get(format!("{origin}/readyz")).send().await.unwrap();
    assert_eq!(ready.status().as_u16(), 200, "it still serves what it can");
    stopped(child).await;

    disk.mend();
    let mut child = serve(&disk.at, &[]);
    let user = user.at(&address(&mut child));
    assert_eq!(user.get(&format!("/workflows/{id}")).await.expect(200)["name"], "before");
    writes(&user, &id, "after").await.expect(200);
    assert_eq!(stopped(child).await.0, Some(0));
}

#[tokio::test]
async fn a_data_folder_without_write_access_is_told_at_the_start() {
    let Some(disk) = Disk::new() else { return };
    let mut child = serve(&disk.at, &[]);
    let user = admin(&address(&mut child)).await;
    assert_eq!(stopped(child).await.0, Some(0));

    disk.remount("ro");
    let child = serve(&disk.at, &[]);
    let (code, log) = tokio::task::spawn_blocking(|| ends(child)).await.unwrap();
    assert_eq!(code, Some(1), "{log}");
    let last = log.lines().last().unwrap_or_default();
    assert!(last.starts_with("bowsprit: ") && last.contains("Read-only file system"), "{log}");
    assert!(last.contains(text(&disk.at)), "{log}");

    disk.remount("rw");
    let mut child = serve(&disk.at, &[]);
    user.at(&address(&mut child)).get("/profile").await.expect(200);
    assert_eq!(stopped(child).await.0, Some(0));
}
