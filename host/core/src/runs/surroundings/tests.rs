//! Of a cluster that goes away, and of definitions as they are handed over.

use async_trait::async_trait;
use futures::FutureExt as _;
use serde_json::Value;

use super::*;
use crate::kubernetes::{Applied, ClusterFacts, Informer, ObjectKey, Served, Trial};

/// A cluster that nobody reaches any more.
struct Away;

fn away<T>() -> Result<T> {
    Err(Error::Cluster { code: "cluster.unreachable", message: "nobody answers".into() })
}

#[async_trait]
impl Cluster for Away {
    async fn probe(&self) -> Result<ClusterFacts> {
        away()
    }

    async fn served(&self, _: &Kind) -> Result<Option<Served>> {
        away()
    }

    async fn served_since(&self, _: &Kind, _: Instant) -> Result<Option<Served>> {
        away()
    }

    async fn custom_kinds(&self) -> Result<Arc<Vec<catalogues::Served>>> {
        away()
    }

    async fn definition(&self, _: &Kind) -> Result<Option<catalogues::Served>> {
        away()
    }

    async fn definition_named(&self, _: &str) -> Result<Option<catalogues::Served>> {
        away()
    }

    async fn apply(&self, _: &Value) -> Result<Applied> {
        away()
    }

    async fn try_out(&self, _: &Value) -> Result<Trial> {
        away()
    }

    async fn hand_over(&self, _: &Value) -> Result<Applied> {
        away()
    }

    async fn take_back(&self, _: &Value, _: &Value) -> Result<Applied> {
        away()
    }

    async fn amend(&self, _: &Value, _: bool) -> Result<Applied> {
        away()
    }

    async fn get(&self, _: &ObjectKey) -> Result<Option<Value>> {
        away()
    }

    async fn list(&self, _: &Kind, _: Option<&str>, _: &str) -> Result<Vec<Value>> {
        away()
    }

    async fn some(&self, _: &Kind, _: Option<&str>, _: &str, _: u32) -> Result<Vec<Value>> {
        away()
    }

    async fn events(&self, _: &str, _: &str, _: u32) -> Result<Vec<Value>> {
        away()
    }

    async fn log_tail(&self, _: (&str, &str), _: &str, _: u32) -> Result<Vec<String>> {
        away()
    }

    async fn delete(&self, _: &ObjectKey, _: &str) -> Result<bool> {
        away()
    }

    async fn ensure_namespace(&self, _: &str) -> Result<bool> {
        away()
    }

    async fn informer(&self, _: &Kind, _: &str, _: &str) -> Result<Arc<dyn Informer>> {
        away()
    }
}

#[test]
fn a_cluster_that_goes_away_is_a_warning_to_who_only_asks() {
    let cluster: Arc<dyn Cluster> = Arc::new(Away);
    let (kept, kind) = (BTreeMap::new(), Kind::parse("example.dev/v1", "Note"));
    let missing = |surroundings: &mut Surroundings<'_>| {
        let asked = surroundings.missing(BTreeSet::from([&kind]));
        asked.now_or_never().expect("nothing is waited for").map(|it| it.len())
    };
    let mut strict = Surroundings::of(Some(&cluster), &kept);
    assert_eq!(missing(&mut strict).unwrap_err().code(), "cluster.unreachable");
    assert!(strict.away().is_none());

    let mut lenient = Surroundings::as_far_as_known(Some(&cluster), &kept);
    assert_eq!(missing(&mut lenient).unwrap(), 0, "nothing is known to be missing");
    assert!(lenient.cluster.is_none(), "it is not asked again");
    let told = lenient.away().unwrap();
    assert_eq!((told.code.as_str(), told.severity), ("cluster.unreachable", Severity::Warning));
    assert!(told.message.contains("nobody answers"), "{told:?}");
}

#[test]
fn a_definition_is_its_schema_with_the_rest_in_it() {
    let served = |schema: &str, columns: &str| catalogues::Served {
        kind: Kind::parse("example.dev/v1", "Note"),
        plural: "notes".into(),
        namespaced: true,
        schema: Some(schema.into()),
        columns: columns.into(),
    };
    let text = with_definition(&served(r#"{"type": "object"}"#, r#"[{"name": "A"}]"#)).unwrap();
    let read: Value = serde_json::from_str(&text).unwrap();
    let more = json!({"plural": "notes", "namespaced": true, "columns": [{"name": "A"}]});
    assert_eq!(read, json!({"type": "object", "x-served": more}));
    assert_eq!(columns(&text).unwrap(), r#"[{"name": "A"}]"#);

    let text = with_definition(&served(" {} ", "not a list")).unwrap();
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["x-served"]["columns"], json!([]));
    assert!(with_definition(&served("true", "[]")).is_none());
    assert!(columns("{}").is_none());
}
