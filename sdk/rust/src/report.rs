//! Findings, collected while a node is read.

use std::fmt::Write;

use crate::fields::Invalid;
use crate::{Failure, Finding, Severity};

/// More findings than this help nobody; the rest is counted in a last one.
const MAX_FINDINGS: usize = 100;

/// Everything a call has found wrong or worth knowing.
///
/// Codes given to its methods are completed with the node type's name:
/// `image.missing` becomes `deployment.image.missing`.
#[derive(Debug)]
pub struct Report {
    type_name: String,
    /// None = the findings are about the call's whole input.
    node: Option<String>,
    findings: Vec<Finding>,
    dropped: usize,
    has_errors: bool,
}

impl Report {
    /// An empty report about a node.
    pub fn new(type_name: &str, node: &str) -> Self {
        Self { node: Some(node.to_owned()), ..Self::about_source(type_name) }
    }

    /// An empty report about a whole source; codes begin with the importer's
    /// name.
    pub fn about_source(importer: &str) -> Self {
        Self {
            type_name: importer.to_owned(),
            node: None,
            findings: Vec::new(),
            dropped: 0,
            has_errors: false,
        }
    }

    /// Takes a field that may be absent; a fault becomes a finding.
    pub fn optional<T>(&mut self, read: Result<Option<T>, Invalid>) -> Option<T> {
        self.required(read).flatten()
    }

    /// Takes a field that has to be there; a fault becomes a finding.
    pub fn required<T>(&mut self, read: Result<T, Invalid>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.invalid(*invalid.0);
                None
            }
        }
    }

    /// Adds an error: the node cannot be run like this.
    pub fn error(&mut self, code: &str, message: impl Into<String>) -> Entry<'_> {
        self.add(Severity::Error, code, message.into())
    }

    /// Adds a warning: it works, but likely not as meant.
    pub fn warning(&mut self, code: &str, message: impl Into<String>) -> Entry<'_> {
        self.add(Severity::Warning, code, message.into())
    }

    /// Adds something good to know.
    pub fn info(&mut self, code: &str, message: impl Into<String>) -> Entry<'_> {
        self.add(Severity::Info, code, message.into())
    }

    /// Whether the node cannot be run.
    pub fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// The findings, in the order they were made.
    pub fn into_findings(mut self) -> Vec<Finding> {
        if self.dropped > 0 {
            let more = self.dropped;
            self.findings.push(Finding {
                code: format!("{}.findings.more", self.type_name),
                severity: if self.has_errors { Severity::Error } else { Severity::Info },
                message: format!("There are {more} more findings."),
                node: self.node,
                at: None,
                suggestion: None,
                fixes: Vec::new(),
            });
        }
        self.findings
    }

    /// The failure that says the same.
    pub fn into_failure(self) -> Failure {
        Failure::InvalidInput(self.into_findings())
    }

    fn invalid(&mut self, fault: crate::fields::Fault) {
        let entry = self.add(Severity::Error, &fault.code, fault.message).at(fault.pointer);
        if let Some(suggestion) = fault.suggestion {
            entry.suggest(suggestion);
        }
    }

    #[inline(never)]
    fn add(&mut self, severity: Severity, code: &str, message: String) -> Entry<'_> {
        self.has_errors |= matches!(severity, Severity::Error | Severity::Blocker);
        if self.findings.len() >= MAX_FINDINGS {
            self.dropped = self.dropped.saturating_add(1);
            return Entry { finding: None };
        }
        self.findings.push(Finding {
            code: format!("{}.{code}", self.type_name),
            severity,
            message,
            node: self.node.clone(),
            at: None,
            suggestion: None,
            fixes: Vec::new(),
        });
        Entry { finding: self.findings.last_mut() }
    }
}

/// A finding just added, to be completed.
#[derive(Debug)]
pub struct Entry<'r> {
    finding: Option<&'r mut Finding>,
}

impl Entry<'_> {
    /// Says which field it is about.
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.at = Some(pointer.into());
        }
        self
    }

    /// Says which node it is about, where the report is about a whole source.
    pub fn on(mut self, node: impl Into<String>) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.node = Some(node.into());
        }
        self
    }

    /// Says which fix of the same plugin would do it.
    pub fn fixed_by(mut self, fix: &str) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.fixes.push(fix.to_owned());
        }
        self
    }

    /// Says what to do about it.
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        if let Some(finding) = &mut self.finding {
            finding.suggestion = Some(suggestion.into());
        }
        self
    }
}

/// A user's text as part of a sentence: in backticks, without control
/// characters, cut to a length that fits a line.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = String::from("`");
    for (index, character) in text.chars().enumerate() {
        if index == LONGEST {
            out.push('…');
            break;
        }
        if character.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests;
