//! A store without a host on it.

use std::{path::Path, sync::Arc};

use bowsprit_host_core::store::{Collection, Documents};
use bowsprit_host_store::{conformance::with_database, embedded::EmbeddedStore, mongo::MongoStore};

use crate::{Store, skipped_without, unique};

/// A store that a test has for itself, in a folder that goes with it.
pub struct BareStore {
    /// What is stored.
    pub documents: Arc<dyn Documents>,
    mongo: Option<MongoStore>,
    dir: tempfile::TempDir,
}

impl BareStore {
    /// One of that kind with these collections; `None` if there is no such
    /// server (never in CI).
    pub async fn open(kind: Store, collections: &[&'static Collection]) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let (documents, mongo): (Arc<dyn Documents>, _) = match kind {
            Store::Embedded => {
                (Arc::new(EmbeddedStore::open(dir.path().join("it.db")).unwrap()), None)
            }
            Store::Mongo => {
                let uri = skipped_without("BOWSPRIT_TEST_MONGODB_URI")?;
                let uri = with_database(&uri, &format!("bowsprit-it-{}", unique()));
                let store = MongoStore::connect(&uri).await.unwrap();
                (Arc::new(store), Some(MongoStore::connect(&uri).await.unwrap()))
            }
        };
        documents.prepare(collections).await.unwrap();
        Some(Self { documents, mongo, dir })
    }

    /// Where an embedded one lies.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// Closes it and leaves nothing on a server.
    pub async fn finish(self) {
        if let Some(mongo) = self.mongo {
            mongo.destroy().await.unwrap();
        }
        self.documents.close().await;
    }
}
