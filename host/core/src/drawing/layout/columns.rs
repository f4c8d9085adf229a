//! One group of connected nodes in columns.

use std::collections::HashMap;

use super::{Cell, graph::Graph};

/// Nodes in columns, each from top to bottom.
pub(super) struct Columns<'g> {
    graph: &'g Graph,
    columns: Vec<Vec<usize>>,
    /// The row of each node.
    rows: HashMap<usize, usize>,
}

impl<'g> Columns<'g> {
    /// A group of a graph.
    pub(super) fn of(graph: &'g Graph, group: &[usize]) -> Self {
        let mut this = Self { graph, columns: columns(graph, group), rows: HashMap::new() };
        this.order();
        this.straighten();
        this
    }

    /// Where each node lies; the topmost in row 0.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, Cell)> {
        let top = self.rows.values().min().copied().unwrap_or_default();
        let columns = self.columns.iter().enumerate();
        columns.flat_map(move |(column, nodes)| {
            nodes.iter().map(move |node| (*node, Cell { column, row: self.row(*node) - top }))
        })
    }

    /// From left to right, each column in the order of the middle one of the
    /// nodes in the column before that lead to it. Rows follow: beside that
    /// node, or below the one above.
    fn order(&mut self) {
        let mut columns = std::mem::take(&mut self.columns);
        let mut places: HashMap<usize, usize> = HashMap::new();
        for column in &mut columns {
            let middles: HashMap<usize, Option<usize>> =
                column.iter().map(|it| (*it, self.middle_before(*it, &places))).collect();
            let place = |node: &usize| {
                let middle = middles.get(node).copied().flatten();
                (middle.and_then(|it| places.get(&it)).copied(), *node)
            };
            column.sort_by_key(place);
            let mut free = 0;
            for node in column.iter() {
                let middle = middles.get(node).copied().flatten();
                let beside = middle.map(|it| self.row(it)).unwrap_or_default();
                self.rows.insert(*node, free.max(beside));
                free = free.max(beside) + 1;
            }
            places = column.iter().enumerate().map(|(n, node)| (*node, n)).collect();
        }
        self.columns = columns;
    }

    /// The middle one (of two, the upper) of those in the column before that
    /// lead to `node`.
    fn middle_before(&self, node: usize, places: &HashMap<usize, usize>) -> Option<usize> {
        let before = self.graph.before.get(node).into_iter().flatten();
        let mut before: Vec<usize> = before.copied().filter(|it| places.contains_key(it)).collect();
        before.sort_by_key(|it| places.get(it));
        before.get(before.len().saturating_sub(1) / 2).copied()
    }

    /// From right to left and from the bottom up, nodes are moved down beside
    /// the middle one of those they lead to in the next column, where there is
    /// room.
    fn straighten(&mut self) {
        for column in (0..self.columns.len()).rev() {
            let next: Vec<usize> = self.columns.get(column + 1).cloned().unwrap_or_default();
            let nodes = self.columns.get(column).cloned().unwrap_or_default();
            let mut below = usize::MAX;
            for node in nodes.into_iter().rev() {
                let row = self.row(node);
                let beside = self.middle_row_after(node, &next).unwrap_or(row);
                let row = row.max(beside.min(below.saturating_sub(1)));
                self.rows.insert(node, row);
                below = row;
            }
        }
    }

    fn middle_row_after(&self, node: usize, next: &[usize]) -> Option<usize> {
        let after = self.graph.after.get(node)?;
        let mut rows: Vec<usize> =
            next.iter().filter(|it| after.contains(it)).map(|it| self.row(*it)).collect();
        rows.sort_unstable();
        rows.get(rows.len().saturating_sub(1) / 2).copied()
    }

    fn row(&self, node: usize) -> usize {
        self.rows.get(&node).copied().unwrap_or_default()
    }
}

/// The nodes of a group by how many edges lie before them at most, each column
/// in the order of the drawing.
fn columns(graph: &Graph, group: &[usize]) -> Vec<Vec<usize>> {
    let before = |node: &usize| graph.before.get(*node).map_or(0, Vec::len);
    let mut waiting: HashMap<usize, usize> = group.iter().map(|it| (*it, before(it))).collect();
    let mut column: Vec<usize> = group.iter().filter(|it| before(it) == 0).copied().collect();
    let mut columns = Vec::new();
    // A node is ready when the last of those before it is placed, which is one
    // column to its left.
    while !column.is_empty() {
        let mut ready = Vec::new();
        for next in column.iter().filter_map(|it| graph.after.get(*it)).flatten() {
            if let Some(count) = waiting.get_mut(next) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push(*next);
                }
            }
        }
        ready.sort_unstable();
        columns.push(std::mem::replace(&mut column, ready));
    }
    columns
}
