//! Layout: places on the canvas for the nodes of a drawing.

use std::{borrow::Cow, collections::HashMap};

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{Drafts, Drawn};
use crate::{
    Error, Result,
    access::Caller,
    drawing::layout::{Cell, layout},
    id::Id,
};

/// Places on the canvas.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Layout {
    /// By node, in the order of the drawing.
    #[schemars(with = "HashMap<String, Position>")]
    positions: IndexMap<String, Position>,
}

/// The upper left corner of a card.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
struct Position {
    x: f64,
    y: f64,
}

/// As much of a node as a layout needs: a drawing without positions has one.
#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Ends {
    source: String,
    target: String,
}

impl Drafts {
    /// Places for all nodes, along their edges; what is saved or sent of
    /// positions counts for nothing.
    pub async fn layout(
        &self,
        caller: &Caller,
        workflow: Id,
        Drawn { nodes, edges }: Drawn<'_>,
    ) -> Result<Layout> {
        let saved = self.workflows.drawn(caller, workflow).await?.drawing;
        let parts = saved.parts()?;
        let nodes: Vec<Cow<'_, str>> = match nodes {
            Some(list) => read::<Named>("nodes", list, "must be an object with the text `id`")?
                .into_iter()
                .map(|it| it.id.into())
                .collect(),
            None => parts.nodes.into_iter().map(|it| it.id).collect(),
        };
        let edges: Vec<(Cow<'_, str>, Cow<'_, str>)> = match edges {
            Some(list) => {
                let problem = "must be an object with the texts `source` and `target`";
                let ends = read::<Ends>("edges", list, problem)?.into_iter();
                ends.map(|it| (it.source.into(), it.target.into())).collect()
            }
            None => parts.edges.into_iter().map(|it| (it.source, it.target)).collect(),
        };
        self.workflows.limits().check(nodes.len(), edges.len())?;
        placed(&nodes, &edges)
    }
}

/// The items of a list; the error names the first that is not as it should be.
fn read<T: DeserializeOwned>(field: &str, list: &RawValue, problem: &str) -> Result<Vec<T>> {
    let items: Vec<&RawValue> =
        serde_json::from_str(list.get()).map_err(|_| Error::invalid(field, "must be a list"))?;
    let read = |(n, item): (usize, &RawValue)| {
        serde_json::from_str(item.get())
            .map_err(|_| Error::invalid(format!("{field}.{n}"), problem))
    };
    items.into_iter().enumerate().map(read).collect()
}

fn placed(nodes: &[Cow<'_, str>], edges: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Layout> {
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(nodes.len());
    for (n, id) in nodes.iter().enumerate() {
        if places.insert(id, n).is_some() {
            return Err(Error::invalid(format!("nodes.{n}.id"), "is used by an earlier node"));
        }
    }
    let place = |id: &Cow<'_, str>| places.get(id.as_ref()).copied();
    let ends: Vec<(usize, usize)> =
        edges.iter().filter_map(|(from, to)| place(from).zip(place(to))).collect();
    let cells = layout(&vec![None; nodes.len()], &ends).into_iter();
    let positions = cells.map(Cell::place).map(|(x, y)| Position { x, y });
    Ok(Layout { positions: nodes.iter().map(|it| it.to_string()).zip(positions).collect() })
}
