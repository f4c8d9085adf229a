//! Objects that are looked into where they lie.

use std::borrow::Cow;

use serde::de::DeserializeSeed;

use super::{
    Json, Object,
    read::{Depth, MAX_DEPTH},
};

/// A JSON object as its text.
///
/// To look at a few members of thousands of objects takes a small part of what
/// parsing them takes: what is not asked for is skipped, and nothing is read
/// behind what was found. Who looks at much of one object parses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawObject<'a>(&'a str);

impl<'a> RawObject<'a> {
    /// The object of a text. One that is not JSON has no members.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// All of it.
    pub fn parse(self) -> Object<'a> {
        Object::parse(self.0).unwrap_or_default()
    }

    /// The value at the end of a path of members. As with [`Object::path`], a
    /// member that is `null` counts as absent.
    pub fn path(self, keys: &[&str]) -> Option<Json<'a>> {
        if keys.is_empty() {
            return None;
        }
        let mut cursor = Cursor { text: self.0, at: 0 };
        for key in keys {
            cursor.enter(key)?;
        }
        cursor.value().filter(|it| !it.is_null())
    }

    /// The string at the end of a path; `""` if there is none.
    pub fn text_at(self, keys: &[&str]) -> Cow<'a, str> {
        match self.path(keys) {
            Some(Json::Text(text)) => text,
            _ => Cow::Borrowed(""),
        }
    }

    /// The whole number at the end of a path.
    pub fn int_at(self, keys: &[&str]) -> Option<i64> {
        self.path(keys)?.as_int()
    }

    /// The elements of the array at the end of a path; none if there is none.
    pub fn list_at(self, keys: &[&str]) -> Vec<Json<'a>> {
        match self.path(keys) {
            Some(Json::List(items)) => items,
            _ => Vec::new(),
        }
    }
}

/// A place in a text that is JSON. It is gone over by quotes and brackets
/// alone; what is found is parsed.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Goes to the value of a member of the object that begins here.
    fn enter(&mut self, key: &str) -> Option<()> {
        self.take(b'{')?;
        loop {
            let name = self.string()?;
            self.take(b':')?;
            if is_written(name, key) {
                return Some(());
            }
            self.skip()?;
            self.take(b',')?;
        }
    }

    /// The value that begins here. What comes behind it does not matter.
    fn value(&self) -> Option<Json<'a>> {
        let rest = self.text.get(self.at..)?;
        Depth(MAX_DEPTH).deserialize(&mut serde_json::Deserializer::from_str(rest)).ok()
    }

    /// Goes behind the value that begins here. Counts what is open instead of
    /// calling itself: the stack is small.
    fn skip(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => {
                    self.at += 1;
                    continue;
                }
                _ => self.go_while(|it| !matches!(it, b',' | b'}' | b']')),
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    /// Goes behind the string that begins here; what is between the quotes.
    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let begin = self.at;
        loop {
            self.go_while(|it| !matches!(it, b'"' | b'\\'));
            match self.text.as_bytes().get(self.at)? {
                b'"' => break,
                _ => self.at += 2,
            }
        }
        self.at += 1;
        self.text.get(begin..self.at - 1)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let found = self.peek()? == byte;
        self.at += usize::from(found);
        found.then_some(())
    }

    /// What is next that is no white space.
    fn peek(&mut self) -> Option<u8> {
        self.go_while(|it| matches!(it, b' ' | b'\t' | b'\n' | b'\r'));
        self.text.as_bytes().get(self.at).copied()
    }

    fn go_while(&mut self, fits: impl Fn(u8) -> bool) {
        while self.text.as_bytes().get(self.at).is_some_and(|it| fits(*it)) {
            self.at += 1;
        }
    }
}

/// Whether a key is what is written between quotes.
fn is_written(name: &str, key: &str) -> bool {
    if !name.contains('\\') {
        return name == key;
    }
    Json::parse(&format!("\"{name}\"")).is_ok_and(|it| it.as_str() == Some(key))
}
