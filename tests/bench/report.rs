//! What was measured: rows of figures, each beside its limit and its target.

mod table;

use std::{
    any::Any,
    fs, io,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    time::Instant,
};

use futures::FutureExt as _;
use serde::Serialize;
use serde_json::json;

use crate::machine::Machine;

/// What we aim for with a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
    /// Not more than the limit times the first, plus the second.
    Limit(f64, f64),
}

/// One number.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    /// What the machine allows, measured in the same run, same unit.
    limit: Option<f64>,
    #[serde(skip)]
    target: Option<Target>,
}

impl Figure {
    /// A number with its unit.
    pub(crate) fn new(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit, limit: None, target: None }
    }

    /// Puts what the machine allows beside it.
    #[must_use]
    pub(crate) fn beside(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Puts what we aim for beside it.
    #[must_use]
    pub(crate) fn aims(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    fn ratio(&self) -> Option<f64> {
        self.limit.map(|it| self.value / it)
    }

    fn is_met(&self) -> Option<bool> {
        Some(match self.target? {
            Target::AtMost(most) => self.value <= most,
            Target::AtLeast(least) => self.value >= least,
            Target::Limit(times, plus) => self.value <= self.limit? * times + plus,
        })
    }

    fn target(&self) -> Option<String> {
        let unit = self.unit;
        Some(match self.target? {
            Target::AtMost(most) => format!("≤ {} {unit}", table::number(most)),
            Target::AtLeast(least) => format!("≥ {} {unit}", table::number(least)),
            Target::Limit(times, 0.0) => format!("≤ {times} × limit"),
            Target::Limit(times, plus) => format!("≤ {times} × limit + {plus} {unit}"),
        })
    }
}

/// What a workload found out about one thing.
pub(crate) struct Measured {
    /// What was measured as the limit.
    pub(crate) limit: &'static str,
    /// What else a reader has to know.
    pub(crate) note: String,
    /// The numbers.
    pub(crate) figures: Vec<Figure>,
}

struct Row {
    group: &'static str,
    name: String,
    outcome: Result<Measured, String>,
}

/// All rows of a run.
pub(crate) struct Report {
    filters: Vec<String>,
    rows: Vec<Row>,
}

impl Report {
    /// An empty report of the rows whose names contain one of `filters`; of
    /// all, if there are none.
    pub(crate) fn new(filters: Vec<String>) -> Self {
        Self { filters, rows: Vec::new() }
    }

    /// Whether a row is wanted.
    pub(crate) fn wants(&self, group: &str, name: &str) -> bool {
        let name = format!("{group}: {name}");
        self.filters.is_empty() || self.filters.iter().any(|it| name.contains(it.as_str()))
    }

    /// Prepares for some of `rows`; `None` if none is wanted, or if it went
    /// wrong, which voids them.
    pub(crate) async fn prepare<T>(
        &mut self,
        group: &'static str,
        rows: &[&str],
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let wanted: Vec<&str> =
            rows.iter().copied().filter(|name| self.wants(group, name)).collect();
        if wanted.is_empty() {
            return None;
        }
        eprintln!("  {group}: preparing");
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(ready) => Some(ready),
            Err(why) => {
                for name in wanted {
                    self.add(group, name, Err(format!("not prepared: {}", reason(&*why))));
                }
                None
            }
        }
    }

    /// Measures one row, if it is wanted.
    pub(crate) async fn row(
        &mut self,
        group: &'static str,
        name: &str,
        work: impl Future<Output = Measured>,
    ) {
        if !self.wants(group, name) {
            return;
        }
        let begun = Instant::now();
        let outcome = AssertUnwindSafe(work).catch_unwind().await;
        eprintln!("  {group}: {name} ({:.1} s)", begun.elapsed().as_secs_f64());
        self.add(group, name, outcome.map_err(|why| reason(&*why)));
    }

    /// Cleans up after rows; what goes wrong is said and voids nothing.
    pub(crate) async fn clean(&self, work: impl Future<Output = ()>) {
        if let Err(why) = AssertUnwindSafe(work).catch_unwind().await {
            eprintln!("  not cleaned up: {}", reason(&*why));
        }
    }

    fn add(&mut self, group: &'static str, name: &str, outcome: Result<Measured, String>) {
        self.rows.push(Row { group, name: name.to_owned(), outcome });
    }

    /// Whether no row was wanted.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether no row is void.
    pub(crate) fn is_sound(&self) -> bool {
        self.rows.iter().all(|it| it.outcome.is_ok())
    }

    /// Writes a file named after the time into `folder`.
    pub(crate) fn write(&self, machine: &Machine, folder: &Path) -> io::Result<PathBuf> {
        let rows: Vec<_> = self.rows.iter().map(Row::to_json).collect();
        let all = json!({ "machine": machine, "filters": self.filters, "rows": rows });
        let file = folder.join(format!("{}.json", machine.at.replace(':', "-")));
        fs::create_dir_all(folder)?;
        fs::write(&file, serde_json::to_string_pretty(&all)? + "\n")?;
        Ok(file)
    }
}

impl Row {
    fn to_json(&self) -> serde_json::Value {
        let Self { group, name, outcome } = self;
        match outcome {
            Err(why) => json!({ "group": group, "name": name, "void": why }),
            Ok(Measured { limit, note, figures }) => {
                let figure = |it: &Figure| {
                    let mut figure = json!(it);
                    figure["ratio"] = json!(it.ratio());
                    figure["target"] = json!(it.target());
                    figure["met"] = json!(it.is_met());
                    figure
                };
                let figures: Vec<_> = figures.iter().map(figure).collect();
                json!({ "group": group, "name": name, "limit": limit, "note": note, "figures": figures })
            }
        }
    }
}

/// What a panic said.
fn reason(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
