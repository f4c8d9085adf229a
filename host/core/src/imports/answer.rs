//! An analysis as the frontend takes it (contract §6.2).

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::Sealed;
use crate::{
    Error, Result,
    drawing::layout::{Cell, layout},
    id::Id,
    importers::{Analysis, DrawnEdge, DrawnNode, Fate, Question, Trace},
    node_types::{Finding, Severity},
};

/// A place on the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Position {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A node to draw.
#[derive(Debug, Serialize)]
pub struct SuggestedNode {
    id: String,
    #[serde(rename = "type")]
    type_name: String,
    position: Position,
    data: Box<RawValue>,
}

/// An edge to draw.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SuggestedEdge {
    id: String,
    source: String,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_handle: Option<String>,
}

/// Something that could not be drawn.
#[derive(Debug, Serialize)]
struct Fault {
    code: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

/// A secret that waits for its value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Missing {
    node_id: String,
    key: String,
}

/// What became of one thing the source says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    key: String,
    fate: &'static str,
    path: String,
    line: u32,
    column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    node_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Something only the user knows.
#[derive(Debug, Serialize)]
struct Asked {
    id: String,
    text: String,
    choices: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
}

/// A source as a drawing, with all there is to know about it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportAnalysis {
    detected_type: String,
    services: Value,
    volumes: Value,
    networks: Value,
    warnings: Vec<String>,
    errors: Vec<Fault>,
    suggested_nodes: Vec<SuggestedNode>,
    suggested_edges: Vec<SuggestedEdge>,
    layout_positions: BTreeMap<String, Position>,
    needs_build: bool,
    // What follows is beyond the contract; a client that sends an analysis
    // back sends it along.
    traces: Vec<Told>,
    questions: Vec<Asked>,
    missing_secrets: Vec<Missing>,
    /// By node and key.
    sealed_secrets: BTreeMap<String, BTreeMap<String, String>>,
}

impl ImportAnalysis {
    /// What an importer made of a source, its secret values sealed.
    pub(super) fn of(importer: &str, from: Analysis, seal: &Sealed<'_>) -> Result<Self> {
        let positions = positions(&from.nodes, &from.edges);
        let ids = from.nodes.iter().map(|it| it.id.clone());
        let layout_positions = ids.zip(positions.iter().copied()).collect();
        let mut suggested_nodes = Vec::with_capacity(from.nodes.len());
        for (node, position) in from.nodes.into_iter().zip(positions) {
            let data = RawValue::from_string(node.data).map_err(Error::internal)?;
            let (id, type_name) = (node.id, node.type_name);
            suggested_nodes.push(SuggestedNode { id, type_name, position, data });
        }
        let mut sealed_secrets: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for it in from.secrets {
            let sealed = seal.seal(&it.node, &it.key, &it.value)?;
            sealed_secrets.entry(it.node).or_default().insert(it.key, sealed);
        }
        let mut summary: Map<String, Value> =
            serde_json::from_str(&from.summary).unwrap_or_default();
        let mut listed = |key: &str| {
            summary.remove(key).filter(Value::is_array).unwrap_or(Value::Array(Vec::new()))
        };
        let missing = from.missing_secrets.into_iter();
        let edges = from.edges.into_iter().map(|it| SuggestedEdge {
            id: Id::new().to_string(),
            source: it.source,
            target: it.target,
            source_handle: it.source_handle,
            target_handle: it.target_handle,
        });
        Ok(Self {
            detected_type: importer.to_owned(),
            services: listed("services"),
            volumes: listed("volumes"),
            networks: listed("networks"),
            warnings: warnings(&from.findings),
            errors: from.findings.into_iter().filter_map(fault).collect(),
            suggested_nodes,
            suggested_edges: edges.collect(),
            layout_positions,
            needs_build: !from.builds.is_empty(),
            traces: from.traces.into_iter().map(told).collect(),
            questions: from.questions.into_iter().map(asked).collect(),
            missing_secrets: missing.map(|it| Missing { node_id: it.node, key: it.key }).collect(),
            sealed_secrets,
        })
    }
}

/// A place for each node, in their order. A node with a hint goes there.
pub(super) fn positions(nodes: &[DrawnNode], edges: &[DrawnEdge]) -> Vec<Position> {
    let places: HashMap<&str, usize> =
        nodes.iter().enumerate().map(|(n, it)| (it.id.as_str(), n)).collect();
    let place = |id: &str| places.get(id).copied();
    let ends = edges.iter().filter_map(|it| place(&it.source).zip(place(&it.target)));
    let hint = |(column, row): (u32, u32)| Cell { column: column as usize, row: row as usize };
    let hints: Vec<Option<Cell>> = nodes.iter().map(|it| it.hint.map(hint)).collect();
    let cells = layout(&hints, &ends.collect::<Vec<_>>());
    cells.into_iter().map(Cell::place).map(|(x, y)| Position { x, y }).collect()
}

fn warnings(findings: &[Finding]) -> Vec<String> {
    let mild = findings.iter().filter(|it| it.severity < Severity::Error);
    mild.map(|it| it.message.clone()).collect()
}

fn fault(finding: Finding) -> Option<Fault> {
    let is_grave = finding.severity >= Severity::Error;
    is_grave.then_some(Fault { code: finding.code, message: finding.message, field: finding.at })
}

fn asked(it: Question) -> Asked {
    Asked { id: it.id, text: it.text, choices: it.choices, default: it.default }
}

fn told(it: Trace) -> Told {
    Told {
        key: it.key,
        fate: match it.fate {
            Fate::Converted => "converted",
            Fate::Approximated => "approximated",
            Fate::Rejected => "rejected",
            Fate::Ignored => "ignored",
        },
        path: it.origin.path,
        line: it.origin.line,
        column: it.origin.column,
        node_id: it.node,
        at: it.at,
        note: it.note,
    }
}
