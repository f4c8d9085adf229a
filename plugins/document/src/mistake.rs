//! What is wrong with a file, where, and what to do about it.

use std::str::Utf8Error;

use bowsprit_plugin_sdk::{Failure, Finding, Severity};

/// A file that authors write, and who interprets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct File {
    /// Its name in the plugin's folder.
    pub name: &'static str,
    /// The interpreter's id: codes of mistakes begin with it.
    pub interpreter: &'static str,
}

/// More mistakes than this help nobody.
const MOST: usize = 20;

/// A place in the file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Mark {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Mark {
    /// Where `bytes` stop being UTF-8.
    pub fn broken(bytes: &[u8], error: Utf8Error) -> Self {
        let sound = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let sound = str::from_utf8(sound).unwrap_or_default();
        let (lines, last) = sound.rsplit_once('\n').map_or((0, sound), |(before, last)| {
            (before.matches('\n').count().saturating_add(1), last)
        });
        let (line, column) = (lines.saturating_add(1), last.chars().count().saturating_add(1));
        Self { line, column }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub at: Mark,
    /// The last part of its code.
    pub kind: &'static str,
    /// What is wrong, as sentences.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

impl Mistake {
    /// A mistake of the YAML itself.
    pub fn syntax(at: Mark, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { at, kind: "syntax", problem: problem.into(), fix: fix.into() }
    }

    fn finding(self, file: File) -> Finding {
        let Mark { line, column } = self.at;
        Finding {
            code: format!("{}.{}", file.interpreter, self.kind),
            severity: Severity::Error,
            message: format!("{}, line {line}, column {column}: {}", file.name, self.problem),
            node: None,
            at: None,
            suggestion: Some(self.fix),
            fixes: Vec::new(),
        }
    }
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct Mistakes {
    file: File,
    /// In the order of the file.
    all: Vec<Mistake>,
}

impl Mistakes {
    /// None yet.
    pub fn of(file: File) -> Self {
        Self { file, all: Vec::new() }
    }

    /// The file they are in.
    pub fn file(&self) -> File {
        self.file
    }

    /// A key that is not known, missing, or there twice.
    pub fn key(&mut self, at: Mark, problem: String, fix: String) {
        self.add(Mistake { at, kind: "key", problem, fix });
    }

    /// A value that is not what its key takes.
    pub fn value(&mut self, at: Mark, problem: String, fix: impl Into<String>) {
        self.add(Mistake { at, kind: "value", problem, fix: fix.into() });
    }

    /// An expression that cannot be understood.
    pub fn expression(&mut self, at: Mark, problem: String, fix: String) {
        self.add(Mistake { at, kind: "expression", problem, fix });
    }

    /// Notes one.
    pub fn add(&mut self, mistake: Mistake) {
        if self.all.len() < MOST {
            let place = self.all.partition_point(|it| it.at <= mistake.at);
            self.all.insert(place, mistake);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// In the order of the file, as the failure of a load.
    pub fn into_failure(self) -> Failure {
        let file = self.file;
        Failure::InvalidInput(self.all.into_iter().map(|it| it.finding(file)).collect())
    }
}
