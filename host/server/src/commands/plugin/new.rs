//! `bowsprit plugin new`: a folder that builds, passes its tests and can be
//! installed, made from what is embedded in the binary.

mod sdk;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use bowsprit_host_engine::workbench::is_plugin_id;
use bowsprit_plugin_build::Language;
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};

use crate::output::say;

/// Texts of this repository, by their path in it.
static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The names scaffolds have, in the spellings they have them in.
const ID: &str = "my-plugin";
const TITLE: &str = "My plugin";
const TYPE: &str = "MyPlugin";
/// What cargo tells the linker of components, here and in a scaffold.
const LINKING: (&str, &str) = ("plugins/.cargo/config.toml", ".cargo/config.toml");

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The folder to make; its name becomes the plugin's id.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// What the plugin is written in; `none` is a resource template.
    #[arg(long, value_parser = languages(), default_value = Language::Rust.name())]
    lang: Language,
    /// A checkout's `sdk/rust` to use instead of a copy of the SDK.
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

fn languages() -> impl TypedValueParser<Value = Language> {
    let unknown = |name: String| Language::parse(&name).ok_or("no such language");
    PossibleValuesParser::new(Language::ALL.map(Language::name)).try_map(unknown)
}

type Files = BTreeMap<PathBuf, String>;

fn embedded(name: &str) -> Option<&'static str> {
    EMBEDDED.iter().find(|(it, _)| *it == name).map(|(_, text)| *text)
}

impl New {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let id = id(&self.folder)?;
        let files = self.files(&id)?;
        write(&self.folder, &files)?;
        let shown = self.folder.display();
        say(format_args!("made plugin `{id}` in {shown}"));
        match self.lang {
            Language::None => say(format_args!(
                "next: bowsprit plugin test {shown} --plugins DIR, where DIR has the host's plugins"
            )),
            _ => say(format_args!(
                "next: bowsprit plugin build {shown} && bowsprit plugin test {shown}"
            )),
        }
        Ok(())
    }

    /// The scaffold, and what it needs of this host.
    fn files(&self, id: &str) -> anyhow::Result<Files> {
        // Every scaffold is the same plugin, so all have to give the same answers.
        let mut files = scaffold("sdk/rust/scaffold/", "golden/", id);
        files.extend(scaffold(&format!("sdk/{}/scaffold/", self.lang.name()), "", id));
        if self.lang == Language::Rust {
            files.extend(embedded(LINKING.0).map(|it| (LINKING.1.into(), it.to_owned())));
        }
        match (self.lang, &self.sdk) {
            (Language::Rust, Some(folder)) => sdk::refer(&mut files, folder)?,
            (Language::Rust, None) => sdk::copy(&mut files)?,
            (other, Some(_)) => bail!("`--sdk` is for Rust, not for `{}`", other.name()),
            (Language::JavaScript | Language::Python, None) => sdk::copy_interfaces(&mut files),
            (Language::None, None) => {}
        }
        Ok(files)
    }
}

/// The plugin's id: the folder's name.
fn id(folder: &Path) -> anyhow::Result<String> {
    let absolute = std::path::absolute(folder).context("the folder's place")?;
    let name = absolute.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !is_plugin_id(&name) {
        bail!(
            "`{name}` cannot be a plugin's id: name the folder with lower-case letters, digits \
             and single hyphens, beginning with a letter"
        );
    }
    Ok(name)
}

/// The files of a scaffold whose names begin with `only`, called after the
/// plugin.
fn scaffold(folder: &str, only: &str, id: &str) -> Files {
    let words: Vec<&str> = id.split('-').collect();
    let title = upper_first(&words.join(" "));
    let type_name: String = words.iter().map(|it| upper_first(it)).collect();
    let module = (ID.replace('-', "_"), id.replace('-', "_"));
    let called = |text: &str| {
        text.replace(ID, id)
            .replace(TITLE, &title)
            .replace(TYPE, &type_name)
            .replace(&module.0, &module.1)
    };
    let files = EMBEDDED.iter().filter_map(|(name, text)| {
        let name = name.strip_prefix(folder).filter(|it| it.starts_with(only))?;
        // A `.gitignore` in our own tree would be obeyed there.
        let name = if name == "gitignore" { ".gitignore" } else { name };
        Some((PathBuf::from(name), called(text)))
    });
    files.collect()
}

fn upper_first(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|it| it.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Writes all files or, if that fails, nothing.
fn write(folder: &Path, files: &Files) -> anyhow::Result<()> {
    let shown = || folder.display().to_string();
    if folder.exists() {
        let mut entries = fs::read_dir(folder).with_context(shown)?;
        if entries.next().is_some() {
            bail!("{} is not empty: name a folder that is not there yet", shown());
        }
        fs::remove_dir(folder).with_context(shown)?;
    }
    let absolute = std::path::absolute(folder).with_context(shown)?;
    let parent = absolute.parent().context("the folder has no parent")?;
    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    let staged = parent.join(format!(".{}.{}.tmp", id(folder)?, std::process::id()));
    let written =
        write_files(&staged, files).and_then(|()| fs::rename(&staged, folder).with_context(shown));
    if written.is_err() {
        // What could not be written is not worth more than this.
        drop(fs::remove_dir_all(&staged));
    }
    written
}

fn write_files(folder: &Path, files: &Files) -> anyhow::Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        let shown = || path.display().to_string();
        fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(shown)?;
        fs::write(&path, text).with_context(shown)?;
    }
    Ok(())
}
