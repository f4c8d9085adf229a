//! A source that importers are to turn into a drawing.

use std::{collections::BTreeMap, fmt, sync::Arc};

use bowsprit_host_core::{
    importers::{Analysis, Fate, ImporterCatalogue, Progress, SourceFile, SourceTree, Trace},
    node_types::Json,
};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{CaseError, answers, outcome, read};

/// Ids of nodes an importer gets where the case does not say how many.
const IDS: usize = 100;
/// Most ids of nodes: what the host gives.
const MOST_IDS: usize = 500;

/// Files by their paths.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The files of a source, and which importer is to analyze them.
#[derive(Debug, Clone)]
pub struct SourceCase {
    importer: String,
    options: Json,
    ids: Vec<String>,
    files: Tree,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    importer: String,
    #[serde(default)]
    options: Map<String, Value>,
    ids: Option<usize>,
}

impl SourceCase {
    /// From the `input` of a golden file and the folder of its name, in which
    /// `dot.` begins a name that is to begin with a dot.
    pub(super) fn read(input: &Value, files: Files) -> Result<Self, CaseError> {
        let input: Input = read(input)?;
        let ids = input.ids.unwrap_or(IDS);
        if ids > MOST_IDS {
            let problem = format!("is more than {MOST_IDS}, the most a host gives");
            return Err(CaseError { field: "ids".into(), problem });
        }
        Ok(Self {
            importer: input.importer,
            options: Value::Object(input.options).to_string(),
            ids: (1..=ids).map(|n| format!("n{n}")).collect(),
            files: Tree(Arc::new(
                files.into_iter().map(|(path, bytes)| (undotted(&path), bytes)).collect(),
            )),
        })
    }

    /// Who wants the source, and what the importer makes of it.
    pub(super) async fn call_all(&self, importers: &dyn ImporterCatalogue) -> Value {
        let files: Arc<dyn SourceTree> = Arc::new(self.files.clone());
        let progress: Arc<dyn Progress> = Arc::new(Nobody);
        let sure = importers.detect(&files).await;
        let sure: Map<String, Value> =
            sure.into_iter().map(|it| (it.importer, it.percent.into())).collect();
        let analysis =
            importers.analyze(&self.importer, &files, &self.options, &self.ids, &progress).await;
        json!({ "detect": sure, "analyze": outcome(analysis, |it| analyzed(&it)) })
    }
}

/// `a/dot.env` is `a/.env`.
fn undotted(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.strip_prefix("dot.") {
        Some(rest) => format!(".{rest}"),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

#[derive(Clone)]
struct Tree(Arc<Files>);

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl SourceTree for Tree {
    fn list(&self) -> (Vec<SourceFile>, bool) {
        let file = |(path, bytes): (&String, &Vec<u8>)| SourceFile {
            path: path.clone(),
            size: bytes.len() as u64,
        };
        (self.0.iter().map(file).collect(), false)
    }

    fn read(&self, path: &str, offset: u64, limit: u32) -> Option<Vec<u8>> {
        let bytes = self.0.get(path)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let to = from.saturating_add(limit as usize).min(bytes.len());
        bytes.get(from..to).map(<[u8]>::to_vec)
    }
}

/// Waits to the end.
struct Nobody;

impl Progress for Nobody {
    fn report(&self, _: u32, _: u32, _: &str) {}

    fn cancelled(&self) -> bool {
        false
    }
}

fn analyzed(it: &Analysis) -> Value {
    let nodes = it.nodes.iter().map(|it| {
        let data = answers::embedded(&it.data);
        let hint = it.hint.map(|(column, row)| [column, row]);
        json!({ "id": it.id, "type": it.type_name, "data": data, "hint": hint })
    });
    let edges = it.edges.iter().map(|it| {
        json!({
            "source": it.source, "target": it.target, "source-handle": it.source_handle,
            "target-handle": it.target_handle,
        })
    });
    let builds = it.builds.iter().map(|it| {
        json!({
            "node": it.node, "build-context": it.build_context, "dockerfile": it.dockerfile,
            "plan": answers::embedded(&it.plan), "confidence": it.confidence,
        })
    });
    let questions = it.questions.iter().map(
        |it| json!({ "id": it.id, "text": it.text, "choices": it.choices, "default": it.default }),
    );
    // Golden sources hold no real ones.
    let secrets = it
        .secrets
        .iter()
        .map(|it| json!({ "node": it.node, "key": it.key, "value": it.value.expose_secret() }));
    let missing = it.missing_secrets.iter().map(|it| json!({ "node": it.node, "key": it.key }));
    json!({
        "nodes": nodes.collect::<Value>(),
        "edges": edges.collect::<Value>(),
        "findings": answers::findings(&it.findings),
        "traces": it.traces.iter().map(traced).collect::<Value>(),
        "builds": builds.collect::<Value>(),
        "questions": questions.collect::<Value>(),
        "secrets": secrets.collect::<Value>(),
        "missing-secrets": missing.collect::<Value>(),
        "summary": answers::embedded(&it.summary),
    })
}

/// On one line, since there are many.
fn traced(it: &Trace) -> Value {
    let origin = &it.origin;
    let fate = match it.fate {
        Fate::Converted => "converted",
        Fate::Approximated => "approximated",
        Fate::Rejected => "rejected",
        Fate::Ignored => "ignored",
    };
    let to =
        it.node.as_ref().map(|node| format!(" -> {node}{}", it.at.as_deref().unwrap_or_default()));
    let note = it.note.as_ref().map(|note| format!(" ({note})"));
    let place = format!("{}:{}:{}", origin.path, origin.line, origin.column);
    let (to, note) = (to.unwrap_or_default(), note.unwrap_or_default());
    format!("{place} {} {fate}{to}{note}", it.key).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_of_a_name_stands_for_a_dot() {
        assert_eq!(undotted("a/dot.env"), "a/.env");
        assert_eq!(undotted("dot.d/x.dot.y"), ".d/x.dot.y");
    }

    #[test]
    fn files_are_read_in_pieces_and_never_beyond_their_end() {
        let files = Files::from([("a".to_owned(), b"hello".to_vec())]);
        let tree = Tree(Arc::new(files));
        assert_eq!(tree.read("a", 1, 3).unwrap(), b"ell");
        assert_eq!(tree.read("a", 4, 9).unwrap(), b"o");
        assert_eq!(tree.read("a", 9, 9).unwrap(), b"");
        assert!(tree.read("b", 0, 1).is_none());
    }
}
