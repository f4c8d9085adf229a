//! Calls of a generation in figures, and the judgement over its first ones.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bowsprit_host_core::plugins::Figures as Report;
use tokio::sync::mpsc::UnboundedSender;

use crate::{config::Guard, package::Digest};

/// Parts of a doubling: durations are known to an eighth.
const STEPS: u32 = 8;
/// Doublings of a microsecond: over two hours.
const OCTAVES: u32 = 33;
/// Calls a predecessor needs before its latency is a measure.
const MEASURE: u64 = 10;

/// Counts calls. Cheap: a few relaxed additions.
pub(crate) struct Figures {
    calls: AtomicU64,
    /// Those whose durations are known.
    timed: AtomicU64,
    errors: AtomicU64,
    durations: Box<[AtomicU32]>,
    probation: OnceLock<Probation>,
}

/// What the guard is told.
#[derive(Debug)]
pub(crate) struct Alarm {
    pub(crate) plugin: String,
    pub(crate) digest: Digest,
    /// A sentence.
    pub(crate) why: String,
}

/// The first calls of a generation.
struct Probation {
    rule: Guard,
    /// Share of the predecessor's calls that broke.
    errors_before: f64,
    /// The predecessor's median, if it had enough calls.
    p50_before: Option<u64>,
    over: AtomicBool,
    plugin: String,
    digest: Digest,
    alarms: UnboundedSender<Alarm>,
}

impl Default for Figures {
    fn default() -> Self {
        let durations = (0..STEPS * OCTAVES).map(|_| AtomicU32::new(0)).collect();
        let (calls, timed, errors) = Default::default();
        Self { calls, timed, errors, durations, probation: OnceLock::new() }
    }
}

impl Figures {
    /// Counts a call; `took` is none if it says nothing of later ones.
    pub(crate) fn note(&self, took: Option<Duration>, broke: bool) {
        let micros = took.map(|it| u64::try_from(it.as_micros()).unwrap_or(u64::MAX));
        if let Some(count) = micros.and_then(|it| self.durations.get(bucket(it))) {
            count.fetch_add(1, Relaxed);
        }
        if broke {
            self.errors.fetch_add(1, Relaxed);
        }
        let calls = self.calls.fetch_add(1, Relaxed) + 1;
        let timed = took.map(|_| self.timed.fetch_add(1, Relaxed) + 1);
        if let Some(probation) = self.probation.get()
            && !probation.over.load(Relaxed)
        {
            probation.judge(self, calls, timed, broke);
        }
    }

    /// Has the next calls judged against those of `before`. Only the first
    /// request counts.
    pub(crate) fn watch(
        &self,
        before: Option<&Self>,
        rule: Guard,
        (plugin, digest): (&str, Digest),
        alarms: &UnboundedSender<Alarm>,
    ) {
        let told = before.map(Self::report).unwrap_or_default();
        let timed = before.map_or(0, |it| it.timed.load(Relaxed));
        let probation = Probation {
            rule,
            errors_before: share(told.errors, told.calls),
            p50_before: (timed >= MEASURE).then_some(told.p50_micros),
            over: AtomicBool::new(rule.calls == 0),
            plugin: plugin.to_owned(),
            digest,
            alarms: alarms.clone(),
        };
        // It was on probation before: it has been judged.
        let _ = self.probation.set(probation);
    }

    /// What is known so far.
    pub(crate) fn report(&self) -> Report {
        Report {
            calls: self.calls.load(Relaxed),
            errors: self.errors.load(Relaxed),
            p50_micros: self.within(50),
            p99_micros: self.within(99),
        }
    }

    /// What so many of a hundred calls took at most, microseconds.
    fn within(&self, percent: u64) -> u64 {
        let counts: Vec<u64> = self.durations.iter().map(|it| it.load(Relaxed).into()).collect();
        let wanted = (counts.iter().sum::<u64>() * percent).div_ceil(100);
        let mut seen = 0;
        let found = counts.iter().position(|count| {
            seen += count;
            seen >= wanted && wanted > 0
        });
        found.map_or(0, upper)
    }
}

impl Probation {
    /// The first calls are judged by their errors, the first whose durations
    /// are known by those.
    fn judge(&self, figures: &Figures, calls: u64, timed: Option<u64>, broke: bool) {
        let most = u64::from(self.rule.calls);
        let last = timed.is_some_and(|it| it >= most);
        let why = if broke && calls <= most { self.too_many_errors(figures) } else { None };
        let why = why.or_else(|| if last { self.too_slow(figures) } else { None });
        if (last || why.is_some())
            && !self.over.swap(true, Relaxed)
            && let Some(why) = why
        {
            let alarm = Alarm { plugin: self.plugin.clone(), digest: self.digest, why };
            // Nobody listens when the host stops.
            let _ = self.alarms.send(alarm);
        }
    }

    /// As soon as the errors are more than all calls together may have.
    fn too_many_errors(&self, figures: &Figures) -> Option<String> {
        let errors = figures.errors.load(Relaxed);
        let allowed = (self.errors_before + self.rule.errors) * f64::from(self.rule.calls);
        (errors as f64 > allowed).then(|| {
            let calls = figures.calls.load(Relaxed);
            let before = self.errors_before * 100.0;
            format!("{errors} of its first {calls} calls broke, {before:.0} % did before")
        })
    }

