//! What is written down of a plugin's generations, and the journey of one that
//! is being built.

use std::time::{Duration, Instant};

use bowsprit_host_core::{
    plugins::{
        GenerationReport, GenerationState, LoadFailure, LoadStage, Remembered, SelfTest, StageTime,
    },
    time::Timestamp,
};

use crate::package::Package;

/// Why a generation serves that waited for an operator.
pub(crate) const ACCEPTED: &str = "an operator accepted it";
/// How the reason begins why a generation serves that served before.
const CAME_BACK: &str = "it came back: ";
/// Refused generations that are remembered of a plugin.
const REFUSED: usize = 3;

/// Why a generation serves again after what took its place was taken back for
/// the reason `why`.
pub(crate) fn came_back(why: &str) -> String {
    format!("{CAME_BACK}{why}")
}

/// Whether what serves, or did when the host stopped, is there for that reason.
pub(crate) fn has_come_back(book: &Remembered) -> bool {
    live(book).is_some_and(|it| it.why.starts_with(CAME_BACK))
}

/// Why nothing is known of how a generation differs from its predecessor, the
/// generation with digest `before`.
pub(crate) fn uncompared(before: Option<&str>, report: &GenerationReport) -> Option<&'static str> {
    let compared = report.comparison.as_ref().map(|it| it.summary.inputs);
    match compared {
        _ if before.is_none_or(|it| it == report.digest) => None,
        None => Some("no input of its predecessor is known, so nothing was compared"),
        Some(0) => Some("there was no time to compare it with its predecessor"),
        Some(_) => None,
    }
}

/// Why a generation serves, or would, that nobody has to be asked about.
pub(crate) fn in_order(before: Option<&str>, report: &GenerationReport, words: &str) -> String {
    match uncompared(before, report) {
        Some(why) => format!("{words}; {why}"),
        None => words.to_owned(),
    }
}

/// The stages of a package on its way, timed.
pub(crate) struct Journey {
    since: Instant,
    stages: Vec<StageTime>,
}

impl Journey {
    pub(crate) fn begin() -> Self {
        Self { since: Instant::now(), stages: Vec::new() }
    }

    /// The stage that has just ended.
    pub(crate) fn passed(&mut self, stage: LoadStage) {
        self.note(stage, self.since.elapsed());
        self.since = Instant::now();
    }

    /// Two stages that have just ended, of which the first took so long.
    pub(crate) fn split(&mut self, first: LoadStage, took: Duration, second: LoadStage) {
        self.note(first, took);
        self.note(second, self.since.elapsed().saturating_sub(took));
        self.since = Instant::now();
    }

    fn note(&mut self, stage: LoadStage, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.stages.push(StageTime { stage, micros });
    }

    pub(crate) fn stages(self) -> Vec<StageTime> {
        self.stages
    }
}

/// The report of a package that has not been judged yet.
pub(crate) fn report_of(package: &Package, digest: String) -> GenerationReport {
    GenerationReport {
        digest,
        package: package.digest.hex(),
        version: package.toml.version.clone(),
        state: GenerationState::Waiting,
        why: String::new(),
        hold: None,
        seen_at: Timestamp::now(),
        live_since: None,
        stages: Vec::new(),
        failure: None,
        self_test: SelfTest::default(),
        comparison: None,
        wants: package.toml.permissions(),
        missing: bowsprit_host_core::plugins::Wants::default(),
    }
}

/// The report of a folder that could not be read.
pub(crate) fn report_of_unread(seen: String, failure: LoadFailure) -> GenerationReport {
    GenerationReport {
        digest: seen.clone(),
        package: seen,
        version: String::new(),
        state: GenerationState::Refused,
        why: failure.message.clone(),
        hold: None,
        seen_at: Timestamp::now(),
        live_since: None,
        stages: Vec::new(),
        failure: Some(failure),
        self_test: SelfTest::default(),
        comparison: None,
        wants: bowsprit_host_core::plugins::Wants::default(),
        missing: bowsprit_host_core::plugins::Wants::default(),
    }
}

