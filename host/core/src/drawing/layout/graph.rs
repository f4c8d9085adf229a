//! A graph without circles, and its connected groups.

use std::collections::{BTreeSet, HashMap};

/// Edges by both ends, each once, nodes by their places.
#[derive(Debug)]
pub(super) struct Graph {
    /// Nodes that each one's edges lead to.
    pub(super) after: Vec<Vec<usize>>,
    /// Nodes whose edges lead to it.
    pub(super) before: Vec<Vec<usize>>,
}

/// How far a search has come with a node.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    OnPath,
    Done,
}

impl Graph {
    /// The graph of some nodes. An edge that closes a circle is turned round.
    pub(super) fn of(nodes: &[usize], edges: &[(usize, usize)]) -> Self {
        let places: HashMap<usize, usize> =
            nodes.iter().enumerate().map(|(n, node)| (*node, n)).collect();
        let mut drawn: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); nodes.len()];
        for (from, to) in edges.iter().filter(|(from, to)| from != to) {
            if let Some((from, to)) = places.get(from).zip(places.get(to))
                && let Some(after) = drawn.get_mut(*from)
            {
                after.insert(*to);
            }
        }
        let mut graph =
            Self { after: vec![Vec::new(); nodes.len()], before: vec![Vec::new(); nodes.len()] };
        for (from, to) in without_circles(&drawn) {
            graph.connect(from, to);
        }
        graph.after.iter_mut().chain(&mut graph.before).for_each(|it| {
            it.sort_unstable();
            it.dedup();
        });
        graph
    }

    fn connect(&mut self, from: usize, to: usize) {
        if let (Some(after), Some(before)) = (self.after.get_mut(from), self.before.get_mut(to)) {
            after.push(to);
            before.push(from);
        }
    }

    /// Nodes that are connected, each group and all groups in the order of
    /// the drawing.
    pub(super) fn groups(&self) -> Vec<Vec<usize>> {
        let mut seen = vec![false; self.after.len()];
        let mut groups = Vec::new();
        for first in 0..self.after.len() {
            let mut group = Vec::new();
            let mut open = vec![first];
            while let Some(node) = open.pop() {
                let Some(seen) = seen.get_mut(node).filter(|it| !**it) else { continue };
                *seen = true;
                group.push(node);
                let ends = [&self.after, &self.before].map(|it| it.get(node));
                open.extend(ends.into_iter().flatten().flatten());
            }
            group.sort_unstable();
            if !group.is_empty() {
                groups.push(group);
            }
        }
        groups
    }
}

/// All edges, those that lead back on the path of a depth-first search turned
/// round. Without recursion: a drawing may be one long chain.
fn without_circles(drawn: &[BTreeSet<usize>]) -> Vec<(usize, usize)> {
    let mut marks = vec![Mark::New; drawn.len()];
    let mut edges = Vec::new();
    let incoming: BTreeSet<usize> = drawn.iter().flatten().copied().collect();
    // From the beginnings first: a search from the middle of a chain would turn
    // nothing round, but one of a circle should begin where people do.
    let (inner, beginnings): (Vec<usize>, Vec<usize>) =
        (0..drawn.len()).partition(|it| incoming.contains(it));
    for first in beginnings.into_iter().chain(inner) {
        if marks.get(first) != Some(&Mark::New) {
            continue;
        }
        let mut path = vec![(first, drawn.get(first).into_iter().flatten())];
        set(&mut marks, first, Mark::OnPath);
        while let Some((node, rest)) = path.last_mut() {
            let node = *node;
            let Some(next) = rest.next().copied() else {
                set(&mut marks, node, Mark::Done);
                path.pop();
                continue;
            };
            match marks.get(next).copied() {
                Some(Mark::OnPath) => edges.push((next, node)),
                Some(Mark::New) => {
                    edges.push((node, next));
                    set(&mut marks, next, Mark::OnPath);
                    path.push((next, drawn.get(next).into_iter().flatten()));
                }
                _ => edges.push((node, next)),
            }
        }
    }
    edges
}

fn set(marks: &mut [Mark], node: usize, mark: Mark) {
    if let Some(it) = marks.get_mut(node) {
        *it = mark;
    }
}
