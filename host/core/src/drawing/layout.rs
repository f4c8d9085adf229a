//! Where nodes lie on the canvas: in columns from left to right along their
//! edges.
//!
//! Each group of connected nodes is laid out by itself (Sugiyama's steps: break
//! circles, take the longest path as the column, order each column by the
//! median of the one before it, straighten) and the groups are stacked. Every
//! decision is a comparison of places, never a distance, and ties go by the
//! order of the drawing: a node that is added at the end of something moves the
//! others apart and changes neither their columns nor their order.
//!
//! Of our own, because the crates that do this order by global optimisation, in
//! which one more edge moves everything, and may panic on some graphs.

mod columns;
mod graph;
#[cfg(test)]
mod tests;

use columns::Columns;
use graph::Graph;

/// Where the first node lies, and how far nodes are apart (contract §6.8); a
/// card is at most 280 wide and its usual height 150.
const ORIGIN: f64 = 100.0;
const COLUMN: f64 = 300.0;
const ROW: f64 = 200.0;
/// Nodes without edges stand below each other, so many in a column.
const LOOSE_ROWS: usize = 8;

/// A column and a row, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cell {
    /// From the left.
    pub column: usize,
    /// From the top.
    pub row: usize,
}

impl Cell {
    /// Where it is on the canvas, from the left and from the top.
    pub fn place(self) -> (f64, f64) {
        (ORIGIN + COLUMN * self.column as f64, ORIGIN + ROW * self.row as f64)
    }
}

/// A cell for each node; no two share one. `hints` has an entry for each node:
/// those with a cell of their own get it if it is free, the others lie to the
/// right of them. `edges` name nodes by their places; what they name that is
/// not there, and edges from a node to itself, count for nothing.
pub fn layout(hints: &[Option<Cell>], edges: &[(usize, usize)]) -> Vec<Cell> {
    let mut cells: Vec<Option<Cell>> = vec![None; hints.len()];
    let mut taken = std::collections::HashSet::new();
    for (cell, hint) in cells.iter_mut().zip(hints) {
        *cell = hint.filter(|it| taken.insert(*it));
    }
    let first_column = taken.iter().map(|it| it.column + 1).max().unwrap_or_default();
    let free: Vec<usize> = (0..hints.len()).filter(|it| cells.get(*it) == Some(&None)).collect();
    for (node, cell) in free.iter().zip(laid_out(&free, edges)) {
        if let Some(place) = cells.get_mut(*node) {
            *place = Some(Cell { column: cell.column + first_column, ..cell });
        }
    }
    cells.into_iter().map(|it| it.unwrap_or(Cell { column: 0, row: 0 })).collect()
}

/// Cells of these nodes, in their order.
fn laid_out(nodes: &[usize], edges: &[(usize, usize)]) -> Vec<Cell> {
    let graph = Graph::of(nodes, edges);
    let mut cells = vec![Cell { column: 0, row: 0 }; nodes.len()];
    let mut top = 0;
    let (groups, loose): (Vec<_>, Vec<_>) = graph.groups().into_iter().partition(|it| it.len() > 1);
    for group in groups {
        let mut bottom = top;
        for (node, cell) in Columns::of(&graph, &group).cells() {
            let cell = Cell { row: cell.row + top, ..cell };
            bottom = bottom.max(cell.row + 1);
            if let Some(place) = cells.get_mut(node) {
                *place = cell;
            }
        }
        top = bottom;
    }
    for (n, node) in loose.into_iter().flatten().enumerate() {
        if let Some(place) = cells.get_mut(node) {
            *place = Cell { column: n / LOOSE_ROWS, row: top + n % LOOSE_ROWS };
        }
    }
    cells
}
