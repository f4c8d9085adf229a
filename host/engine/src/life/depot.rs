//! Packages of generations that may be wanted again, kept as they were: what
//! serves, and what an operator or the guard may go back to, also after a
//! restart and with the plugin's folder changed meanwhile.

use std::{
    collections::HashSet,
    fs::{self, DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{MutexGuard, PoisonError},
};

use crate::{
    PluginEngine,
    package::{Package, Sight},
};

/// A private folder with a folder per package, named by its digest.
#[derive(Debug, Clone)]
pub(crate) struct Depot {
    folder: PathBuf,
}

impl Depot {
    /// Makes the folder if need be.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Keeps a package. Written beside and renamed, so that a reader finds all
    /// of it or nothing. Blocks.
    pub(crate) fn keep(&self, package: &Package) -> io::Result<()> {
        let place = self.place(&package.digest.hex());
        if place.join("plugin.toml").is_file() {
            return Ok(());
        }
        let scratch = self.folder.join(format!(".{}.tmp", package.digest.hex()));
        let _ = fs::remove_dir_all(&scratch);
        let written = write(&scratch, package).and_then(|()| {
            let _ = fs::remove_dir_all(&place);
            fs::rename(&scratch, &place)
        });
        if written.is_err() {
            // The error says enough; what is left behind is only untidy.
            let _ = fs::remove_dir_all(&scratch);
        }
        written
    }

    /// The package with this digest, if it is here and still itself. Blocks.
    pub(crate) fn find(&self, digest: &str) -> Option<Package> {
        lying_in(&self.place(digest), digest)
    }

    /// Removes all packages but these. Blocks.
    pub(crate) fn retain(&self, wanted: &HashSet<String>) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_str().is_none_or(|it| !wanted.contains(it)) {
                // One that stays is removed the next time.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn place(&self, digest: &str) -> PathBuf {
        self.folder.join(digest)
    }
}

impl PluginEngine {
    /// Sees to it that compiled code and the packages of what was settled are
    /// kept. After it serves, for nobody has to wait for the disk.
    pub(crate) async fn store_packages(&self) {
        self.compiler.written().await;
        let packages = std::mem::take(&mut *self.unkept());
        let Some(depot) = self.depot.clone().filter(|_| !packages.is_empty()) else { return };
        let kept = tokio::task::spawn_blocking(move || {
            for package in &packages {
                if let Err(error) = depot.keep(package) {
                    // It serves all the same; only the way back ends with the
                    // process.
                    tracing::warn!(plugin = package.toml.id, %error, "plugin's package not kept");
                }
            }
        });
        // A panic is logged where it happens.
        let _ = kept.await;
    }

    /// Packages that are yet to be kept.
    pub(crate) fn unkept(&self) -> MutexGuard<'_, Vec<Package>> {
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What lies in `folder`, if it is the package with this digest. Blocks.
pub(crate) fn lying_in(folder: &Path, digest: &str) -> Option<Package> {
    match Sight::of(folder) {
        Sight::Ready(package) if package.digest.hex() == digest => Some(package),
        _ => None,
    }
}

fn write(folder: &Path, package: &Package) -> io::Result<()> {
    let put = |path: PathBuf, bytes: &[u8]| {
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_data()
    };
    if let (Some(name), Some(code)) = (&package.toml.component, &package.component) {
        put(folder.join(name), &code.bytes)?;
    }
    for (path, bytes) in &*package.assets {
        put(folder.join("assets").join(path), bytes)?;
    }
    for (name, bytes) in &*package.golden {
        put(folder.join("golden").join(name), bytes)?;
    }
    put(folder.join("plugin.toml"), package.text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &Path, mark: &str) -> Package {
        fs::create_dir_all(folder.join("assets/deep")).expect("a folder");
        fs::create_dir_all(folder.join("golden")).expect("a folder");
        let toml = "id = \"one\"\nversion = \"1.0.0\"\napi = \"0.1\"\nkind = \"node-types\"\n\
                    component = \"it.wasm\"\ntitle = \"t\"\ndescription = \"d\"\nlicense = \"l\"\n";
        fs::write(folder.join("plugin.toml"), toml).expect("written");
        fs::write(folder.join("it.wasm"), "bytes").expect("written");
        fs::write(folder.join("assets/deep/mark"), mark).expect("written");
        fs::write(folder.join("golden/case.json"), "{}").expect("written");
        let Sight::Ready(package) = Sight::of(folder) else { panic!("no package") };
        package
    }

    #[test]
    fn a_package_comes_back_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let depot = Depot::open(&dir.path().join("depot")).expect("a depot");
        let (one, two) = (dir.path().join("1"), dir.path().join("2"));
        let (one, two) = (package(&one, "1"), package(&two, "2"));
        depot.keep(&one).expect("kept");
        depot.keep(&two).expect("kept");
        depot.keep(&one).expect("kept twice");

        let found = depot.find(&one.digest.hex()).expect("found");
        assert_eq!((found.digest, found.assets), (one.digest, one.assets.clone()));
        assert_eq!(found.golden, one.golden);

        depot.retain(&HashSet::from([one.digest.hex()]));
        assert!(depot.find(&two.digest.hex()).is_none());
        let damaged = depot.place(&one.digest.hex()).join("assets/deep/mark");
        fs::write(damaged, "9").expect("written");
        assert!(depot.find(&one.digest.hex()).is_none(), "it is not itself any more");
    }
}
