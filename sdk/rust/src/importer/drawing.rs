//! The drawing an importer makes.

use super::{Analysis, BuildPlan, Fate, Origin, Question, Trace};
use crate::bindings::importer::exports::bowsprit::plugin::importer as wit;
use crate::{Failure, Object, Report};

/// Nodes, edges and everything to know about them, as far as they are found.
#[derive(Debug)]
pub struct Drawing {
    /// What is worth knowing about the source. A finding about a node names it
    /// with [`Entry::on`](crate::report::Entry::on).
    pub report: Report,
    ids: Vec<String>,
    analysis: Analysis,
}

/// Where in the drawing something of the source went.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spot<'s> {
    /// The node.
    pub node: Option<&'s str>,
    /// A JSON pointer into its data.
    pub at: Option<&'s str>,
    /// Why, unless it was plainly converted. Without values.
    pub note: Option<&'s str>,
}

impl Drawing {
    /// An empty drawing; nodes get their ids from `ids`, in order.
    pub fn new(importer: &'static str, ids: Vec<String>) -> Self {
        let analysis = Analysis {
            nodes: Vec::new(),
            edges: Vec::new(),
            findings: Vec::new(),
            traces: Vec::new(),
            builds: Vec::new(),
            questions: Vec::new(),
            secrets: Vec::new(),
            missing_secrets: Vec::new(),
            summary: "{}".to_owned(),
        };
        Self { report: Report::about_source(importer), ids, analysis }
    }

    /// Draws a node and answers its id. `hint` is its column and row.
    ///
    /// Running out of ids is told at the end, when it is known how many are
    /// needed.
    pub fn node(&mut self, type_name: &str, data: &Object<'_>, hint: Option<(u32, u32)>) -> String {
        let drawn = self.analysis.nodes.len();
        let id = self.ids.get(drawn).cloned().unwrap_or_else(|| format!("beyond-{drawn}"));
        let type_ = type_name.to_owned();
        self.analysis.nodes.push(wit::DrawnNode {
            id: id.clone(),
            type_,
            data: data.to_text(),
            hint,
        });
        id
    }

    /// Connects two nodes.
    pub fn edge(&mut self, source: &str, target: &str) {
        self.edge_between((source, None), (target, None));
    }

    /// Connects two nodes at handles of theirs.
    pub fn edge_between(&mut self, source: (&str, Option<&str>), target: (&str, Option<&str>)) {
        self.analysis.edges.push(wit::DrawnEdge {
            source: source.0.to_owned(),
            target: target.0.to_owned(),
            source_handle: source.1.map(str::to_owned),
            target_handle: target.1.map(str::to_owned),
        });
    }

    /// Says what became of something the source says.
    pub fn trace(&mut self, key: impl Into<String>, fate: Fate, origin: Origin, spot: Spot<'_>) {
        self.analysis.traces.push(Trace {
            key: key.into(),
            fate,
            origin,
            node: spot.node.map(str::to_owned),
            at: spot.at.map(str::to_owned),
            note: spot.note.map(str::to_owned),
        });
    }

    /// Hands a secret value of the source over to the host.
    pub fn secret(&mut self, node: &str, key: &str, value: String) {
        let (node, key) = (node.to_owned(), key.to_owned());
        self.analysis.secrets.push(wit::FoundSecret { node, key, value });
    }

    /// Says that the user still has to give a secret value.
    pub fn missing_secret(&mut self, node: &str, key: &str) {
        let (node, key) = (node.to_owned(), key.to_owned());
        self.analysis.missing_secrets.push(wit::MissingSecret { node, key });
    }

    /// Says that an image has to be built.
    pub fn build(&mut self, plan: BuildPlan) {
        self.analysis.builds.push(plan);
    }

    /// Asks the user something.
    pub fn question(&mut self, question: Question) {
        self.analysis.questions.push(question);
    }

    /// What the import dialog lists: `services`, `volumes` and `networks`.
    pub fn summary(&mut self, summary: &Object<'_>) {
        self.analysis.summary = summary.to_text();
    }

    /// The drawing as the host takes it.
    ///
    /// # Errors
    ///
    /// `unsupported` when it has more nodes than ids were given.
    pub fn finish(mut self) -> Result<Analysis, Failure> {
        let (needed, given) = (self.analysis.nodes.len(), self.ids.len());
        if needed > given {
            return Err(Failure::Unsupported(format!(
                "the source needs {needed} nodes, and {given} may be drawn"
            )));
        }
        self.analysis.findings = self.report.into_findings();
        Ok(self.analysis)
    }
}
