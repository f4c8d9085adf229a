//! The dashboard: figures and the latest of the caller's workflows.
//!
//! Figures are added up from the workflows themselves, which an index holds;
//! there is no counter that could drift. Beside them one small document a user
//! remembers how they stood in an earlier month.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    access::Caller,
    id::Id,
    store::{Collection, Direction, Documents, Filter, Query, Record, Repository, StoreError},
    time::Timestamp,
    workflows::{Status, Workflow},
};

/// How things stand with a user's workflows. Deleted ones do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Figures {
    total_workflows: i64,
    published_workflows: i64,
    total_runs: i64,
    /// Percent of the runs that came to their end; 0 without runs.
    success_rate: f64,
}

/// The figures of a user as last looked at, and of a month before that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Snapshot {
    #[serde(skip)]
    user: Id,
    /// `YYYY-MM` of the last look, UTC.
    month: String,
    current_stats: Figures,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_month_stats: Option<Figures>,
    last_computed_at: Timestamp,
}

/// Where earlier figures are kept; a document's id is the user's.
pub static DASHBOARD_STATS: Collection =
    Collection { name: "dashboard_stats", fields: &[], indexes: &[], unique: &[], expiry: None };

impl Record for Snapshot {
    const COLLECTION: &'static Collection = &DASHBOARD_STATS;

    fn key(&self) -> String {
        self.user.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.user = id.parse().unwrap_or_default();
    }
}

/// Which way a figure goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Trend {
    Up,
    Down,
    Neutral,
}

/// A figure as the API shows it.
#[derive(Debug, PartialEq, Serialize)]
struct Figure {
    value: String,
    /// Percent, or percentage points of a rate, since an earlier month.
    change: f64,
    trend: Trend,
}

/// All figures as the API shows them.
#[derive(Debug, PartialEq, Serialize)]
pub struct Stats {
    total_workflows: Figure,
    published_workflows: Figure,
    total_runs: Figure,
    success_rate: Figure,
}

/// The dashboard use-cases.
#[derive(Clone)]
pub struct Dashboard {
    workflows: Repository<Workflow>,
    snapshots: Repository<Snapshot>,
}

impl Dashboard {
    /// The dashboard of what is in `store`.
    pub fn new(store: &Arc<dyn Documents>) -> Self {
        Self {
            workflows: Repository::new(Arc::clone(store)),
            snapshots: Repository::new(Arc::clone(store)),
        }
    }

    /// The caller's workflows that were changed last, without their drawings.
    pub async fn recent(&self, caller: &Caller, limit: u32) -> Result<Vec<Workflow>> {
        let query = Query::new(mine(caller), limit)
            .sorted("updated_at", Direction::Descending)
            .bodies_only();
        Ok(self.workflows.find(&query).await?.into_iter().map(|it| it.value).collect())
    }

    /// The caller's figures, compared with those of an earlier month.
    pub async fn stats(&self, caller: &Caller) -> Result<Stats> {
        let figures = self.figures(caller).await?;
        let now = Timestamp::now();
        let previous = self.remember(caller.user, figures, now).await?;
        Ok(Stats::of(figures, previous))
    }

    async fn figures(&self, caller: &Caller) -> Result<Figures> {
        let published = Filter::Eq("status", Status::Published.as_str().into());
        let published = Filter::And(vec![mine(caller), published]);
        let all = mine(caller);
        let (all, published) = futures::try_join!(
            self.workflows.totals(&all, &["run_count", "success_count"]),
            self.workflows.count(&published),
        )?;
        let [runs, successes] = all.sums[..] else {
            return Err(Error::internal("the store answered other sums than asked for"));
        };
        let whole = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
        Ok(Figures {
            total_workflows: whole(all.count),
            published_workflows: whole(published),
            total_runs: runs,
            success_rate: if runs > 0 { successes as f64 / runs as f64 * 100.0 } else { 0.0 },
        })
    }

