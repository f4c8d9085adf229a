//! Where suggested nodes lie on the canvas.

use std::collections::HashMap;

use crate::importers::{DrawnEdge, DrawnNode};

/// Where the first node lies, and how far nodes are apart (contract, layout).
const ORIGIN: f64 = 100.0;
const COLUMN: f64 = 300.0;
const ROW: f64 = 200.0;

/// A place on the canvas for each node, in their order. A node with a hint goes
/// there. The others follow their edges from left to right, to the right of
/// those with a hint, and down in their order.
pub(super) fn positions(nodes: &[DrawnNode], edges: &[DrawnEdge]) -> Vec<(f64, f64)> {
    let hinted = nodes.iter().filter_map(|it| it.hint).map(|(column, _)| column.saturating_add(1));
    let first_free = hinted.max().unwrap_or_default();
    let depths = depths(nodes, edges);
    let mut filled: HashMap<u32, u32> = HashMap::new();
    let place = |node: &DrawnNode| {
        let (column, row) = node.hint.unwrap_or_else(|| {
            let depth = depths.get(node.id.as_str()).copied().unwrap_or_default();
            let column = first_free.saturating_add(depth);
            let row = filled.entry(column).or_default();
            *row += 1;
            (column, *row - 1)
        });
        (ORIGIN + COLUMN * f64::from(column), ORIGIN + ROW * f64::from(row))
    };
    nodes.iter().map(place).collect()
}

/// How many edges lie before each node at most. Edges in a circle count as far
/// as there are nodes.
fn depths<'n>(nodes: &'n [DrawnNode], edges: &[DrawnEdge]) -> HashMap<&'n str, u32> {
    let mut depths: HashMap<&str, u32> = nodes.iter().map(|it| (it.id.as_str(), 0)).collect();
    for _ in nodes {
        let mut changed = false;
        for edge in edges {
            let Some(before) = depths.get(edge.source.as_str()).copied() else { continue };
            let Some(depth) = depths.get_mut(edge.target.as_str()) else { continue };
            if *depth <= before && (before as usize) < nodes.len() {
                *depth = before + 1;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    depths
}
