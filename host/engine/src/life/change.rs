//! What this host changes in what all hosts on one store remember of a plugin.
//!
//! Each host acts on what it serves itself, and may have started long ago. So
//! it writes down what it has changed, not all that it knows: a consent here
//! and a policy set elsewhere at the same time both hold.

use bowsprit_host_core::plugins::{GenerationReport, GenerationState, Remembered};

use super::book;

/// A change, as this host knows the plugin before and after it.
pub(crate) struct Change {
    pub(crate) before: Remembered,
    pub(crate) after: Remembered,
}

impl Change {
    /// The same change of what is remembered `now`, with so many earlier
    /// generations.
    pub(crate) fn applied_to(&self, mut now: Remembered, kept: usize) -> Remembered {
        let Self { before, after } = self;
        if now == *before {
            return after.clone();
        }
        if after.grants != before.grants {
            now.grants.clone_from(&after.grants);
        }
        if after.policy != before.policy {
            now.policy = after.policy;
        }
        if after.disabled != before.disabled {
            now.disabled = after.disabled;
        }
        now.generations.retain(|it| !self.is_forgotten(it));
        for report in after.generations.iter().rev() {
            if book::find(before, &report.digest) != Some(report) {
                self.note(&mut now, report);
            }
        }
        self.let_one_serve(&mut now);
        book::prune(&mut now, kept);
        now
    }

    /// Whether this host has forgotten a generation, and no other has done
    /// anything with it.
    fn is_forgotten(&self, theirs: &GenerationReport) -> bool {
        let known = book::find(&self.before, &theirs.digest);
        known.is_some_and(|it| it.state == theirs.state)
            && book::find(&self.after, &theirs.digest).is_none()
    }

    /// Writes down what has become of a generation.
    fn note(&self, now: &mut Remembered, report: &GenerationReport) {
        let before = book::find(&self.before, &report.digest).map(|it| it.state);
        let Some(at) = now.generations.iter().position(|it| it.digest == report.digest) else {
            // Another host has forgotten it; that it is an old one is no news.
            if before.is_none() || report.state != GenerationState::Retired {
                now.generations.insert(0, report.clone());
            }
            return;
        };
        let Some(theirs) = now.generations.get_mut(at) else { return };
        // What became of it at two hosts at once: what somebody decided holds.
        let decided = matches!(report.state, GenerationState::Live | GenerationState::RolledBack);
        if decided || before == Some(theirs.state) {
            *theirs = report.clone();
            if self.after.generations.first().is_some_and(|it| it.digest == report.digest) {
                let first = now.generations.remove(at);
                now.generations.insert(0, first);
            }
        }
    }

    /// If another generation serves here than before, it is the one.
    fn let_one_serve(&self, now: &mut Remembered) {
        let digest = |of| book::live(of).map(|it| it.digest.clone());
        let Some(live) = digest(&self.after).filter(|it| Some(it) != digest(&self.before).as_ref())
        else {
            return;
        };
        let others = now.generations.iter_mut().filter(|it| it.digest != live);
        for other in others.filter(|it| it.state == GenerationState::Live) {
            other.state = GenerationState::Retired;
            "another one took over at another host".clone_into(&mut other.why);
        }
    }
}

#[cfg(test)]
mod tests {
    use bowsprit_host_core::{
        plugins::{LoadStage, SwapPolicy, Wants},
        time::Timestamp,
    };

    use super::{GenerationState::*, *};
    use crate::failure::failure;

    /// A plugin with these generations, newest first.
    fn plugin(generations: &[(&str, GenerationState)]) -> Remembered {
        let report = |(digest, state): &(&str, GenerationState)| {
            let failure = failure(LoadStage::Read, "x", "x", "x");
            let report = book::report_of_unread((*digest).to_owned(), failure);
            // All in one moment, so that they differ in nothing else.
            GenerationReport { state: *state, failure: None, seen_at: Timestamp::NEVER, ..report }
        };
        let generations = generations.iter().map(report).collect();
        Remembered { generations, ..Remembered::new("one") }
    }