/// What is remembered of the generation with this digest.
pub(crate) fn find<'a>(book: &'a Remembered, digest: &str) -> Option<&'a GenerationReport> {
    book.generations.iter().find(|it| it.digest == digest)
}

/// The generation that serves, or did when the host stopped.
pub(crate) fn live(book: &Remembered) -> Option<&GenerationReport> {
    book.generations.iter().find(|it| it.state == GenerationState::Live)
}

/// Puts a report first, instead of an older one of the same generation.
pub(crate) fn put(book: &mut Remembered, mut report: GenerationReport) {
    if let Some(at) = book.generations.iter().position(|it| it.digest == report.digest) {
        let older = book.generations.remove(at);
        report.seen_at = older.seen_at;
        report.live_since = report.live_since.or(older.live_since);
        report.comparison = report.comparison.or(older.comparison);
    }
    book.generations.insert(0, report);
}

/// Writes down what came of the last golden files of a generation that is in
/// the book, whatever its state.
pub(crate) fn tested(book: &mut Remembered, report: &GenerationReport) {
    if let Some(known) = book.generations.iter_mut().find(|it| it.digest == report.digest)
        && !report.self_test.golden.is_empty()
    {
        known.self_test.clone_from(&report.self_test);
    }
}

/// Changes the state of those in one state.
pub(crate) fn turn(book: &mut Remembered, from: GenerationState, to: GenerationState, why: &str) {
    for report in book.generations.iter_mut().filter(|it| it.state == from) {
        report.state = to;
        report.hold = None;
        why.clone_into(&mut report.why);
    }
}

/// Forgets a generation that waits no more.
pub(crate) fn drop_waiting(book: &mut Remembered) {
    book.generations.retain(|it| it.state != GenerationState::Waiting);
}

/// Whether it has served and may again.
pub(crate) fn is_earlier(report: &GenerationReport) -> bool {
    matches!(report.state, GenerationState::Retired | GenerationState::RolledBack)
}

/// Leaves `kept` earlier generations and a few refused ones.
pub(crate) fn prune(book: &mut Remembered, kept: usize) {
    let (mut earlier, mut refused) = (0, 0);
    book.generations.retain(|it| {
        if is_earlier(it) {
            earlier += 1;
            return earlier <= kept;
        }
        refused += usize::from(it.state == GenerationState::Refused);
        it.state != GenerationState::Refused || refused <= REFUSED
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::failure;

    fn report(digest: &str, state: GenerationState) -> GenerationReport {
        let failure = failure(LoadStage::Read, "x", "x", "x");
        GenerationReport { state, failure: None, ..report_of_unread(digest.into(), failure) }
    }

    fn digests(book: &Remembered) -> Vec<&str> {
        book.generations.iter().map(|it| it.digest.as_str()).collect()
    }

    #[test]
    fn the_last_one_put_is_first_and_there_once() {
        let mut book = Remembered::new("one");
        for digest in ["a", "b", "a"] {
            put(&mut book, report(digest, GenerationState::Live));
        }
        assert_eq!(digests(&book), ["a", "b"]);
    }

    #[test]
    fn only_so_many_earlier_ones_are_kept() {
        let mut book = Remembered::new("one");
        for (digest, state) in [
            ("1", GenerationState::Retired),
            ("2", GenerationState::RolledBack),
            ("3", GenerationState::Retired),
            ("4", GenerationState::Refused),
            ("5", GenerationState::Live),
            ("6", GenerationState::Waiting),
        ] {
            put(&mut book, report(digest, state));
        }
        prune(&mut book, 2);
        assert_eq!(digests(&book), ["6", "5", "4", "3", "2"]);
        for digest in ["7", "8", "9"] {
            put(&mut book, report(digest, GenerationState::Refused));
        }
        prune(&mut book, 0);
        assert_eq!(digests(&book), ["9", "8", "7", "6", "5"]);
    }
}
