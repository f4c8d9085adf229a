//! What a drawing says about which nodes belong together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Points for what the drawing itself says, and for less and less sure signs.
const NAMED: u32 = 100;
const SAME_NAME: u32 = 60;
const SHARED_WORD: u32 = 30;
const SAME_PORT: u32 = 20;
/// Letters of a word that says something.
const WORD: usize = 3;
/// Texts of a node's data that are looked at.
const MOST_TEXTS: usize = 2_000;

/// What is known of one node.
pub(super) struct Clues {
    pub(super) name: String,
    pub(super) namespace: String,
    /// Texts in the data but for the name, each with where it stands.
    texts: BTreeMap<String, String>,
    ports: BTreeSet<u64>,
    words: BTreeSet<String>,
    /// The data.
    pub(super) data: Value,
}

impl Clues {
    /// From a node's public view and data.
    pub(super) fn of(view: &str, data: &str, default_namespace: &str) -> Self {
        let view: Value = serde_json::from_str(view).unwrap_or_default();
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        let text = |key: &str| view.get(key).and_then(Value::as_str).filter(|it| !it.is_empty());
        let name = text("name").unwrap_or_default().to_owned();
        let ports = view.get("ports").and_then(Value::as_array).into_iter().flatten();
        let mut texts = BTreeMap::new();
        collect(&data, String::new(), &mut texts);
        let words = name.split('-').filter(|it| it.len() >= WORD);
        Self {
            namespace: text("namespace").unwrap_or(default_namespace).to_owned(),
            texts,
            ports: ports.filter_map(|it| it.get("port")?.as_u64()).collect(),
            words: words.map(str::to_owned).collect(),
            name,
            data,
        }
    }

    /// Where the data names something, if it does.
    pub(super) fn names(&self, name: &str) -> Option<&str> {
        self.texts.get(name).filter(|_| !name.is_empty()).map(String::as_str)
    }

    /// How much speaks for two nodes belonging together, and what.
    pub(super) fn with(&self, other: &Self) -> (u32, Vec<String>) {
        let (mut score, mut reasons) = (0, Vec::new());
        let mut count = |points: u32, reason: String| {
            score += points;
            reasons.push(reason);
        };
        for (a, b) in [(self, other), (other, self)] {
            if let Some(at) = a.names(&b.name) {
                count(NAMED, format!("`{}` names `{}` at `{at}`", a.name, b.name));
            }
        }
        let shared = self.words.intersection(&other.words).next();
        if self.name == other.name && !self.name.is_empty() {
            count(SAME_NAME, format!("both are called `{}`", self.name));
        } else if let Some(word) = shared {
            count(SHARED_WORD, format!("both names have the word `{word}`"));
        }
        if let Some(port) = self.ports.intersection(&other.ports).next() {
            count(SAME_PORT, format!("both have port {port}"));
        }
        (score, reasons)
    }
}

/// Texts with their JSON pointers. A node's own name says nothing, and keys
/// that begin with `_` are the canvas' notes.
fn collect(value: &Value, at: String, texts: &mut BTreeMap<String, String>) {
    if texts.len() >= MOST_TEXTS {
        return;
    }
    match value {
        Value::String(text) if at != "/name" => {
            texts.entry(text.clone()).or_insert(at);
        }
        Value::Object(fields) => {
            for (key, value) in fields.iter().filter(|(key, _)| !key.starts_with('_')) {
                let key = key.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{at}/{key}"), texts);
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                collect(value, format!("{at}/{n}"), texts);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clues(name: &str, data: &str) -> Clues {
        let view = format!(r#"{{"name":"{name}","ports":[{{"port":80}}]}}"#);
        Clues::of(&view, data, "default")
    }

    #[test]
    fn what_the_drawing_says_counts_most() {
        let service = clues("front", r#"{"name":"front","targetApp":"web","_linked":"x"}"#);
        let (score, reasons) = service.with(&clues("web", "{}"));
        assert_eq!(score, NAMED + SAME_PORT);
        assert_eq!(reasons[0], "`front` names `web` at `/targetApp`");
        assert_eq!(service.names("x"), None, "the canvas' own note");
        assert_eq!(service.names("front"), None, "its own name");
    }

    #[test]
    fn names_and_words_count_less() {
        let score = |a: &str, b: &str| clues(a, "{}").with(&clues(b, "{}")).0;
        assert_eq!(score("web", "web"), SAME_NAME + SAME_PORT);
        assert_eq!(score("shop-api", "shop-config"), SHARED_WORD + SAME_PORT);
        assert_eq!(score("a-1", "b-1"), SAME_PORT, "a number is no word");
    }
}
