//! `bowsprit plugin try`: one function, one input.

use std::{fs, io, path::PathBuf};

use anyhow::{Context as _, anyhow, bail};
use bowsprit_host_engine::{
    cases::{Case, Function},
    workbench::Sample,
};
use clap::Args;
use serde_json::{Value, json};

use super::desk::{Desk, measured, millis};
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Try {
    /// `describe`, `create`, `normalize`, `public-view`, `validate`, `render`,
    /// `observe` or `status`.
    #[arg(value_name = "FUNCTION", value_parser = function)]
    function: Asked,
    #[command(flatten)]
    desk: Desk,
    /// A golden file or the `input` of one; `-` reads standard input.
    /// Only `describe` needs none.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    Describe,
    Of(Function),
}

fn function(name: &str) -> Result<Asked, String> {
    if name == "describe" {
        return Ok(Asked::Describe);
    }
    let known = || Function::ALL.map(Function::name).join("`, `");
    let found = Function::parse(name).map(Asked::Of);
    found.ok_or_else(|| format!("there are `describe`, `{}`", known()))
}

impl Try {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let sample = self.desk.load().await?;
        let function = match self.function {
            Asked::Describe => {
                say(format_args!("{:#}", described(&sample)));
                return Ok(());
            }
            Asked::Of(function) => function,
        };
        let case = self.case()?;
        let (answer, time) = measured(&sample, &case, function).await;
        let bytes = answer.to_string().len();
        say(format_args!("{answer:#}"));
        eprintln!("{}: {}, {bytes} bytes", function.name(), millis(time));
        match answer.get("failed") {
            Some(failed) => bail!("the call broke: {failed}"),
            None => Ok(()),
        }
    }

    fn case(&self) -> anyhow::Result<Case> {
        let file = self.input.as_ref().ok_or_else(|| {
            anyhow!("this function needs `--input FILE`: a golden file, or the `input` of one")
        })?;
        let text = if file.as_os_str() == "-" {
            io::read_to_string(io::stdin())
        } else {
            fs::read_to_string(file)
        };
        let text = text.with_context(|| format!("the input {}", file.display()))?;
        let value: Value = serde_json::from_str(&text)
            .with_context(|| format!("the input {} is not JSON", file.display()))?;
        let input = value.get("input").unwrap_or(&value);
        Case::read(input).with_context(|| format!("the input {}", file.display()))
    }
}

fn described(sample: &Sample) -> Value {
    let types = sample.types.iter().map(|it| {
        let mut it = serde_json::to_value(&it.descriptor).unwrap_or_default();
        // A JSON text inside of JSON is hard to read.
        if let Some(schema) = it.get_mut("schema") {
            let text = schema.as_str().unwrap_or_default();
            *schema = serde_json::from_str(text).unwrap_or_default();
        }
        it
    });
    json!({ "ok": types.collect::<Vec<_>>() })
}