    /// Keeps the figures if they differ from those kept; answers those of the
    /// month before, if there was one.
    async fn remember(
        &self,
        user: Id,
        figures: Figures,
        now: Timestamp,
    ) -> Result<Option<Figures>> {
        let Some(kept) = self.snapshots.get(&user.to_string()).await? else {
            let first = Snapshot::first(user, figures, now);
            return match self.snapshots.insert(first).await {
                Ok(_) | Err(StoreError::Taken(_)) => Ok(None),
                Err(other) => Err(other.into()),
            };
        };
        let next = kept.next(figures, now);
        let previous = next.previous_month_stats;
        if next != kept.value {
            match self.snapshots.replace(kept.with(next)).await {
                // Who was faster kept the same month.
                Ok(_) | Err(StoreError::Stale(_) | StoreError::Missing) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(previous)
    }
}

fn mine(caller: &Caller) -> Filter {
    Filter::And(vec![Filter::Eq("owner_id", caller.user.into()), Filter::Absent("deleted_at")])
}

/// `YYYY-MM`, UTC.
fn month(at: Timestamp) -> String {
    at.to_string().chars().take(7).collect()
}

impl Snapshot {
    fn first(user: Id, figures: Figures, now: Timestamp) -> Self {
        Self {
            user,
            month: month(now),
            current_stats: figures,
            previous_month_stats: None,
            last_computed_at: now,
        }
    }

    /// With the figures of now. In a new month, those kept become the earlier
    /// ones; what did not change stays as it is.
    fn next(&self, figures: Figures, now: Timestamp) -> Self {
        let month = month(now);
        if month == self.month && figures == self.current_stats {
            return self.clone();
        }
        let previous =
            if month == self.month { self.previous_month_stats } else { Some(self.current_stats) };
        let next = Self::first(self.user, figures, now);
        Self { previous_month_stats: previous, ..next }
    }
}

impl Stats {
    fn of(now: Figures, before: Option<Figures>) -> Self {
        let count = |of: fn(&Figures) -> i64| {
            let (now, before) = (of(&now), before.as_ref().map_or(0, of));
            let change = match before {
                0 => 0.0,
                _ => (now - before) as f64 / before as f64 * 100.0,
            };
            Figure::new(now.to_string(), change)
        };
        let rate = match before {
            Some(before) if before.success_rate > 0.0 => now.success_rate - before.success_rate,
            _ => 0.0,
        };
        Self {
            total_workflows: count(|it| it.total_workflows),
            published_workflows: count(|it| it.published_workflows),
            total_runs: count(|it| it.total_runs),
            success_rate: Figure::new(format!("{:.1}%", now.success_rate), rate),
        }
    }
}

impl Figure {
    fn new(value: String, change: f64) -> Self {
        let change = (change * 10.0).round() / 10.0;
        let trend = match change {
            it if it > 0.0 => Trend::Up,
            it if it < 0.0 => Trend::Down,
            _ => Trend::Neutral,
        };
        Self { value, change, trend }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(total: i64, runs: i64, rate: f64) -> Figures {
        Figures {
            total_workflows: total,
            published_workflows: 1,
            total_runs: runs,
            success_rate: rate,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn compares_with_the_last_figures_of_an_earlier_month() {
        let first = Snapshot::first(Id::new(), figures(4, 0, 0.0), at("2026-01-01T00:00:00Z"));
        let same = first.next(figures(4, 0, 0.0), at("2026-01-31T23:59:59Z"));
        assert_eq!(same, first, "nothing to write");
        let later = first.next(figures(8, 10, 75.0), at("2026-01-31T23:59:59Z"));
        assert_eq!(later.previous_month_stats, None);
        let next = later.next(figures(8, 10, 75.0), at("2026-02-01T00:00:00Z"));
        assert_eq!(next.previous_month_stats, Some(figures(8, 10, 75.0)));
        let much_later = next.next(figures(9, 5, 80.0), at("2026-12-01T00:00:00Z"));
        assert_eq!(much_later.previous_month_stats, Some(figures(8, 10, 75.0)));
        let stats = Stats::of(much_later.current_stats, much_later.previous_month_stats);
        let figure =
            |value: &str, change: f64, trend| Figure { value: value.into(), change, trend };
        assert_eq!(stats.total_workflows, figure("9", 12.5, Trend::Up));
        assert_eq!(stats.published_workflows, figure("1", 0.0, Trend::Neutral));
        assert_eq!(stats.total_runs, figure("5", -50.0, Trend::Down));
        assert_eq!(stats.success_rate, figure("80.0%", 5.0, Trend::Up));
    }

    #[test]
    fn without_an_earlier_month_nothing_changed() {
        let stats = Stats::of(figures(3, 3, 100.0 / 3.0), None);
        assert_eq!(stats.success_rate.value, "33.3%");
        assert_eq!((stats.total_workflows.change, stats.total_runs.trend), (0.0, Trend::Neutral));
    }
}
