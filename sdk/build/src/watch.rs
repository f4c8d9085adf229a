//! Notices that sources change.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::Duration,
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::{
    BuildError,
    made::{is_lock, is_made},
};

/// How long sources must be quiet before a build starts.
const QUIET: Duration = Duration::from_millis(150);
/// How often it is looked whether to stop.
const GLANCE: Duration = Duration::from_millis(200);

/// Changes of sources, but for what a build writes among them.
#[derive(Debug)]
pub struct Changes {
    events: Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// Watches `folders`, which lie in `root`, from now on, but not what lies
    /// in `except`. Those that are not there are left out.
    ///
    /// # Errors
    ///
    /// [`BuildError::Watch`] if the file system cannot be watched.
    pub fn of(root: &Path, folders: &[PathBuf], except: &[&Path]) -> Result<Self, BuildError> {
        let absolute = |it: &Path| std::path::absolute(it).unwrap_or_else(|_| it.to_owned());
        let (root, except) = (absolute(root), except.iter().map(|it| absolute(it)).collect());
        let (sender, events) = mpsc::channel();
        let sources = Sources { root: root.clone(), except };
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                if event.is_ok_and(|event| sources.concerned(&event)) {
                    // The receiver is gone only when we are ending anyway.
                    let _ = sender.send(());
                }
            })
            .map_err(BuildError::Watch)?;
        for folder in folders.iter().map(|it| root.join(it)).filter(|it| it.is_dir()) {
            watcher.watch(&folder, RecursiveMode::Recursive).map_err(BuildError::Watch)?;
        }
        Ok(Self { events, _watcher: watcher })
    }

    /// Waits for a change and the quiet after it. False if `stop` said so
    /// before.
    pub fn next(&self, stop: impl Fn() -> bool) -> bool {
        loop {
            if stop() {
                return false;
            }
            match self.events.recv_timeout(GLANCE) {
                Ok(()) => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        while self.events.recv_timeout(QUIET).is_ok() {}
        true
    }
}

/// What is a source.
struct Sources {
    root: PathBuf,
    except: Vec<PathBuf>,
}

impl Sources {
    /// Whether an event is about a source, not about what a build writes.
    fn concerned(&self, event: &notify::Event) -> bool {
        let read = matches!(event.kind, EventKind::Access(_));
        !read && !event.paths.iter().all(|path| self.is_written(path))
    }

    fn is_written(&self, path: &Path) -> bool {
        is_made(path.strip_prefix(&self.root).unwrap_or(path))
            || is_lock(path)
            || self.except.iter().any(|it| path.starts_with(it))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::atomic::AtomicUsize, sync::atomic::Ordering};

    use super::*;

    #[test]
    fn what_a_build_writes_is_no_change() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["src", "dist", "target", "live"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let live = root.path().join("live");
        let changes = Changes::of(root.path(), &[PathBuf::new()], &[&live]).unwrap();
        fs::write(live.join("x"), "1").unwrap();
        fs::write(root.path().join("dist/x"), "1").unwrap();
        fs::write(root.path().join("Cargo.lock"), "1").unwrap();
        let looks = AtomicUsize::new(0);
        assert!(!changes.next(|| looks.fetch_add(1, Ordering::Relaxed) == 2));
        fs::write(root.path().join("src/x"), "1").unwrap();
        assert!(changes.next(|| false));
    }
}
