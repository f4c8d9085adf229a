//! A package's own golden files, run on this host before it serves: as
//! strictly as the author's commands do, and by the same code.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bowsprit_host_core::plugins::{LoadFailure, LoadStage, SelfTest, TestFailure};

use crate::{
    call::Runtime,
    cases::{Difference, Golden, GoldenError, compare::shown},
    catalogue::{Pinned, Table},
    failure::failure,
    generations::Generation,
    package::Package,
};

/// Runs all files; stops at the first wrong answer, which is in both halves of
/// the error.
pub(crate) async fn run(
    runtime: &Arc<Runtime>,
    generation: &Arc<Generation>,
    package: &Package,
    most: Duration,
) -> Result<SelfTest, (SelfTest, LoadFailure)> {
    let table = Arc::new(Table::of_one(generation));
    let mut test = Test {
        plugin: Pinned::unheard(table, Arc::clone(runtime)),
        done: SelfTest { golden: package.tests.hex(), ..SelfTest::default() },
        until: Instant::now() + most,
    };
    let folder = Path::new("");
    for golden in Golden::of(folder, &package.golden, package.toml.world()) {
        if let Err(wrong) = test.file(golden).await {
            let TestFailure { file, function, at, message } = &wrong;
            let message = match function.as_str() {
                "" => format!("golden/{file}: {message}"),
                _ => format!("golden/{file}: `{function}` at `{at}`: {message}"),
            };
            let fix = "mend the plugin, or if the new answers are right, write the golden file anew \
                       with `bowsprit plugin test --update`";
            let refused = failure(LoadStage::SelfTest, "plugin.self-test.failed", message, fix);
            return Err((SelfTest { failure: Some(wrong), ..test.done }, refused));
        }
        test.done.cases += 1;
    }
    Ok(test.done)
}

struct Test {
    plugin: Pinned,
    done: SelfTest,
    until: Instant,
}

impl Test {
    async fn file(&mut self, golden: Result<Golden, GoldenError>) -> Result<(), TestFailure> {
        let golden = golden.map_err(|error| {
            let file = error.file().unwrap_or_else(|| Path::new(""));
            wrong(&file.to_string_lossy(), "", "", error.to_string())
        })?;
        let late = || {
            let message = "the golden files take longer than they may".to_owned();
            wrong(&golden.name(), "", "", message)
        };
        if Instant::now() > self.until {
            return Err(late());
        }
        let answered = golden.answered(&self.plugin);
        let answered = tokio::time::timeout_at(self.until.into(), answered).await;
        let answered = answered.map_err(|_| late())?;
        if let Some(difference) = golden.differences(&answered).into_iter().next() {
            return Err(differs(&golden.name(), &difference));
        }
        let functions = answered.as_object().map_or(0, serde_json::Map::len);
        self.done.answers += u32::try_from(functions).unwrap_or(u32::MAX);
        Ok(())
    }
}

fn differs(file: &str, difference: &Difference) -> TestFailure {
    let Difference { at, before, after } = difference;
    let said = |it: &Option<serde_json::Value>| it.as_ref().map_or("nothing".into(), shown);
    let message = format!("expected {}, answered {}", said(before), said(after));
    let (function, place) = match at.strip_prefix('/') {
        Some(at) => at
            .split_once('/')
            .map_or((at, String::new()), |(function, place)| (function, format!("/{place}"))),
        None => ("expected", String::new()),
    };
    wrong(file, function, &place, message)
}

fn wrong(file: &str, function: &str, at: &str, message: String) -> TestFailure {
    TestFailure { file: file.into(), function: function.into(), at: at.into(), message }
}
