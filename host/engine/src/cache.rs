//! Compiled code kept between starts.
//!
//! Compiled code is machine code: whoever can write it can run anything in
//! this process. So the folder is ours alone, files in it are only used if we
//! own them and nobody else may write them, and a checksum catches what a full
//! disk or a crash leaves behind.

mod bound;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    ops::Range,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, component::Component};

use crate::package::Digest;

const MAGIC: &[u8] = b"bowsprit compiled 2\n";

/// A private folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    owner: u32,
    /// Most bytes of all files, if they are bounded.
    most: Option<u64>,
}

/// A component as a compiler made it.
#[derive(Clone)]
pub(crate) struct Compiled {
    pub(crate) component: Component,
    /// How long the compiler took, whenever that was.
    pub(crate) took: Duration,
    /// Whether it was compiled before, and found in the cache.
    pub(crate) known: bool,
}

/// Why a folder cannot hold compiled code.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made or used.
    #[error("the cache folder {folder} cannot be used")]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Somebody else could put code into it.
    #[error("the cache folder {0} is open to others; give it to the host's user with mode 0700")]
    NotPrivate(PathBuf),
}

impl Cache {
    /// Makes the folder if need be and checks that it is ours alone. With
    /// `most`, so many bytes are kept in it; what was used longest ago goes.
    pub(crate) fn open(folder: &Path, most: Option<u64>) -> Result<Self, CacheError> {
        let io = |source| CacheError::Io { folder: folder.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
        let meta = fs::symlink_metadata(folder).map_err(io)?;
        // A file made just now belongs to whoever we are.
        let probe = folder.join(scratch_name());
        let owner = create(&probe).and_then(|file| file.metadata()).map_err(io)?.uid();
        fs::remove_file(&probe).map_err(io)?;
        if !meta.is_dir() || meta.uid() != owner || meta.mode() & 0o077 != 0 {
            return Err(CacheError::NotPrivate(folder.to_owned()));
        }
        Ok(Self { folder: folder.to_owned(), owner, most })
    }

    /// The compiled form of the component with digest `source`, if this very
    /// engine has compiled it before.
    pub(crate) fn load(&self, engine: &Engine, source: Digest) -> Option<Compiled> {
        let path = self.path(engine, source);
        let (bytes, code) = self.read(&path).ok()??;
        let (took, code) = bytes.get(code)?.split_at_checked(size_of::<u64>())?;
        let took = Duration::from_micros(u64::from_le_bytes(took.try_into().ok()?));
        let component = crate::trusted::component(engine, code).ok()?;
        Some(Compiled { component, took, known: true })
    }

    /// Keeps the compiled form. Written beside and renamed, so that a reader
    /// finds all of it or nothing.
    pub(crate) fn store(
        &self,
        engine: &Engine,
        source: Digest,
        compiled: &Compiled,
    ) -> io::Result<()> {
        let code = compiled.component.serialize().map_err(io::Error::other)?;
        let took = u64::try_from(compiled.took.as_micros()).unwrap_or(u64::MAX).to_le_bytes();
        if self.most.is_some_and(|most| code.len() as u64 > most) {
            return Ok(());
        }
        let sum = Sha256::new().chain_update(took).chain_update(&code).finalize();
        let scratch = self.folder.join(scratch_name());
        let written = create(&scratch).and_then(|mut file| {
            file.write_all(MAGIC)?;
            file.write_all(&sum)?;
            file.write_all(&took)?;
            file.write_all(&code)?;
            file.sync_data()
        });
        let kept = written.and_then(|()| fs::rename(&scratch, self.path(engine, source)));
        if kept.is_err() {
            // The error says enough; what is left behind is only untidy.
            let _ = fs::remove_file(&scratch);
        }
        self.most.map_or(Ok(()), |most| bound::trim(&self.folder, most)).and(kept)
    }

    fn path(&self, engine: &Engine, source: Digest) -> PathBuf {
        self.folder.join(format!("{}-{:016x}.code", source.hex(), engine_hash(engine)))
    }

    /// A file's bytes, and where in them is what the checksum is of.
    fn read(&self, path: &Path) -> io::Result<Option<(Vec<u8>, Range<usize>)>> {
        let mut file = OpenOptions::new().read(true).open(path)?;
        let meta = file.metadata()?;
        let linked = fs::symlink_metadata(path)?.file_type().is_symlink();
        if linked || !meta.is_file() || meta.uid() != self.owner || meta.mode() & 0o077 != 0 {
            return Ok(None);
        }
        if self.most.is_some() {
            // It has been used; that it cannot be noted makes it no worse.
            let _ = file.set_modified(SystemTime::now());
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let Some(rest) = bytes.strip_prefix(MAGIC) else { return Ok(None) };
        let Some((sum, code)) = rest.split_at_checked(32) else { return Ok(None) };
        let begin = bytes.len() - code.len();
        let sound = Digest::of(code).bytes() == sum;
        Ok(sound.then_some(begin..bytes.len()).map(|code| (bytes, code)))
    }
}

/// Stands for wasmtime's version, its settings and the processor's features:
/// wasmtime puts all of them into what it hashes.
fn engine_hash(engine: &Engine) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A name that no other process has, not even one of an earlier start or
/// another container with our number.
fn scratch_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}{}-{count}-{}.tmp", bound::SCRATCH, std::process::id(), now.as_nanos())
}
