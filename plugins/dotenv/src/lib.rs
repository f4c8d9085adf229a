//! The `dotenv` importer: an `.env` file becomes a `configmap` node and a
//! `secret` node.

mod draw;
mod expand;
mod parse;
mod sensitive;

use bowsprit_plugin_sdk::importer::{Description, Drawing, Importer, Source};
use bowsprit_plugin_sdk::{Failure, Object, Report, rules};

/// Bytes of each file that are looked at to recognise it.
const HEAD: u32 = 4096;

/// `.env` files.
#[derive(Debug)]
pub struct Dotenv;

impl Importer for Dotenv {
    const NAME: &'static str = "dotenv";

    fn describe() -> Description {
        Description {
            title: "Environment file",
            claims: &["**/.env", "**/.env.*", "**/*.env"],
            options: include_str!("options.schema.json"),
        }
    }

    fn detect(source: &Source<'_>) -> u8 {
        let files = source.list().entries;
        let mine: Vec<_> = files.iter().filter(|it| is_environment(&it.path)).collect();
        let is_readable = mine.iter().any(|it| {
            let head = source.head(&it.path, HEAD);
            let text = String::from_utf8_lossy(&head);
            parse::parse(&text).iter().any(|it| matches!(it.item, parse::Item::Setting { .. }))
        });
        match (mine.is_empty(), is_readable) {
            (true, _) => 0,
            // Something else is what the source is about.
            (false, _) if mine.len() < files.len() => 30,
            (false, true) => 90,
            (false, false) => 10,
        }
    }

    fn analyze(
        source: &Source<'_>,
        options: &Object<'_>,
        drawing: &mut Drawing,
    ) -> Result<(), Failure> {
        let options = Options::read(options)?;
        for file in source.list().entries.iter().filter(|it| is_environment(&it.path)) {
            let text = source.text(&file.path)?;
            draw::file(&file.path, &text, &options, drawing)?;
        }
        let none = || Vec::<Object<'_>>::new();
        let summary = Object::new().with("networks", none()).with("services", none());
        drawing.summary(&summary.with("volumes", none()));
        Ok(())
    }
}

/// What the user chose.
pub(crate) struct Options {
    /// What nodes are called after.
    pub(crate) name: Option<String>,
    pub(crate) namespace: String,
}

impl Options {
    fn read(options: &Object<'_>) -> Result<Self, Failure> {
        let mut report = Report::about_source(Dotenv::NAME);
        let fields = bowsprit_plugin_sdk::Fields::new(options, bowsprit_plugin_sdk::Place::ROOT);
        let name = report.optional(fields.text_by("name", rules::dns_label));
        let namespace = report.optional(fields.text_by("namespace", rules::dns_label));
        if report.has_errors() {
            return Err(report.into_failure());
        }
        Ok(Self {
            name: name.map(Into::into),
            namespace: namespace.map_or_else(|| "default".to_owned(), Into::into),
        })
    }
}

/// Whether a path is that of an environment file.
fn is_environment(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == ".env" || name.starts_with(".env.") || name.ends_with(".env")
}

bowsprit_plugin_sdk::export_importers!(Dotenv);

#[cfg(test)]
mod tests;
