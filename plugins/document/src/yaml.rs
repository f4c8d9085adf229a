//! YAML as a tree that knows where everything was written.
//!
//! The core schema of YAML 1.2 without anchors, aliases and tags: a template
//! says what it says where it says it, and none can grow while it is read.

use bowsprit_plugin_sdk::{Json, Object, quoted};
use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};

use crate::mistake::{Mark, Mistake};
use crate::number;

/// Largest text, bytes.
const MOST_BYTES: usize = 256 * 1024;
/// Deepest nesting: what is made of it has to fit a guest's small stack.
const MOST_DEPTH: usize = 32;

/// A value and where it begins.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it begins.
    pub at: Mark,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// A text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// An entry of a mapping, in the order of the file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where the key is.
    pub at: Mark,
    /// The key.
    pub key: String,
    /// The value.
    pub value: Node,
}

impl Node {
    /// What it is, as part of a sentence.
    pub fn described(&self) -> String {
        match &self.value {
            Value::Null => "empty".into(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Int(number) => format!("the number {number}"),
            Value::Float(number) => format!("the number {}", number::shown(*number)),
            Value::Text(text) => quoted(text),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a mapping".into(),
        }
    }

    /// The same as JSON.
    pub fn to_json(&self) -> Json<'static> {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Int(number) => Json::Int(*number),
            Value::Float(number) => Json::Float(*number),
            Value::Text(text) => Json::from(text.clone()),
            Value::List(items) => Json::List(items.iter().map(Self::to_json).collect()),
            Value::Map(entries) => {
                let members = entries.iter().map(|it| (it.key.clone(), it.value.to_json()));
                Json::Object(members.collect::<Object<'static>>())
            }
        }
    }
}

/// Reads one document.
///
/// # Errors
///
/// The first thing that is not as it should be.
pub fn parse(text: &str) -> Result<Node, Mistake> {
    let start = Mark { line: 1, column: 1 };
    if text.len() > MOST_BYTES {
        let problem = format!("The text has more than {MOST_BYTES} bytes.");
        return Err(Mistake::syntax(start, problem, "Make several of it."));
    }
    let mut build = Build::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| unreadable(&error))?;
        build.take(event, &span)?;
    }
    build.root.ok_or_else(|| Mistake::syntax(start, "There is nothing in it.", "Write a mapping."))
}

fn unreadable(error: &ScanError) -> Mistake {
    let problem = format!("This is not YAML: {}.", error.info());
    Mistake::syntax(mark(error.marker()), problem, "Look at the indentation, quotes and colons.")
}

fn mark(marker: &Marker) -> Mark {
    Mark { line: marker.line().max(1), column: marker.col().saturating_add(1) }
}

/// A collection that has not ended.
enum Open {
    List(Mark, Vec<Node>),
    Map(Mark, Vec<Entry>, Option<(Mark, String)>),
}

/// Builds the tree, without recursion.
#[derive(Default)]
struct Build {
    open: Vec<Open>,
    root: Option<Node>,
}

impl Build {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Mistake> {
        let at = mark(&span.start);
        match event {
            Event::Scalar(_, _, anchor, Some(_))
            | Event::SequenceStart(_, anchor, Some(_))
            | Event::MappingStart(_, anchor, Some(_))
                if anchor == 0 =>
            {
                Err(Mistake::syntax(at, "Tags have no meaning here.", "Remove the `!…`."))
            }
            Event::Scalar(text, style, 0, _) => {
                let plain = matches!(style, ScalarStyle::Plain);
                let value = if plain { resolved(&text) } else { Value::Text(text.into_owned()) };
                self.scalar(Node { at, value })
            }
            Event::SequenceStart(_, 0, _) => self.begin(Open::List(at, Vec::new()), at),
            Event::MappingStart(_, 0, _) => self.begin(Open::Map(at, Vec::new(), None), at),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(at, items)) => self.put(Node { at, value: Value::List(items) }),
                Some(Open::Map(at, entries, _)) => {
                    self.put(Node { at, value: Value::Map(entries) })
                }
                None => Ok(()),
            },
            Event::DocumentStart(..) if self.root.is_some() => {
                let problem = "A second document begins.";
                Err(Mistake::syntax(at, problem, "Keep one document, and no other `---`."))
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd => Ok(()),
            _ => {
                let problem = "Anchors and aliases have no meaning here.";
                Err(Mistake::syntax(at, problem, "Write the value out."))
            }
        }
    }

    fn begin(&mut self, open: Open, at: Mark) -> Result<(), Mistake> {
        if let Some(Open::Map(_, _, None)) = self.open.last() {
            return Err(Mistake::syntax(at, "A key is a list or mapping.", "Write a text as key."));
        }
        if self.open.len() >= MOST_DEPTH {
            let problem = format!("This is nested more than {MOST_DEPTH} levels deep.");
            return Err(Mistake::syntax(at, problem, "Make it flatter."));
        }
        self.open.push(open);
        Ok(())
    }

    /// A scalar is a key where a mapping waits for one.
    fn scalar(&mut self, node: Node) -> Result<(), Mistake> {
        let Some(Open::Map(_, entries, key @ None)) = self.open.last_mut() else {
            return self.put(node);
        };
        let text = match node.value {
            Value::Text(text) => text,
            Value::Int(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => {
                return Err(Mistake::syntax(node.at, "A key is not a text.", "Put it in quotes."));
            }
        };
        if let Some(first) = entries.iter().find(|it| it.key == text) {
            let problem = format!("The key {} is there twice.", quoted(&text));
            let fix = format!("Remove one of them; the first is in line {}.", first.at.line);
            return Err(Mistake { at: node.at, kind: "key", problem, fix });
        }
        *key = Some((node.at, text));
        Ok(())
    }

    fn put(&mut self, node: Node) -> Result<(), Mistake> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, key)) => match key.take() {
                Some((at, key)) => entries.push(Entry { at, key, value: node }),
                None => {
                    let problem = "A key is a list or mapping.";
                    return Err(Mistake::syntax(node.at, problem, "Write a text as key."));
                }
            },
        }
        Ok(())
    }
}

/// What a scalar without quotes is.
///
/// Source: YAML 1.2.2, §10.3.2 (core schema).
fn resolved(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|it: char| it.is_ascii_digit() || it == '.') {
        return Value::Text(text.to_owned());
    }
    if digits.bytes().all(|it| it.is_ascii_digit())
        && let Ok(number) = text.parse()
    {
        return Value::Int(number);
    }
    number::read(text).map_or_else(|| Value::Text(text.to_owned()), Value::Float)
}
