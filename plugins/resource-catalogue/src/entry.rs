//! The entry of a document, and how it stands on a cluster.

use bowsprit_plugin_sdk::catalogue::{Entry, Match, Presence, Served};
use bowsprit_plugin_sdk::{Finding, Kind, Severity};

use crate::catalogue::{Document, Offered};

impl Document {
    /// The entry.
    pub(crate) fn entry(&self) -> Entry {
        Entry {
            id: self.id.clone(),
            title: self.title.clone(),
            description: self.description.clone(),
            category: self.category.clone(),
            icon: self.icon.clone(),
            version: self.version.clone(),
            kinds: self.kinds.iter().flat_map(Offered::kinds).collect(),
            node_types: self.types.iter().map(|it| it.head.name.clone()).collect(),
            install: self.install.clone(),
        }
    }

    /// Which of its kinds a cluster serves, and in which versions.
    pub(crate) fn standing(&self, served: &[Served]) -> Match {
        let mut versions = Vec::new();
        let mut findings = Vec::new();
        let mut lacking = false;
        for offered in &self.kinds {
            if let Some(kind) = offered.kinds().find(|it| served.iter().any(|one| one.kind == *it))
            {
                versions.push(kind);
                continue;
            }
            lacking |= !offered.optional;
            findings.push(self.lack(offered, served));
        }
        let presence = match versions.len() {
            0 => Presence::Missing,
            _ if lacking => Presence::Partly,
            _ => Presence::Installed,
        };
        Match { entry: self.id.clone(), presence, versions, findings }
    }

    fn lack(&self, offered: &Offered, served: &[Served]) -> Finding {
        let Offered { group, kind, plural, .. } = offered;
        let others = served.iter().map(|it| &it.kind);
        let others = others.filter(|it| it.group == *group && it.kind == *kind);
        let others: Vec<_> = others.map(|it| it.version.as_str()).collect();
        let known = offered.versions.join(", ");
        let (code, message) = if others.is_empty() {
            ("kind.missing", format!("The cluster does not know {kind} ({plural}.{group})."))
        } else {
            let others = others.join(", ");
            let message = format!(
                "The cluster serves {kind} ({plural}.{group}) as {others} only, not as {known}."
            );
            ("kind.version", message)
        };
        let needed = !offered.optional;
        Finding {
            code: format!("{}.{code}", self.id),
            severity: if needed { Severity::Error } else { Severity::Info },
            message,
            node: None,
            at: None,
            suggestion: Some(format!("Install {}: {}", self.title, self.install)),
            fixes: Vec::new(),
        }
    }
}

impl Offered {
    /// The kind in each version, the preferred one first.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.versions.iter().map(|version| Kind {
            group: self.group.clone(),
            version: version.clone(),
            kind: self.kind.clone(),
        })
    }
}
