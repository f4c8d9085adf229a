//! What is wrong with a drawing as a graph, and who is whose neighbour.

use std::collections::{HashMap, HashSet};

use crate::{
    drawing::{EdgeView, Parts},
    node_types::{EdgeDirection, Finding, Severity},
};

/// Something wrong with a graph.
pub(crate) struct Flaw {
    pub(crate) finding: Finding,
    /// The edge it is about, by its place in the drawing.
    pub(crate) edge: Option<usize>,
}

/// Cycles and edges that lead nowhere. Neither keeps a drawing from being run:
/// an edge means something in whichever direction it is drawn, and objects are
/// applied in the order of their kinds.
pub(crate) fn check(parts: &Parts<'_>) -> Vec<Flaw> {
    let ids: HashSet<&str> = parts.nodes.iter().map(|it| it.id.as_ref()).collect();
    let mut findings = Vec::new();
    for (n, edge) in parts.edges.iter().enumerate() {
        for (end, other) in [(&edge.source, &edge.target), (&edge.target, &edge.source)] {
            if !ids.contains(end.as_ref()) {
                let node = ids.contains(other.as_ref()).then(|| other.to_string());
                let finding = finding(
                    "graph.edge.dangling",
                    Severity::Warning,
                    format!("the edge `{}` leads to `{end}`, which is not in the drawing", edge.id),
                    node,
                    "remove the edge, or draw it anew",
                );
                findings.push(Flaw { finding, edge: Some(n) });
            }
        }
    }
    findings.extend(cycle(parts).into_iter().map(|id| {
        let finding = finding(
            "graph.cycle",
            Severity::Warning,
            format!("the node `{id}` is part of a circle of edges"),
            Some(id.to_owned()),
            "remove an edge of the circle if it is not meant; what is applied first is not said by edges",
        );
        Flaw { finding, edge: None }
    }));
    findings
}

fn finding(
    code: &str,
    severity: Severity,
    message: String,
    node: Option<String>,
    suggestion: &str,
) -> Finding {
    let suggestion = Some(suggestion.to_owned());
    Finding { code: code.into(), severity, message, node, at: None, suggestion, fixes: Vec::new() }
}

/// The nodes that lie on a cycle, in the order of the drawing: those that
/// remain when nodes without unvisited successors, and then those without
/// unvisited predecessors, are taken away (Kahn's algorithm, both ways). Two
/// nodes that are connected both ways are no cycle: that is one connection
/// drawn twice.
fn cycle<'a>(parts: &'a Parts<'_>) -> Vec<&'a str> {
    let ids: Vec<&str> = parts.nodes.iter().map(|it| it.id.as_ref()).collect();
    let index: HashMap<&str, usize> = ids.iter().enumerate().map(|(n, id)| (*id, n)).collect();
    let drawn: HashSet<(usize, usize)> = parts
        .edges
        .iter()
        .filter_map(|it| Some((*index.get(it.source.as_ref())?, *index.get(it.target.as_ref())?)))
        .collect();
    let is_one_way = |(from, to): &(usize, usize)| from == to || !drawn.contains(&(*to, *from));
    let edges: Vec<(usize, usize)> = drawn.iter().copied().filter(is_one_way).collect();
    let reversed: Vec<_> = edges.iter().map(|(from, to)| (*to, *from)).collect();
    let forward = unsorted(ids.len(), &edges);
    let backward = unsorted(ids.len(), &reversed);
    ids.into_iter()
        .zip(forward.into_iter().zip(backward))
        .filter_map(|(id, (forward, backward))| (forward && backward).then_some(id))
        .collect()
}

