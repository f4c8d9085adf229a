//! What plugins say of themselves: names that can be used, texts that can be
//! shown.

use std::collections::BTreeSet;

use bowsprit_host_core::{
    catalogues::{Presence, Standing},
    node_types::{Connection, Descriptor, EdgeDirection, Handle},
};

use super::answers::{Answers, Checked, invalid, kind, object};
use crate::{
    bindings::v0_1::{catalogue, types},
    package::is_kebab,
};

/// Longest title, category, icon or tag, bytes.
const WORD: usize = 200;
/// Longest description, bytes.
const TEXT: usize = 4 << 10;

impl Answers<'_> {
    pub(crate) fn descriptor(&self, from: types::Descriptor) -> Checked<Descriptor> {
        named("node type", &from.name)?;
        let tags_fit = from.tags.iter().all(|it| it.len() <= WORD);
        if !tags_fit || from.description.len() > TEXT {
            return Err(invalid(format!("a text of node type `{}` is too long", from.name)));
        }
        shown("node type", &from.name, &[&from.title, &from.category, &from.icon], "")?;
        let mut ids = BTreeSet::new();
        let handles = self.list("a type's list of handles", from.handles, |it| {
            let is_new = ids.insert(it.id.clone());
            if is_new { self.handle(it) } else { Err(invalid("two handles with one id")) }
        })?;
        let connections = self.list("a type's list of connections", from.connections, |it| {
            let to = self.strings("a connection's list of types", it.to)?;
            Ok(Connection { role: it.role, to })
        })?;
        Ok(Descriptor {
            schema: object("the schema", from.schema)?,
            handles,
            connections,
            tags: self.strings("a type's list of tags", from.tags)?,
            produces: self.list("a type's list of kinds", from.produces, |it| Ok(kind(it)))?,
            name: from.name,
            title: from.title,
            description: from.description,
            category: from.category,
            icon: from.icon,
            schema_version: from.schema_version,
        })
    }

    fn handle(&self, from: types::Handle) -> Checked<Handle> {
        Ok(Handle {
            roles: self.strings("a handle's list of roles", from.roles)?,
            id: from.id,
            direction: match from.direction {
                types::Direction::Incoming => EdgeDirection::Incoming,
                types::Direction::Outgoing => EdgeDirection::Outgoing,
            },
            per_item: from.per_item,
            at_most: from.at_most,
        })
    }

    pub(crate) fn standing(&self, from: catalogue::Match) -> Checked<Standing> {
        Ok(Standing {
            entry: from.entry,
            presence: match from.presence {
                catalogue::Presence::Installed => Presence::Installed,
                catalogue::Presence::Partly => Presence::Partly,
                catalogue::Presence::Missing => Presence::Missing,
            },
            versions: self.list("a match's list of versions", from.versions, |it| Ok(kind(it)))?,
            findings: self.findings(from.findings)?,
        })
    }
}

/// A name that can be part of any other.
pub(crate) fn named(what: &str, name: &str) -> Checked<()> {
    if is_kebab(name) {
        return Ok(());
    }
    let shown: String = name.chars().take(80).collect();
    Err(invalid(format!("a {what} named `{shown}`, which is not kebab-case")))
}

/// Words that are there and short enough, and a text that may be longer.
pub(crate) fn shown(what: &str, name: &str, words: &[&str], text: &str) -> Checked<()> {
    if text.len() <= TEXT && words.iter().all(|it| !it.is_empty() && it.len() <= WORD) {
        return Ok(());
    }
    Err(invalid(format!("a text of {what} `{name}` is missing or too long")))
}
