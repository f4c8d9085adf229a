//! What is wrong with a template, where, and what to do about it.

use bowsprit_plugin_sdk::{Failure, Finding, Severity};

/// The file a folder's node type is written in.
pub(crate) const FILE: &str = "resource.yaml";

/// More mistakes than this help nobody.
const MOST: usize = 20;

/// A place in the file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) at: Mark,
    /// The last part of its code.
    pub(crate) kind: &'static str,
    pub(crate) problem: String,
    pub(crate) fix: String,
}

impl Mistake {
    /// A mistake of the YAML itself.
    pub(crate) fn syntax(at: Mark, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { at, kind: "syntax", problem: problem.into(), fix: fix.into() }
    }

    fn finding(self) -> Finding {
        let Mark { line, column } = self.at;
        Finding {
            code: format!("resource-template.{}", self.kind),
            severity: Severity::Error,
            message: format!("{FILE}, line {line}, column {column}: {}", self.problem),
            node: None,
            at: None,
            suggestion: Some(self.fix),
            fixes: Vec::new(),
        }
    }
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// A key that is not known, missing, or there twice.
    pub(crate) fn key(&mut self, at: Mark, problem: String, fix: String) {
        self.add(Mistake { at, kind: "key", problem, fix });
    }

    /// A value that is not what its key takes.
    pub(crate) fn value(&mut self, at: Mark, problem: String, fix: impl Into<String>) {
        self.add(Mistake { at, kind: "value", problem, fix: fix.into() });
    }

    /// An expression that cannot be understood.
    pub(crate) fn expression(&mut self, at: Mark, problem: String, fix: String) {
        self.add(Mistake { at, kind: "expression", problem, fix });
    }

    pub(crate) fn add(&mut self, mistake: Mistake) {
        if self.0.len() < MOST {
            self.0.push(mistake);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of the file, as the failure of a load.
    pub(crate) fn into_failure(mut self) -> Failure {
        self.0.sort_by_key(|it| (it.at.line, it.at.column));
        Failure::InvalidInput(self.0.into_iter().map(Mistake::finding).collect())
    }
}
