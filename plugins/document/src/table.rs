//! Reads a mapping key by key, and complains about the keys nobody read.

use bowsprit_plugin_sdk::quoted;

use crate::mistake::{Mark, Mistakes};
use crate::yaml::{Entry, Node, Value};

/// A mapping of the file whose keys are fixed.
pub struct Table<'y> {
    /// Where it begins.
    pub at: Mark,
    what: String,
    entries: &'y [Entry],
    known: Vec<&'static str>,
}

impl<'y> Table<'y> {
    /// `node` as a mapping; `what` completes "… is a mapping".
    pub fn of(node: &'y Node, what: impl Into<String>, log: &mut Mistakes) -> Option<Self> {
        let what = what.into();
        let Value::Map(entries) = &node.value else {
            let problem = format!("{what} has to be a mapping, not {}.", node.described());
            log.value(node.at, problem, "Write keys and values below it.");
            return None;
        };
        Some(Self { at: node.at, what, entries, known: Vec::new() })
    }

    /// The value of a key; none if it is not there or empty.
    pub fn take(&mut self, key: &'static str) -> Option<&'y Node> {
        self.known.push(key);
        let entry = self.entries.iter().find(|it| it.key == key)?;
        (!matches!(entry.value.value, Value::Null)).then_some(&entry.value)
    }

    /// The value of a key that has to be there.
    pub fn require(&mut self, key: &'static str, log: &mut Mistakes) -> Option<&'y Node> {
        let found = self.take(key);
        if found.is_none() {
            let problem = format!("{} has no `{key}`.", self.what);
            log.key(self.at, problem, format!("Add `{key}`."));
        }
        found
    }

    /// A text.
    pub fn text(&mut self, key: &'static str, log: &mut Mistakes) -> Option<&'y str> {
        let node = self.take(key)?;
        text_of(key, node, log)
    }

    /// A text that has to be there.
    pub fn required_text(&mut self, key: &'static str, log: &mut Mistakes) -> Option<&'y str> {
        let node = self.require(key, log)?;
        text_of(key, node, log)
    }

    /// A truth value; false if it is not there.
    pub fn flag(&mut self, key: &'static str, log: &mut Mistakes) -> bool {
        match self.take(key) {
            None => false,
            Some(Node { value: Value::Bool(flag), .. }) => *flag,
            Some(node) => {
                wrong::<()>(key, node, "`true` or `false`", log);
                false
            }
        }
    }

    /// A whole number.
    pub fn whole(&mut self, key: &'static str, log: &mut Mistakes) -> Option<i64> {
        let node = self.take(key)?;
        match node.value {
            Value::Int(number) => Some(number),
            _ => wrong(key, node, "a whole number", log),
        }
    }

    /// A number that is not negative.
    pub fn count(&mut self, key: &'static str, log: &mut Mistakes) -> Option<usize> {
        let node = self.take(key)?;
        match node.value {
            Value::Int(number) if number >= 0 => usize::try_from(number).ok(),
            _ => wrong(key, node, "a whole number of at least 0", log),
        }
    }

    /// A number.
    pub fn number(&mut self, key: &'static str, log: &mut Mistakes) -> Option<f64> {
        let node = self.take(key)?;
        match node.value {
            Value::Int(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => wrong(key, node, "a number", log),
        }
    }

    /// One of a few words.
    pub fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
        log: &mut Mistakes,
    ) -> Option<T> {
        let at = self.take(key)?.at;
        let text = self.text(key, log)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let problem = format!("{} is no `{key}`.", quoted(text));
            log.value(at, problem, format!("Write {}.", one_of(words.iter().map(|it| it.0))));
        }
        found.map(|it| it.1)
    }

    /// The elements of a list; none if it is not there.
    pub fn list(&mut self, key: &'static str, log: &mut Mistakes) -> &'y [Node] {
        match self.take(key) {
            None => &[],
            Some(Node { value: Value::List(items), .. }) => items,
            Some(node) => {
                wrong::<()>(key, node, "a list", log);
                &[]
            }
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, key: &'static str, log: &mut Mistakes) -> Vec<String> {
        let items = self.list(key, log).iter();
        items.filter_map(|it| text_of(key, it, log).map(str::to_owned)).collect()
    }

    /// The entries of a mapping whose keys the author chose.
    pub fn entries(&mut self, key: &'static str, log: &mut Mistakes) -> &'y [Entry] {
        match self.take(key) {
            None => &[],
            Some(Node { value: Value::Map(entries), .. }) => entries,
            Some(node) => {
                wrong::<()>(key, node, "a mapping", log);
                &[]
            }
        }
    }

    /// Complains about keys that were not asked for.
    pub fn finish(self, log: &mut Mistakes) {
        for entry in self.entries.iter().filter(|it| !self.known.contains(&it.key.as_str())) {
            let problem = format!("{} has no key {}.", self.what, quoted(&entry.key));
            log.key(entry.at, problem, closest(&entry.key, &self.known));
        }
    }
}

fn text_of<'y>(key: &str, node: &'y Node, log: &mut Mistakes) -> Option<&'y str> {
    match &node.value {
        Value::Text(text) if !text.trim().is_empty() => Some(text),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            let problem = format!("`{key}` has to be a text, not {}.", node.described());
            log.value(node.at, problem, "Put it in quotes.");
            None
        }
        _ => wrong(key, node, "a text", log),
    }
}

fn wrong<T>(key: &str, node: &Node, wanted: &str, log: &mut Mistakes) -> Option<T> {
    let problem = format!("`{key}` has to be {wanted}, not {}.", node.described());
    log.value(node.at, problem, format!("Write {wanted}."));
    None
}

/// "`a`, `b` or `c`".
pub fn one_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<_> = words.map(|it| format!("`{it}`")).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".into(),
    }
}

/// What may have been meant by a word that is none of `known`.
pub fn closest(word: &str, known: &[&str]) -> String {
    let near = known.iter().map(|it| (strsim::levenshtein(word, it), it)).min();
    match near {
        Some((steps, near)) if steps <= 2 => format!("Did you mean `{near}`?"),
        _ => format!("It takes {}.", one_of(known.iter().copied())),
    }
}