    fn too_slow(&self, figures: &Figures) -> Option<String> {
        let (now, before) = (figures.within(50), self.p50_before?);
        let slack = self.rule.slack.as_micros() as f64;
        (now as f64 > before as f64 * self.rule.slower + slack)
            .then(|| format!("half of its first calls took {now} µs and more, {before} before"))
    }
}

fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

/// Buckets 0 to 7 are single microseconds; then each doubling has eight.
fn bucket(micros: u64) -> usize {
    let steps = u64::from(STEPS);
    if micros < steps {
        return micros as usize;
    }
    let octave = micros.ilog2() - STEPS.ilog2();
    let step = (micros >> octave) - steps;
    let at = (u64::from(octave) + 1) * steps + step;
    (at as usize).min((STEPS * OCTAVES) as usize - 1)
}

/// The last microsecond of a bucket.
fn upper(bucket: usize) -> u64 {
    let (octave, step) = (bucket as u64 / u64::from(STEPS), bucket as u64 % u64::from(STEPS));
    match octave.checked_sub(1) {
        None => step,
        Some(octave) => ((u64::from(STEPS) + step + 1) << octave) - 1,
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    const RULE: Guard =
        Guard { calls: 20, errors: 0.1, slower: 2.0, slack: Duration::from_micros(10) };

    fn watched(before: &Figures) -> (Figures, UnboundedReceiver<Alarm>) {
        let (alarms, heard) = unbounded_channel();
        let figures = Figures::default();
        figures.watch(Some(before), RULE, ("one", Digest::of(b"")), &alarms);
        (figures, heard)
    }

    fn calls(figures: &Figures, count: u32, micros: u64, broke: bool) {
        (0..count).for_each(|_| figures.note(Some(Duration::from_micros(micros)), broke));
    }

    #[test]
    fn a_duration_is_known_to_an_eighth() {
        for micros in [0, 1, 7, 8, 9, 100, 999, 1_000_000, 3_600_000_000] {
            let most = upper(bucket(micros));
            assert!(most >= micros && most <= micros + micros / 8, "{micros} becomes {most}");
        }
        assert_eq!(bucket(u64::MAX), (STEPS * OCTAVES) as usize - 1);
    }

    #[test]
    fn percentiles_are_those_of_the_calls() {
        let figures = Figures::default();
        assert_eq!(figures.report(), Report::default());
        calls(&figures, 98, 100, false);
        calls(&figures, 2, 10_000, true);
        let report = figures.report();
        assert_eq!((report.calls, report.errors), (100, 2));
        assert!((100..=112).contains(&report.p50_micros), "{report:?}");
        assert!((10_000..=11_250).contains(&report.p99_micros), "{report:?}");
    }

    #[test]
    fn errors_beyond_the_margin_raise_one_alarm_at_once() {
        let (figures, mut heard) = watched(&Figures::default());
        calls(&figures, 2, 1, true);
        assert!(heard.try_recv().is_err(), "a tenth of twenty may break");
        calls(&figures, 3, 1, true);
        let alarm = heard.try_recv().expect("an alarm");
        assert!(alarm.why.contains("3 of its first 3"), "{alarm:?}");
        assert!(heard.try_recv().is_err(), "only one");
    }

    #[test]
    fn a_predecessor_that_broke_too_is_no_measure() {
        let before = Figures::default();
        calls(&before, 5, 1, true);
        calls(&before, 5, 1, false);
        let (figures, mut heard) = watched(&before);
        calls(&figures, 12, 1, true);
        calls(&figures, 100, 1, false);
        assert!(heard.try_recv().is_err(), "half and a tenth may break");
    }

    #[test]
    fn latency_is_judged_when_the_first_calls_are_over() {
        let before = Figures::default();
        calls(&before, 10, 100, false);
        let (figures, mut heard) = watched(&before);
        calls(&figures, 19, 400, false);
        assert!(heard.try_recv().is_err());
        calls(&figures, 1, 400, false);
        assert!(heard.try_recv().expect("an alarm").why.contains("before"));

        let (figures, mut heard) = watched(&before);
        calls(&figures, 20, 200, false);
        calls(&figures, 100, 10_000, true);
        assert!(heard.try_recv().is_err(), "twice as long is allowed; later calls are not judged");
    }

    #[test]
    fn calls_whose_durations_say_nothing_are_judged_by_their_errors_alone() {
        let before = Figures::default();
        calls(&before, 10, 100, false);
        let (figures, mut heard) = watched(&before);
        (0..100).for_each(|_| figures.note(None, false));
        calls(&figures, 19, 400, false);
        assert!(heard.try_recv().is_err(), "too few are known");
        calls(&figures, 1, 400, false);
        assert!(heard.try_recv().is_ok());
        assert_eq!(figures.report().calls, 120);

        let (figures, mut heard) = watched(&before);
        (0..3).for_each(|_| figures.note(None, true));
        assert!(heard.try_recv().expect("an alarm").why.contains("broke"));
    }
}
