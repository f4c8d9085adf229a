//! What edges between node types can mean, as their plugins say it.

use serde::{Deserialize, Serialize};

use super::{Descriptor, Json};

/// Stands for every type whose public view provides the role.
const ANY: &str = "*";

/// How an edge lies relative to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EdgeDirection {
    /// It ends at the node.
    Incoming,
    /// It starts at the node.
    Outgoing,
}

/// A point on a node's card where edges can end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Handle {
    /// Unique within the type; a prefix of an item's id if `per_item` is set.
    pub id: String,
    /// Whether edges start or end here.
    pub direction: EdgeDirection,
    /// What edges here can do.
    pub roles: Vec<String>,
    /// JSON pointer to a list in the data; there is a handle for each item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_item: Option<String>,
    /// Most edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
}

/// A meaning that an edge of a type can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// What it does: `selects`, `mounts`, …
    pub role: String,
    /// Types it may lead to.
    pub to: Vec<String>,
}

/// One end of an edge, drawn or possible.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// The node's type.
    pub descriptor: &'a Descriptor,
    /// Roles that its public view provides.
    pub provides: &'a [String],
}

impl<'a> End<'a> {
    /// What an edge between the two can mean, whichever way it is drawn: the
    /// roles in which one uses the other, this end's own first.
    pub fn roles_with(self, other: Self) -> Vec<&'a str> {
        let mut roles = self.uses(other);
        for role in other.uses(self) {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        roles
    }

    /// The roles in which this end uses the other.
    pub fn uses(self, other: Self) -> Vec<&'a str> {
        let name = &other.descriptor.name;
        let leads_there = |it: &&Connection| {
            let provided = || other.provides.contains(&it.role);
            it.to.iter().any(|to| to == name || to == ANY && provided())
        };
        let connections = self.descriptor.connections.iter().filter(leads_there);
        connections.map(|it| it.role.as_str()).collect()
    }
}

/// The roles that a public view provides.
pub(crate) fn provided_by(view: &Json) -> Vec<String> {
    #[derive(Default, Deserialize)]
    struct View {
        #[serde(default)]
        provides: Vec<String>,
    }
    serde_json::from_str::<View>(view).unwrap_or_default().provides
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(name: &str, connections: &[(&str, &str)]) -> Descriptor {
        let connection =
            |(role, to): &(&str, &str)| Connection { role: (*role).into(), to: vec![(*to).into()] };
        Descriptor {
            name: name.into(),
            title: String::new(),
            description: String::new(),
            category: String::new(),
            icon: String::new(),
            tags: Vec::new(),
            schema_version: 1,
            schema: "{}".into(),
            handles: Vec::new(),
            connections: connections.iter().map(connection).collect(),
            produces: Vec::new(),
        }
    }

    #[test]
    fn an_edge_means_the_same_whichever_way_it_is_drawn() {
        let (route, app) = (descriptor("route", &[("leads", "*")]), descriptor("app", &[]));
        let leads = ["leads".to_owned()];
        let route = End { descriptor: &route, provides: &[] };
        let app = End { descriptor: &app, provides: &leads };
        assert_eq!(route.roles_with(app), ["leads"]);
        assert_eq!(app.roles_with(route), ["leads"]);
        assert!(route.roles_with(route).is_empty(), "it provides nothing");
    }

    #[test]
    fn a_type_that_is_named_need_not_provide_the_role() {
        let settings = descriptor("settings", &[("mounts", "app")]);
        let (app, other) = (descriptor("app", &[]), descriptor("other", &[]));
        let [settings, app, other] =
            [&settings, &app, &other].map(|descriptor| End { descriptor, provides: &[] });
        assert_eq!(settings.roles_with(app), ["mounts"]);
        assert!(settings.roles_with(other).is_empty());
    }

    #[test]
    fn a_view_that_cannot_be_read_provides_nothing() {
        assert_eq!(provided_by(&r#"{"provides":["a","b"]}"#.into()), ["a", "b"]);
        for odd in ["{}", "[]", r#"{"provides":5}"#, "no"] {
            assert!(provided_by(&odd.to_owned()).is_empty(), "{odd}");
        }
    }
}
