//! A fix, worked out by its plugin for a node as it is now.

use serde_json::{Map, Value};

use super::{Case, Examined, refused};
use crate::{
    Error, Result,
    diagnostics::{Fix, Outcome, Patch, Snapshot},
    kubernetes::ObjectKey,
    node_types::{CallError, Finding, Kind},
};

/// Bytes of all parameters as JSON.
const PARAMETERS_LIMIT: usize = 16 << 10;

/// What a user sets of a fix: a JSON object, as the fix's schema says.
#[derive(Debug, Default)]
pub struct Parameters(String);

impl Parameters {
    fn or_none(&self) -> String {
        if self.0.is_empty() { "{}".to_owned() } else { self.0.clone() }
    }

    /// From the text of a JSON object; an empty one sets nothing.
    ///
    /// # Errors
    ///
    /// If it is another text, or longer than 16 KiB.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > PARAMETERS_LIMIT {
            let limit = format!("{PARAMETERS_LIMIT} bytes");
            return Err(Error::TooLarge { what: "the parameters", limit });
        }
        if text.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => Ok(Self(Value::Object(object).to_string())),
            Err(_) => Err(Error::invalid("parameters", "must be a JSON object")),
        }
    }
}

/// What a plugin proposes.
pub(super) struct Proposal {
    /// The plugin's id.
    pub(super) plugin: String,
    pub(super) fix: Fix,
    /// Its patches of objects, each with a namespace.
    pub(super) objects: Vec<Value>,
    /// Its patches of the node's data.
    pub(super) drawing: Vec<Map<String, Value>>,
}

impl Case {
    /// What a fix would change: by the plugin of the first finding that names
    /// it, else by the first plugin that has it and can.
    pub(super) async fn propose(
        &self,
        examined: &[Examined],
        fix: &str,
        parameters: &Parameters,
    ) -> Result<Proposal> {
        let fix = (fix, parameters);
        if let Some((it, finding)) = finding_for(examined, fix.0) {
            let plugin = &it.check.plugin;
            let proposed = self.ask(plugin, fix, Some(finding), &it.snapshot).await;
            return self.proposal(plugin, proposed.map_err(refused)?);
        }
        let mut reason: Option<String> = None;
        let mut asked: Vec<&str> = Vec::new();
        for it in examined {
            let plugin = it.check.plugin.as_str();
            if asked.contains(&plugin) {
                continue;
            }
            asked.push(plugin);
            match self.ask(plugin, fix, None, &all_of(examined, plugin)).await {
                Ok(found) => return self.proposal(plugin, found),
                Err(CallError::Unsupported(why)) => reason = reason.or(Some(why)),
                Err(other) => return Err(refused(other)),
            }
        }
        let message = reason.unwrap_or_else(|| format!("no plugin has the fix `{}`", fix.0));
        Err(Error::Refused { code: "diagnostics.fix.unsupported", message })
    }

    async fn ask(
        &self,
        plugin: &str,
        (fix, parameters): (&str, &Parameters),
        finding: Option<&Finding>,
        snapshot: &Snapshot,
    ) -> Result<Fix, CallError> {
        let parameters = parameters.or_none();
        self.checks.propose(plugin, fix, finding, &parameters, &self.node, snapshot).await
    }

    fn proposal(&self, plugin: &str, fix: Fix) -> Result<Proposal> {
        let (mut objects, mut drawing) = (Vec::new(), Vec::new());
        for patch in &fix.patches {
            match patch {
                Patch::Object(object) => objects.push(self.placed_object(object.clone())),
                Patch::Drawing { node, patch } if *node == self.node.id => {
                    drawing.push(serde_json::from_str(patch).map_err(Error::internal)?);
                }
                Patch::Drawing { node, .. } => {
                    let message = format!("the fix would change another node, `{node}`");
                    return Err(Error::Refused { code: "diagnostics.fix.unsupported", message });
                }
            }
        }
        Ok(Proposal { plugin: plugin.to_owned(), fix, objects, drawing })
    }

    /// An object with the node's namespace, unless it names one.
    pub(super) fn placed_object(&self, mut object: Value) -> Value {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.entry("namespace").or_insert_with(|| self.namespace.clone().into());
        }
        object
    }
}

fn finding_for<'e>(examined: &'e [Examined], fix: &str) -> Option<(&'e Examined, &'e Finding)> {
    examined.iter().find_map(|it| {
        let Ok(Outcome::Found(findings) | Outcome::Stop(findings)) = &it.outcome else {
            return None;
        };
        let finding = findings.iter().find(|it| it.fixes.iter().any(|it| it == fix))?;
        Some((it, finding))
    })
}

/// The answers to all checks of a plugin, in order.
fn all_of(examined: &[Examined], plugin: &str) -> Snapshot {
    let own = examined.iter().filter(|it| it.check.plugin == plugin);
    let taken_at = own.clone().next().map(|it| it.snapshot.taken_at.clone());
    Snapshot {
        answers: own.flat_map(|it| it.snapshot.answers.iter().cloned()).collect(),
        taken_at: taken_at.unwrap_or_default(),
    }
}

/// What an object is called; `None` if it does not say.
pub(super) fn key(object: &Value) -> Option<ObjectKey> {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str).filter(|it| !it.is_empty());
    Some(ObjectKey {
        kind: Kind::parse(text("/apiVersion")?, text("/kind")?),
        namespace: text("/metadata/namespace").map(str::to_owned),
        name: text("/metadata/name")?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_an_object_of_bounded_size() {
        let parsed = |text: &str| Parameters::parse(text).map(|it| it.or_none());
        assert_eq!(parsed("").unwrap(), "{}");
        assert_eq!(parsed(r#"{ "a": 1 }"#).unwrap(), r#"{"a":1}"#);
        for wrong in ["[]", "1", "{", "null"] {
            assert_eq!(parsed(wrong).unwrap_err().code(), "request.invalid", "{wrong}");
        }
        let text = |filled: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(filled));
        let frame = text(0).len();
        assert!(parsed(&text(PARAMETERS_LIMIT - frame)).is_ok());
        let over = parsed(&text(PARAMETERS_LIMIT - frame + 1)).unwrap_err();
        assert_eq!(over.code(), "request.too-large");
    }
}