    fn shown(plugin: &Remembered) -> Vec<(&str, GenerationState)> {
        plugin.generations.iter().map(|it| (it.digest.as_str(), it.state)).collect()
    }

    #[test]
    fn what_two_hosts_decide_at_once_holds() {
        let before = plugin(&[("2", Waiting), ("1", Live)]);
        let mut wants = Wants::default();
        wants.add("produces", "v1/Secret");
        let consent = plugin(&[("2", Live), ("1", Retired)]);
        let consent = Remembered { grants: Some(wants.clone()), ..consent };
        let policy = Some(SwapPolicy::HoldAlways);
        let ruled = Remembered { policy, ..before.clone() };
        let disabled = Remembered { disabled: true, ..before.clone() };
        let change = |after: &Remembered| Change { before: before.clone(), after: after.clone() };
        let changes = [change(&consent), change(&ruled), change(&disabled)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let all = order.iter().fold(before.clone(), |now, at| changes[*at].applied_to(now, 5));
            assert_eq!(shown(&all), [("2", Live), ("1", Retired)], "{order:?}");
            assert_eq!(
                (&all.grants, all.policy, all.disabled),
                (&Some(wants.clone()), policy, true)
            );
        }
    }

    #[test]
    fn generations_of_two_hosts_come_together() {
        let before = plugin(&[("2", Waiting), ("1", Live)]);
        type States<'a> = &'a [(&'a str, GenerationState)];
        let rows: &[(&str, States<'_>, States<'_>, States<'_>)] = &[
            (
                "one waits no more here, and serves there",
                &[("3", Waiting), ("1", Live)],
                &[("2", Live), ("1", Retired)],
                &[("3", Waiting), ("2", Live), ("1", Retired)],
            ),
            (
                "it waits no more here, nor there",
                &[("3", Waiting), ("1", Live)],
                &[("2", Waiting), ("1", Live)],
                &[("3", Waiting), ("1", Live)],
            ),
            (
                "another one serves here than there",
                &[("3", Live), ("1", Retired)],
                &[("2", Live), ("1", Retired)],
                &[("3", Live), ("2", Retired), ("1", Retired)],
            ),
            (
                "what was taken back there is not merely old",
                &[("3", Live), ("1", Retired)],
                &[("0", Live), ("1", RolledBack)],
                &[("3", Live), ("0", Retired), ("1", RolledBack)],
            ),
            (
                "what waits here has been accepted there",
                &[("2", Refused), ("1", Live)],
                &[("2", Live), ("1", Retired)],
                &[("2", Live), ("1", Retired)],
            ),
            (
                "what is old here was forgotten there",
                &[("3", Live), ("1", Retired)],
                &[("2", Waiting)],
                &[("3", Live)],
            ),
            (
                "taken back here and forgotten there",
                &[("2", RolledBack), ("1", Live)],
                &[("1", Live)],
                &[("2", RolledBack), ("1", Live)],
            ),
        ];
        for (what, here, there, both) in rows {
            let change = Change { before: before.clone(), after: plugin(here) };
            assert_eq!(shown(&change.applied_to(plugin(there), 5)), **both, "{what}");
        }
        let change =
            Change { before: before.clone(), after: plugin(&[("3", Live), ("1", Retired)]) };
        let there = plugin(&[("0", Live), ("1", Retired)]);
        assert_eq!(shown(&change.applied_to(there, 1)), [("3", Live), ("0", Retired)], "bounded");
    }

    #[test]
    fn alone_it_is_as_it_was_done() {
        let before = plugin(&[("3", RolledBack), ("2", Live), ("1", Retired)]);
        let after = plugin(&[("3", Live), ("2", Retired), ("1", Retired)]);
        // Another host may write what means the same in other words.
        let mut now = before.clone();
        now.generations[0].why = "other words".into();
        let change = Change { before: before.clone(), after: after.clone() };
        assert_eq!(change.applied_to(before, 5), after);
        assert_eq!(shown(&change.applied_to(now, 5)), shown(&after));
    }
}
