//! One file that `kubectl apply -f` takes.

use super::{
    files::{Files, comment, yaml},
    objects::Source,
    placeholders::Placeholders,
};
use crate::Result;

pub(super) fn files(source: &Source) -> Result<Files> {
    let mut placeholders = Placeholders::default();
    let mut documents = Vec::new();
    for (_, body) in source.namespaces() {
        documents.push(yaml(&body)?);
    }
    for object in source.objects() {
        documents.push(yaml(&placeholders.put(object))?);
    }
    let text = header(source, &placeholders) + &documents.join("---\n");
    let mut files = Files::default();
    files.add(format!("{}.yaml", source.name), text);
    Ok(files)
}

/// What it is, and what has to be filled in.
pub(super) fn header(source: &Source, placeholders: &Placeholders) -> String {
    let mut text = format!("The workflow `{}`, exported by Bowsprit.\n", source.title.trim());
    let mut names = placeholders.names().peekable();
    if names.peek().is_some() {
        text.push_str("Before it is applied, values have to take the place of\n");
        names.for_each(|it| text.push_str(&format!("  ${{{it}}}\n")));
    }
    comment(&(text + &left_out(source)))
}

/// Says which nodes are not in an export, as they are not in a run.
pub(super) fn left_out(source: &Source) -> String {
    let line = |(node, type_name): &(String, String)| {
        format!("Left out is `{node}`: no plugin provides `{type_name}`.\n")
    };
    source.plan.skipped.iter().map(line).collect()
}
