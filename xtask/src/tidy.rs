//! `cargo xtask tidy`: rules about the code that no compiler checks.
//!
//! Each check reads files and answers sentences; none changes anything, except
//! that `--fix` writes the interface's digest.

mod codes;
mod functions;
mod imports;
mod kinds;
mod plugins;
mod source;
mod wit;

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;

use self::source::Source;
use crate::paths;

/// The most lines a file may have.
const FILE_LINES: usize = 500;
/// Folders that hold what is built, not what is written.
const BUILT: [&str; 4] = ["target", "dist", "node_modules", ".git"];
/// Endings of the files whose text is checked.
const TEXTS: [&str; 5] = ["rs", "wit", "toml", "go", "sh"];

/// How to tidy.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Writes the interface's digest into `wit/CHANGELOG.md`.
    #[arg(long)]
    pub(crate) fix: bool,
}

/// One broken rule.
struct Finding {
    /// Where, relative to the checkout.
    path: PathBuf,
    /// Which line, from 1; 0 when it is about the whole file.
    line: usize,
    /// What is wrong, and what would be right.
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path.display(), self.message),
            line => write!(out, "{}:{line}: {}", self.path.display(), self.message),
        }
    }
}

/// Runs every check; fails if one found something.
pub(crate) fn run(options: &Options) -> Result<()> {
    let root = paths::root();
    if options.fix {
        wit::write_digest(&root)?;
    }
    let sources = read_sources(&root)?;
    let mut findings = Vec::new();
    for source in &sources {
        findings.extend(size(source));
        findings.extend(header(source));
        findings.extend(promises(source));
        findings.extend(functions::too_long(source));
        findings.extend(kinds::named(source));
    }
    findings.extend(codes::unlisted(&sources));
    findings.extend(imports::forbidden(&root)?);
    findings.extend(wit::changed(&root)?);
    findings.extend(plugins::incomplete(&root)?);
    for finding in &findings {
        eprintln!("  {finding}");
    }
    match findings.len() {
        0 => {
            eprintln!("  tidy: {} files, nothing to say", sources.len());
            Ok(())
        }
        number => bail!("tidy found {number} thing(s)"),
    }
}

fn size(source: &Source) -> Option<Finding> {
    let lines = source.text.lines().count();
    let long = source.is_rust() && lines > FILE_LINES;
    long.then(|| source.finding(0, format!("has {lines} lines; the limit is {FILE_LINES}")))
}

fn header(source: &Source) -> Option<Finding> {
    let documented = source.text.starts_with("//!");
    let missing = source.is_rust() && !source.is_test() && !documented;
    missing.then(|| source.finding(1, "does not begin with `//!`: what is this file for?"))
}

/// Promises to do something later, which nobody finds again without an issue.
fn promises(source: &Source) -> Vec<Finding> {
    let unwritten = |line: &&str| {
        PROMISES.iter().any(|word| {
            let mut rest = line.split(word);
            rest.next();
            rest.any(|after| !after.starts_with("(#"))
        })
    };
    let lines = source.text.lines().enumerate();
    let broken = lines.filter(|(_, line)| unwritten(line));
    broken
        .map(|(number, _)| {
            source.finding(number + 1, "names no issue; write it as `(#123)` behind the word")
        })
        .collect()
}

/// Spelled so that this file does not break its own rule.
const PROMISES: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Every checked text file of the checkout.
fn read_sources(root: &Path) -> Result<Vec<Source>> {
    let mut files = Vec::new();
    walk(root, &mut files)?;
    files.sort();
    let texts = files.into_iter().filter(|path| {
        path.extension().is_some_and(|ending| TEXTS.iter().any(|text| ending == *text))
    });
    texts
        .map(|path| {
            let inside = path.strip_prefix(root).unwrap_or(&path).to_owned();
            Ok(Source::new(inside, fs::read_to_string(&path)?))
        })
        .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && !BUILT.iter().any(|name| entry.file_name() == *name) {
            walk(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}
