use std::os::unix::fs::PermissionsExt as _;

use super::{bound::SCRATCH, *};

/// A component without anything in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

struct Bench {
    dir: tempfile::TempDir,
    engine: Engine,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).expect("ours alone");
        Self { dir, engine: Engine::default() }
    }

    fn cache(&self, most: Option<u64>) -> Cache {
        Cache::open(self.dir.path(), most).expect("a cache")
    }

    fn store(&self, cache: &Cache, name: &str) -> PathBuf {
        let component = Component::from_binary(&self.engine, EMPTY).expect("a component");
        let compiled = Compiled { component, took: Duration::from_millis(7), known: false };
        let digest = Digest::of(name.as_bytes());
        cache.store(&self.engine, digest, &compiled).expect("stored");
        cache.path(&self.engine, digest)
    }

    fn load(&self, cache: &Cache, name: &str) -> Option<Compiled> {
        cache.load(&self.engine, Digest::of(name.as_bytes()))
    }

    /// As if it had been used so many seconds ago.
    fn used(&self, path: &Path, seconds: u64) {
        let file = File::open(path).expect("a file");
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("a time");
    }
}

#[test]
fn it_knows_how_long_the_compiler_took() {
    let bench = Bench::new();
    let cache = bench.cache(None);
    bench.store(&cache, "one");
    let found = bench.load(&cache, "one").expect("found");
    assert_eq!((found.took, found.known), (Duration::from_millis(7), true));
    assert!(bench.load(&cache, "other").is_none());
}

#[test]
fn what_was_used_longest_ago_goes_first() {
    let bench = Bench::new();
    let one = bench.store(&bench.cache(None), "one");
    let each = fs::metadata(&one).expect("a file").len();
    let cache = bench.cache(Some(2 * each));
    let two = bench.store(&cache, "two");
    bench.used(&one, 20);
    bench.used(&two, 10);
    assert!(bench.load(&cache, "one").is_some(), "which makes it the later one");
    bench.store(&cache, "three");
    let kept = ["one", "two", "three"].map(|it| bench.load(&cache, it).is_some());
    assert_eq!(kept, [true, false, true]);
}

#[test]
fn a_bound_is_kept_to_the_byte_and_only_of_its_own_files() {
    let bench = Bench::new();
    let others = [bench.dir.path().join("notes.code"), bench.dir.path().join("large")];
    for path in &others {
        fs::write(path, vec![0; 1 << 20]).expect("written");
    }
    let one = bench.store(&bench.cache(None), "one");
    let each = fs::metadata(&one).expect("a file").len();
    fs::write(bench.dir.path().join(format!("{SCRATCH}1-1.tmp")), "left").expect("written");
    bench.used(&bench.dir.path().join(format!("{SCRATCH}1-1.tmp")), 100);
    let cache = bench.cache(Some(each));
    bench.store(&cache, "one");
    assert!(bench.load(&cache, "one").is_some());
    assert!(!bench.dir.path().join(format!("{SCRATCH}1-1.tmp")).exists(), "that is one too many");
    let cache = bench.cache(Some(each - 1));
    bench.store(&cache, "one");
    assert!(bench.load(&cache, "one").is_none());
    assert!(others.iter().all(|it| it.is_file()));
    let small = bench.cache(Some(each / 2));
    bench.store(&small, "two");
    assert!(bench.load(&small, "two").is_none(), "too large to be kept at all");
}
