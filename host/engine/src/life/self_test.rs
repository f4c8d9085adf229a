//! A package's own golden files, run on this host before it serves.

use std::time::{Duration, Instant};

use bowsprit_host_core::plugins::{LoadFailure, LoadStage, SelfTest, TestFailure};
use serde_json::Value;

use super::{
    ask::{Asked, FUNCTIONS},
    form::Input,
};
use crate::{
    call::{Idle, Runtime},
    cases::compare::{Difference, first_differences, shown},
    failure::failure,
    generations::Generation,
    package::Assets,
};

/// Runs all files; stops at the first wrong answer, which is in both halves of
/// the error.
pub(crate) async fn run(
    runtime: &Runtime,
    generation: &Generation,
    golden: &Assets,
    most: Duration,
) -> Result<SelfTest, (SelfTest, LoadFailure)> {
    let idle = Idle::default();
    let mut test = Test {
        asked: Asked { runtime, generation, idle: &idle },
        done: SelfTest::default(),
        until: Instant::now() + most,
    };
    for (name, bytes) in golden {
        if let Err(wrong) = test.file(name, bytes).await {
            let message = match wrong.function.as_str() {
                "" => format!("golden/{name}: {}", wrong.message),
                function => {
                    format!("golden/{name}: `{function}` at `{}`: {}", wrong.at, wrong.message)
                }
            };
            let fix = "mend the plugin, or the golden file if the new answer is right";
            let refused = failure(LoadStage::SelfTest, "plugin.self-test.failed", message, fix);
            return Err((SelfTest { failure: Some(wrong), ..test.done }, refused));
        }
        test.done.cases += 1;
    }
    Ok(test.done)
}

struct Test<'a> {
    asked: Asked<'a>,
    done: SelfTest,
    until: Instant,
}

impl Test<'_> {
    async fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), TestFailure> {
        let fault = |message: String| wrong(name, "", "", message);
        let golden: Value =
            serde_json::from_slice(bytes).map_err(|it| fault(format!("is not JSON: {it}")))?;
        let input = golden.get("input").unwrap_or(&Value::Null);
        let input = Input::read(input).map_err(|it| fault(format!("in `input`, {it}")))?;
        let known = |it: &bowsprit_host_core::node_types::NodeType| {
            it.descriptor.name == input.node.type_name
        };
        if !self.asked.generation.provides.node_types.iter().any(known) {
            let name = &input.node.type_name;
            return Err(fault(format!("the plugin has no node type `{name}`")));
        }
        let expected = golden.get("expected").and_then(Value::as_object);
        let expected = expected.ok_or_else(|| fault("`expected` is no object".into()))?;
        if let Some(function) = expected.keys().find(|it| !FUNCTIONS.contains(&it.as_str())) {
            return Err(fault(format!("`expected.{function}` is no function")));
        }
        for (function, expected) in expected {
            self.function(name, function, &input, expected).await?;
            self.done.answers += 1;
        }
        Ok(())
    }

    async fn function(
        &self,
        file: &str,
        function: &str,
        input: &Input,
        expected: &Value,
    ) -> Result<(), TestFailure> {
        if Instant::now() > self.until {
            let message = "the golden files take longer than they may".to_owned();
            return Err(wrong(file, function, "", message));
        }
        let broke = |message: String| wrong(file, function, "", message);
        let node = match function {
            "normalize" | "create" => Some(input.node.clone()),
            _ => {
                let node = self.asked.normalized(input).await;
                node.map_err(|it| broke(format!("`normalize`: {}", it.reason())))?
            }
        };
        let node = node.ok_or_else(|| broke("`normalize` refuses the data".into()))?;
        let said = self.asked.ask(function, &node, input).await;
        let said = said.map_err(|it| broke(it.reason()))?;
        let answer = said.map(|it| it.answer).unwrap_or_default();
        let Some(Difference { at, before, after }) = first_differences(expected, &answer, 1).pop()
        else {
            return Ok(());
        };
        let shown = |it: Option<Value>| it.as_ref().map_or_else(|| "nothing".into(), shown);
        let (expected, answer) = (shown(before), shown(after));
        let message = format!("expected {expected}, answered {answer}");
        Err(wrong(file, function, &at, message))
    }
}

fn wrong(file: &str, function: &str, at: &str, message: String) -> TestFailure {
    TestFailure { file: file.into(), function: function.into(), at: at.into(), message }
}
