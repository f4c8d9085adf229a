//! Who has the file open: an exclusive lock on a file beside it.
//!
//! The operating system lets go of the lock when its holder ends, however it
//! ends, so that one left behind never has to be removed by hand. The text in
//! the file only says whom to look for.

use std::{
    fs::{File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use super::OpenError;

/// The lock; let go when dropped.
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of the store at `store`.
    pub(super) fn acquire(store: &Path) -> Result<Self, OpenError> {
        let path = path_beside(store);
        let failed = |source| OpenError::Io { path: path.clone(), source };
        let mut file = super::private().read(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Held(holder(&mut file))),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // The lock holds whether or not its text can be written: reading goes
        // on when the disk is full.
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        if let Err(error) = written {
            tracing::warn!(%error, file = %path.display(), "the lock does not name its holder");
        }
        Ok(Self { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would unlock it as well.
        let _ = self.file.set_len(0);
    }
}

fn path_beside(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// The holder in words. It may have taken the lock this very moment, and not
/// written its number yet.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("process {text}")
        }
        _ => "another process".to_owned(),
    }
}
