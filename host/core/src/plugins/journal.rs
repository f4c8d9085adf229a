//! What plugins write to their logs, and calls of them that broke.
//!
//! Kept in memory, bounded: the process's own log has the lines too, and a
//! record of a failure is of use as long as its generation serves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{id::Id, time::Timestamp};

/// How much a line matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// Good to know.
    Info,
    /// Likely not as meant.
    Warn,
    /// It does not work.
    Error,
}

impl LogLevel {
    /// From its word.
    pub fn parse(word: &str) -> Option<Self> {
        serde_json::from_value(word.into()).ok()
    }
}

/// One line of a plugin's log.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Counts the lines of this plugin since the host started.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: LogLevel,
    /// Digest of the generation that wrote it.
    pub generation: String,
    /// The function that was called.
    pub function: &'static str,
    /// What it says: text, never markup.
    pub message: String,
    /// The request on whose behalf it was called: `x-request-id` of its
    /// answer. Absent if it was none's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Id>,
    /// The call; equal for lines of one call.
    pub call: u64,
}

/// A call that broke.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedCall {
    /// Its id, by which errors and run logs name it.
    pub id: Id,
    /// When.
    pub at: Timestamp,
    /// The plugin.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// Digest of the generation that was called.
    pub generation: String,
    /// The function.
    pub function: &'static str,
    /// As the error has it: `plugin.trap`.
    pub code: &'static str,
    /// A sentence.
    pub reason: String,
    /// What the runtime or the plugin said; may quote the plugin.
    pub detail: String,
    /// The request on whose behalf it was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Id>,
    /// What it was asked, as `input` of a golden file as far as there is such
    /// a form; what looks secret is masked. An input that is too large says
    /// so instead.
    pub input: Value,
    /// What it wrote to its log during the call.
    pub lines: Vec<LogLine>,
    /// Microseconds until it broke, waiting included.
    pub micros: u64,
}

/// A call that broke, in short.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedCallSummary {
    /// Its id.
    pub id: Id,
    /// When.
    pub at: Timestamp,
    /// The plugin.
    pub plugin: String,
    /// Digest of the generation that was called.
    pub generation: String,
    /// The function.
    pub function: &'static str,
    /// As the error has it.
    pub code: &'static str,
    /// The request on whose behalf it was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Id>,
}

impl FailedCall {
    /// The same in short.
    pub fn summary(&self) -> FailedCallSummary {
        FailedCallSummary {
            id: self.id,
            at: self.at,
            plugin: self.plugin.clone(),
            generation: self.generation.clone(),
            function: self.function,
            code: self.code,
            trace: self.trace,
        }
    }

    /// Where administrators find a failed call.
    pub fn path(id: Id) -> String {
        format!("/v1/api/admin/plugins/failed-calls/{id}")
    }
}

/// What stands where a secret was.
const MASK: &str = "***";
/// Ends of names whose values are nobody's business.
const SECRET_ENDS: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "credential",
    "credentials",
    "privatekey",
];
/// Keys that name what `value` holds.
const NAMING: [&str; 2] = ["name", "key"];

/// The value with a mask instead of every text that by its name is a secret.
/// Drawings hold no secret values; this is for those who put them there all
/// the same.
pub fn masked(mut value: Value) -> Value {
    mask(&mut value);
    value
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(mask),
        Value::Object(all) => {
            let names_secret = NAMING.iter().filter_map(|it| all.get(*it)?.as_str()).any(is_secret);
            for (key, inner) in all {
                let holds = is_secret(key) || (names_secret && key == "value");
                match inner {
                    Value::String(text) if holds && !text.is_empty() => MASK.clone_into(text),
                    Value::Number(_) if holds => *inner = MASK.into(),
                    _ => mask(inner),
                }
            }
        }
        _ => {}
    }
}

/// `DB_PASSWORD`, `apiKey`, `client-secret`.
fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET_ENDS.iter().any(|it| plain.ends_with(it))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_looks_secret_is_masked_wherever_it_is() {
        let input = json!({
            "node": { "data": {
                "password": "hunter2", "replicas": 2, "secretName": "db",
                "data": { "API_KEY": "k", "PORT": "80" },
                "env": [{ "name": "DB_PASSWORD", "value": "x" }, { "name": "A", "value": "1" }],
                "tokens": { "token": 7, "Client-Secret": "" },
            } },
        });
        let data = &masked(input)["node"]["data"];
        assert_eq!(data["password"], "***");
        assert_eq!((&data["replicas"], &data["secretName"]), (&json!(2), &json!("db")));
        assert_eq!(data["data"], json!({ "API_KEY": "***", "PORT": "80" }));
        assert_eq!(data["env"][0]["value"], "***");
        assert_eq!(data["env"][1]["value"], "1");
        assert_eq!(data["tokens"], json!({ "token": "***", "Client-Secret": "" }));
    }
}
