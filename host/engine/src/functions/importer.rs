//! The functions of `importer`.

use std::sync::Arc;

use bowsprit_host_core::{importers as core, node_types::Json};
use serde_json::{Value, json};
use wasmtime::Store;

use super::{Function, Raw};
use crate::{
    bindings::v0_1::importer::{self as wit, Guest},
    cases::answers::embedded,
    convert::answers::Answers,
    fault::Fault,
    instance::{Source, State},
};

/// Bytes of a source that `detect` may read in all.
const DETECT_BYTES: u64 = 64 << 10;
/// Bytes of a source that `analyze` may read in all.
const ANALYZE_BYTES: u64 = 32 << 20;

pub(crate) struct Describe;

impl Function for Describe {
    const NAME: &'static str = "describe";
    type Guest = Guest;
    type Raw = Vec<wit::Description>;
    type Output = Vec<wit::Description>;

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_describe(store).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.list("the list of importers", raw, Ok)
    }
}

/// The files a call is about.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) tree: Arc<dyn core::SourceTree>,
    /// Paths the plugin is granted, sorted.
    pub(crate) shown: Arc<[String]>,
}

impl Files {
    fn source(&self, bytes: u64, progress: Option<Arc<dyn core::Progress>>) -> Source {
        let (files, shown) = (Arc::clone(&self.tree), Arc::clone(&self.shown));
        Source { files, shown, bytes_left: bytes, bytes, progress }
    }
}

pub(crate) struct Detect(pub(crate) Files);

impl Function for Detect {
    const NAME: &'static str = "detect";
    type Guest = Guest;
    type Raw = Vec<wit::Confidence>;
    type Output = Vec<core::Confidence>;

    fn prepare(&self, state: &mut State) {
        state.source = Some(self.0.source(DETECT_BYTES, None));
    }

    fn input(&self) -> Value {
        json!({ "files": *self.0.shown })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_detect(store).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.confidences(raw)
    }
}

pub(crate) struct Analyze {
    pub(crate) files: Files,
    pub(crate) progress: Arc<dyn core::Progress>,
    pub(crate) importer: String,
    pub(crate) options: Json,
    pub(crate) ids: Vec<String>,
}

impl Function for Analyze {
    const NAME: &'static str = "analyze";
    type Guest = Guest;
    type Raw = wit::Analysis;
    type Output = core::Analysis;

    fn prepare(&self, state: &mut State) {
        state.source = Some(self.files.source(ANALYZE_BYTES, Some(Arc::clone(&self.progress))));
    }

    fn input(&self) -> Value {
        // The files' contents are full of secrets.
        json!({
            "importer": self.importer, "options": embedded(&self.options), "ids": self.ids.len(),
            "files": *self.files.shown,
        })
    }

    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Raw<Self::Raw> {
        guest.call_analyze(store, &self.importer, &self.options, &self.ids).await
    }

    fn convert(&self, raw: Self::Raw, answers: &Answers) -> Result<Self::Output, Fault> {
        answers.analysis(raw, &self.ids)
    }
}
