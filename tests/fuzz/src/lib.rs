//! Fuzzing on a stable compiler, for the tests of any package: a target, its
//! seeds and words, and a budget of processor time.
//!
//! There is no coverage to go by. In its place a target says in a word what
//! became of an input; an input that leads to a word not heard before becomes
//! a seed. Runs repeat each other unless `BOWSPRIT_FUZZ_SEED` says otherwise.
//! A target gets a second in every run of the tests, or as many as
//! `BOWSPRIT_FUZZ_CPU_SECONDS` says.

#![expect(clippy::panic, reason = "a harness of tests fails by panicking")]

mod mutate;
mod noise;

use std::{
    collections::HashSet,
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::PathBuf,
    time::Duration,
};

pub use noise::Noise;
use rustix::time::{ClockId, clock_gettime};

/// Most seeds that are kept.
const SEEDS: usize = 512;
/// Processor time of a target unless the environment says otherwise.
const BUDGET: Duration = Duration::from_secs(1);

/// Makes an input from nothing.
pub type Maker = dyn Fn(&mut Noise) -> Vec<u8>;

/// Something that takes bytes from strangers.
pub struct Target<'a> {
    /// Names it.
    pub name: &'static str,
    /// Inputs to begin with: right ones, mostly.
    pub seeds: Vec<Vec<u8>>,
    /// Pieces that inputs are made of.
    pub words: &'a [&'a [u8]],
    /// Makes an input from nothing, for inputs that bytes seldom become by
    /// chance.
    pub make: Option<&'a Maker>,
    /// Longest input, bytes.
    pub most: usize,
    /// Takes an input and says what became of it. Panics if that is wrong.
    pub run: &'a dyn Fn(&[u8]) -> String,
}

/// What a target went through.
#[derive(Debug)]
pub struct Walked {
    /// Inputs.
    pub inputs: u64,
    /// Different words that were heard.
    pub words: usize,
}

/// Feeds a target until its time is over.
///
/// # Panics
///
/// If the target does; the input is kept in a file that is named.
pub fn walk(target: &Target<'_>) -> Walked {
    let (budget, mut noise) = (budget(), Noise::new(seed()));
    let mut pool = target.seeds.clone();
    let mut heard = HashSet::new();
    for input in &pool {
        heard.insert(feed(target, input));
    }
    let mut inputs = pool.len() as u64;
    let begun = thread_time();
    while thread_time().saturating_sub(begun) < budget {
        let mut input = match target.make {
            Some(make) if noise.once_in(3) => make(&mut noise),
            _ => mutate::mutated(&pool, target.words, &mut noise),
        };
        input.truncate(target.most);
        inputs += 1;
        if heard.insert(feed(target, &input)) && pool.len() < SEEDS {
            pool.push(input);
        }
    }
    Walked { inputs, words: heard.len() }
}

fn feed(target: &Target<'_>, input: &[u8]) -> String {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).unwrap_or_else(|panic| {
        let file = keep(target.name, input);
        eprintln!("fuzz target `{}` panicked; its input is {}", target.name, file.display());
        resume_unwind(panic)
    })
}

/// Writes an input down for whoever mends what it broke.
fn keep(name: &str, input: &[u8]) -> PathBuf {
    let file = env::temp_dir().join(format!("bowsprit-fuzz-{name}-{}.bin", std::process::id()));
    if let Err(error) = fs::write(&file, input) {
        eprintln!("{}: {error}", file.display());
    }
    file
}

fn budget() -> Duration {
    variable("BOWSPRIT_FUZZ_CPU_SECONDS").map_or(BUDGET, Duration::from_secs)
}

fn seed() -> u64 {
    variable("BOWSPRIT_FUZZ_SEED").unwrap_or(1)
}

fn variable(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is `{text}`, which is no number")))
}

/// Processor time of this thread: others may be busy meanwhile.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests;