/// For each node whether a topological sort cannot reach it.
fn unsorted(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut successors = vec![Vec::new(); nodes];
    let mut incoming = vec![0_usize; nodes];
    for (from, to) in edges {
        if let (Some(list), Some(count)) = (successors.get_mut(*from), incoming.get_mut(*to)) {
            list.push(*to);
            *count += 1;
        }
    }
    let mut ready: Vec<usize> =
        incoming.iter().enumerate().filter(|(_, count)| **count == 0).map(|(n, _)| n).collect();
    let mut left = vec![true; nodes];
    while let Some(node) = ready.pop() {
        if let Some(it) = left.get_mut(node) {
            *it = false;
        }
        for next in successors.get(node).into_iter().flatten() {
            if let Some(count) = incoming.get_mut(*next) {
                *count -= 1;
                if *count == 0 {
                    ready.push(*next);
                }
            }
        }
    }
    left
}

/// Another node as seen along one edge.
pub(super) struct Link<'a> {
    pub(super) edge: &'a EdgeView<'a>,
    pub(super) direction: EdgeDirection,
    pub(super) other: &'a str,
}

impl Link<'_> {
    pub(super) fn handles(&self) -> (Option<String>, Option<String>) {
        let text = |it: &Option<std::borrow::Cow<'_, str>>| it.as_ref().map(|it| it.to_string());
        let (source, target) = (text(&self.edge.source_handle), text(&self.edge.target_handle));
        match self.direction {
            EdgeDirection::Outgoing => (source, target),
            EdgeDirection::Incoming => (target, source),
        }
    }
}

/// Every node's links, in the order of the edges. Edges that lead nowhere and
/// edges from a node to itself link nothing.
pub(super) fn links<'a>(parts: &'a Parts<'a>) -> HashMap<&'a str, Vec<Link<'a>>> {
    let ids: HashSet<&str> = parts.nodes.iter().map(|it| it.id.as_ref()).collect();
    let mut links: HashMap<&str, Vec<Link<'_>>> = HashMap::new();
    for edge in &parts.edges {
        let (source, target) = (edge.source.as_ref(), edge.target.as_ref());
        if source == target || !ids.contains(source) || !ids.contains(target) {
            continue;
        }
        let outgoing = Link { edge, direction: EdgeDirection::Outgoing, other: target };
        links.entry(source).or_default().push(outgoing);
        let incoming = Link { edge, direction: EdgeDirection::Incoming, other: source };
        links.entry(target).or_default().push(incoming);
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_edges(edges: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
        let nodes = ["a", "b", "c", "d"].map(|id| format!(r#"{{"id":"{id}","type":"t"}}"#));
        let edges: Vec<_> = edges
            .iter()
            .map(|(from, to)| format!(r#"{{"id":"e","source":"{from}","target":"{to}"}}"#))
            .collect();
        let text = format!(r#"{{"nodes":[{}],"edges":[{}]}}"#, nodes.join(","), edges.join(","));
        let parts: Parts<'_> = serde_json::from_str(&text).unwrap();
        check(&parts).into_iter().map(|it| (it.finding.code, it.finding.node)).collect()
    }

    #[test]
    fn a_tree_is_fine() {
        assert!(check_edges(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]).is_empty());
    }

    #[test]
    fn names_the_nodes_of_a_cycle_only() {
        let found = check_edges(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]);
        let nodes: Vec<_> = found.iter().filter_map(|(_, node)| node.as_deref()).collect();
        assert_eq!(nodes, ["a", "b", "c"]);
        assert!(found.iter().all(|(code, _)| code == "graph.cycle"));
        assert_eq!(check_edges(&[("a", "a")]), [("graph.cycle".to_owned(), Some("a".to_owned()))]);
    }

    #[test]
    fn a_connection_drawn_both_ways_is_no_cycle() {
        assert!(check_edges(&[("a", "b"), ("b", "a"), ("b", "c"), ("b", "a")]).is_empty());
        assert!(check_edges(&[("a", "b"), ("b", "a"), ("b", "c"), ("c", "a")]).is_empty());
    }

    #[test]
    fn names_the_node_an_edge_hangs_on() {
        let found = check_edges(&[("a", "zz")]);
        assert_eq!(found, [("graph.edge.dangling".to_owned(), Some("a".to_owned()))]);
    }
}
