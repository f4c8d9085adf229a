use proptest::prelude::*;

use super::*;

type Edges = Vec<(usize, usize)>;

fn free(count: usize) -> Vec<Option<Cell>> {
    vec![None; count]
}

fn cell(column: usize, row: usize) -> Cell {
    Cell { column, row }
}

/// Edges of any kind, also to themselves and to what is not there.
fn any_graph(most: usize) -> impl Strategy<Value = (usize, Edges)> {
    (1..most).prop_flat_map(|count| {
        let edge = (0..count + 2, 0..count + 2);
        (Just(count), prop::collection::vec(edge, 0..count * 2))
    })
}

/// Edges without circles: from the lower to the higher number of a shuffled
/// drawing.
fn tree_like(most: usize) -> impl Strategy<Value = (usize, Edges)> {
    (2..most).prop_flat_map(|count| {
        let names = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        let edges = prop::collection::vec((0..count, 0..count), 0..count * 2);
        (Just(count), names, edges).prop_map(|(count, names, edges)| {
            let ordered = edges.into_iter().filter(|(a, b)| a != b);
            let named = ordered.map(|(a, b)| (names[a.min(b)], names[a.max(b)]));
            (count, named.collect::<Edges>())
        })
    })
}

/// Nodes column by column, each from top to bottom.
fn order(cells: &[Cell]) -> Vec<usize> {
    let mut nodes: Vec<usize> = (0..cells.len()).collect();
    nodes.sort_by_key(|it| (cells[*it].column, cells[*it].row));
    nodes
}

proptest! {
    #[test]
    fn no_two_nodes_overlap((count, edges) in any_graph(60)) {
        let cells = layout(&free(count), &edges);
        let different: std::collections::HashSet<_> = cells.iter().collect();
        prop_assert_eq!(different.len(), count);
    }

    #[test]
    fn edges_lead_to_the_right((count, edges) in tree_like(60)) {
        let cells = layout(&free(count), &edges);
        for (from, to) in edges {
            prop_assert!(cells[from].column < cells[to].column, "{} to {}", from, to);
        }
    }

    #[test]
    fn the_order_of_edges_is_of_no_consequence((count, mut edges) in any_graph(40)) {
        let cells = layout(&free(count), &edges);
        edges.reverse();
        prop_assert_eq!(layout(&free(count), &edges), cells);
    }

    #[test]
    fn a_node_added_at_an_end_changes_neither_columns_nor_order(
        (count, mut edges) in tree_like(40), at in 0..40_usize,
    ) {
        let is_joined = |node: &usize| edges.iter().any(|it| it.0 == *node || it.1 == *node);
        let joined: Vec<usize> = (0..count).filter(is_joined).collect();
        // Joining a loose node to another makes a new group of the two.
        prop_assume!(joined.contains(&at));
        let before = layout(&free(count), &edges);
        edges.push((at, count));
        let after = layout(&free(count + 1), &edges);
        for node in &joined {
            prop_assert_eq!(before[*node].column, after[*node].column);
        }
        let kept = |cells: &[Cell]| -> Vec<usize> {
            order(cells).into_iter().filter(|it| joined.contains(it)).collect()
        };
        prop_assert_eq!(kept(&before), kept(&after));
    }

    #[test]
    fn other_groups_only_move_down_together((count, edges) in tree_like(30)) {
        // A pair of its own, drawn last: nothing that is connected moves.
        let before = layout(&free(count), &edges);
        let mut more = edges.clone();
        more.push((count, count + 1));
        let after = layout(&free(count + 2), &more);
        for (from, to) in &edges {
            prop_assert_eq!((before[*from], before[*to]), (after[*from], after[*to]));
        }
    }
}

#[test]
fn a_chain_is_a_line_and_a_fan_is_centred() {
    assert_eq!(layout(&free(3), &[(0, 1), (1, 2)]), [cell(0, 0), cell(1, 0), cell(2, 0)]);
    let fan = layout(&free(4), &[(0, 1), (0, 2), (0, 3)]);
    assert_eq!(fan, [cell(0, 1), cell(1, 0), cell(1, 1), cell(1, 2)]);
    let funnel = layout(&free(4), &[(0, 3), (1, 3), (2, 3)]);
    assert_eq!(funnel[3], cell(1, 1));
}

#[test]
fn settings_beside_a_shop_cross_no_edges() {
    // Two settings, each for the workload of the other's number.
    let cells = layout(&free(5), &[(0, 3), (1, 2), (2, 4), (3, 4)]);
    assert_eq!(cells[0].row, cells[3].row);
    assert_eq!(cells[1].row, cells[2].row);
}

#[test]
fn groups_are_stacked_and_loose_nodes_stand_below() {
    let cells = layout(&free(6), &[(0, 1), (2, 3)]);
    assert_eq!(cells[2], cell(0, 1));
    assert_eq!((cells[4], cells[5]), (cell(0, 2), cell(0, 3)));
    let loose = layout(&free(LOOSE_ROWS + 1), &[]);
    assert_eq!(loose[LOOSE_ROWS], cell(1, 0));
}

#[test]
fn who_has_a_place_keeps_it() {
    let hints = [Some(cell(1, 5)), None, Some(cell(1, 5)), None];
    let cells = layout(&hints, &[(0, 1), (1, 3)]);
    assert_eq!(cells[0], cell(1, 5));
    assert_eq!((cells[1], cells[3]), (cell(2, 0), cell(3, 0)));
    assert_eq!(cells[2], cell(2, 1), "the place is taken");
    assert_eq!(cell(1, 2).place(), (400.0, 500.0));
}

#[test]
fn circles_and_long_chains_end() {
    let circle = layout(&free(3), &[(0, 1), (1, 2), (2, 0)]);
    assert_eq!(circle, [cell(0, 0), cell(1, 0), cell(2, 0)]);
    let chain: Edges = (1..2_000).map(|n| (n - 1, n)).collect();
    assert_eq!(layout(&free(2_000), &chain)[1_999], cell(1_999, 0));
}
