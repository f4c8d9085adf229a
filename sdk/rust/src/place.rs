//! Where in a node's data something is.

use std::fmt::Write;

/// A position in a node's data, built on the way down without allocating.
///
/// It has two forms: the RFC 6901 [`pointer`](Place::pointer) a form can jump
/// to, and the dotted [`code`](Place::code), which leaves out what users chose
/// (keys of maps, indexes), so that codes are a closed set.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'p> {
    Root,
    Field(&'p str),
    Key(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    /// The whole of the data.
    pub const ROOT: Place<'static> = Place { parent: None, step: Step::Root };

    /// A field this place has by its type.
    pub fn field(&'p self, name: &'p str) -> Place<'p> {
        Place { parent: Some(self), step: Step::Field(name) }
    }

    /// An entry of the map at this place, whose key a user chose.
    pub fn key(&'p self, key: &'p str) -> Place<'p> {
        Place { parent: Some(self), step: Step::Key(key) }
    }

    /// An element of the list at this place.
    pub fn item(&'p self, index: usize) -> Place<'p> {
        Place { parent: Some(self), step: Step::Item(index) }
    }

    /// The RFC 6901 pointer.
    pub fn pointer(&self) -> String {
        let mut out = String::new();
        self.write_pointer(&mut out);
        out
    }

    /// Field names joined by dots.
    pub fn code(&self) -> String {
        let mut out = String::new();
        self.write_code(&mut out);
        out
    }

    fn write_pointer(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write_pointer(out);
        }
        match self.step {
            Step::Root => {}
            Step::Field(name) | Step::Key(name) => push_segment(name, out),
            Step::Item(index) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "/{index}");
            }
        }
    }

    fn write_code(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write_code(out);
        }
        if let Step::Field(name) = self.step {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(name);
        }
    }
}

/// Adds `/segment`, escaped as RFC 6901 §3 asks.
fn push_segment(segment: &str, out: &mut String) {
    out.push('/');
    for character in segment.chars() {
        match character {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
