//! A database as the product whose API we speak leaves it behind: its
//! collections, field names, types and indexes.

use mongodb::{
    Client, Database, IndexModel,
    bson::{Bson, DateTime, Document, doc, oid::ObjectId},
    options::{ClientOptions, IndexOptions},
};
use serde_json::Value;

/// Such a database.
pub struct Reference {
    database: Database,
    /// An administrator's id; the address is `Ann@Example.com`.
    pub user: String,
    /// A workflow's id. It ran once, on the cluster `lab`.
    pub workflow: String,
    /// The id of the cluster `lab`.
    pub cluster: String,
    /// The id of the record that the administrator enabled the plugin `almanac`.
    pub choice: String,
}

/// What configures the key of [`Reference::write`]'s ciphertext.
pub const ENCRYPTION_KEY: &str = "the-encryption-key-of-the-reference";
/// `a-cluster-token` under that key: AES-256-GCM, base64 of nonce and
/// ciphertext.
const SEALED_TOKEN: &str = "BwcHBwcHBwcHBwcHoeRRgUOCJsF1kkjW7R5R2x9Yit2kinq3fjt0OYEqHA==";

impl Reference {
    /// Writes it. `password` is the stored hash of the administrator's.
    pub async fn write(uri: &str, password: &str) -> Self {
        let options = ClientOptions::parse(uri).await.expect("a connection string");
        let client = Client::with_options(options).expect("a client");
        let database = client.default_database().expect("the string names a database");
        let [user, workflow, cluster, choice] = [(); 4].map(|()| ObjectId::new());
        let this = Self {
            database,
            user: user.to_hex(),
            workflow: workflow.to_hex(),
            cluster: cluster.to_hex(),
            choice: choice.to_hex(),
        };
        this.insert(
            "users",
            doc! {
                "_id": user, "email": "Ann@Example.com", "name": "Ann", "password": password,
                "role": "admin", "auth_provider": "", "provider_user_id": "",
                "created_at": day(1), "updated_at": day(1),
            },
        )
        .await;
        this.write_workflow(user, workflow).await;
        this.insert("clusters", cluster_record(user, cluster)).await;
        this.insert("notifications", doc! {
            "_id": ObjectId::new(), "user_id": user, "type": "build_completed", "title": "Built",
            "message": "image is there", "read": false, "created_at": day(2), "updated_at": day(2),
        })
        .await;
        this.insert(
            "user_plugins",
            doc! {
                "_id": choice, "user_id": user, "plugin_id": "almanac", "status": "enabled",
                "enabled_at": day(1), "updated_at": day(2),
            },
        )
        .await;
        this.make_indexes().await;
        this
    }

    async fn write_workflow(&self, user: ObjectId, workflow: ObjectId) {
        let run = ObjectId::new();
        self.insert(
            "workflows",
            doc! {
                "_id": workflow, "name": "shop", "description": "", "cluster_id": "lab",
                "status": "published", "tags": Bson::Null, "nodes": nodes(), "edges": edges(),
                "versions": [{ "version": 1, "nodes": nodes(), "edges": [], "description": "first",
                               "created_at": day(1), "created_by": user }],
                "current_version": 2, "owner_id": user, "team_id": "", "created_at": day(1),
                "updated_at": day(2), "last_run_at": day(2), "run_count": 1, "success_count": 1,
                "failure_count": 0,
            },
        )
        .await;
        self.insert(
            "workflow_versions",
            doc! {
                "_id": ObjectId::new(), "workflow_id": workflow, "version": 2, "nodes": nodes(),
                "edges": edges(), "description": "run", "created_at": day(2), "created_by": user,
                "is_automatic": true, "run_id": run, "run_status": "completed",
            },
        )
        .await;
        self.insert("workflow_runs", doc! {
            "_id": run, "workflow_id": workflow, "version": 2, "status": "completed",
            "started_at": day(2), "completed_at": day(2), "duration": 1200_i64,
            "node_states": { "node-1": { "status": "completed", "timestamp": 1_760_000_000_i64 } },
            "output": { "node-1": { "appliedresources": [{ "kind": "X" }], "failed": false } },
            "logs": Bson::Null, "triggered_by": "manual", "trigger_data": { "user_id": user },
        })
        .await;
    }

    async fn make_indexes(&self) {
        let unique = || IndexOptions::builder().unique(true).build();
        let index = |keys, options| IndexModel::builder().keys(keys).options(options).build();
        let mut fading = IndexOptions::builder()
            .expire_after(std::time::Duration::from_secs(7 * 86_400))
            .build();
        fading.partial_filter_expression = Some(doc! { "read": true });
        for (collection, index) in [
            ("users", index(doc! { "email": 1 }, unique())),
            ("workflow_versions", index(doc! { "workflow_id": 1, "version": 1 }, unique())),
            ("user_plugins", index(doc! { "user_id": 1, "plugin_id": 1 }, unique())),
            ("notifications", index(doc! { "updated_at": 1 }, fading)),
        ] {
            let collection = self.database.collection::<Document>(collection);
            collection.create_index(index).await.expect("an index");
        }
    }

    async fn insert(&self, collection: &str, document: Document) {
        self.database.collection(collection).insert_one(document).await.expect("inserted");
    }

    /// A document as it lies there, in MongoDB's extended JSON.
    pub async fn raw(&self, collection: &str, id: &str) -> Value {
        let id: ObjectId = id.parse().expect("an id");
        let collection = self.database.collection::<Document>(collection);
        let found = collection.find_one(doc! { "_id": id }).await;
        let found = found.expect("an answer").expect("found");
        serde_json::to_value(found).expect("JSON")
    }

    /// Removes it.
    pub async fn destroy(self) {
        self.database.drop().await.expect("dropped");
    }
}

fn day(day: i64) -> DateTime {
    DateTime::from_millis(1_760_000_000_000 + day * 86_400_000)
}

fn nodes() -> Vec<Document> {
    vec![doc! {
        "id": "node-1", "type": "painting", "position": { "x": 100.0, "y": 50.5 },
        "data": { "name": "web", "image": "nginx:1.27", "replicas": 1, "_linked.to": ["x"] },
    }]
}

fn edges() -> Vec<Document> {
    vec![doc! { "id": "e1", "source": "node-1", "target": "node-2", "sourceHandle": "a" }]
}

/// Credentials that are not used are empty texts, as are labels null.
fn cluster_record(user: ObjectId, id: ObjectId) -> Document {
    doc! {
        "_id": id, "name": "lab", "display_name": "Lab", "description": "",
        "server": "https://127.0.0.1:1", "auth_type": "token",
        "credentials": {
            "kubeconfig": "", "token": SEALED_TOKEN, "client_cert_data": "",
            "client_key_data": "", "ca_data": "", "oidc_issuer_url": "https://issuer.example",
            "oidc_scopes": Bson::Null, "namespace": "apps", "context": "", "insecure": true,
        },
        "status": "connected", "last_check": day(2), "default": true, "single_node": false,
        "labels": Bson::Null, "annotations": Bson::Null,
        "metadata": {
            "version": "v1.36.3", "platform": "linux/amd64", "provider": "kind", "region": "eu",
            "node_count": 1_i32, "storage_classes": Bson::Null, "namespaces": ["default"],
            "last_updated": day(2),
        },
        "user_id": user, "org_id": ObjectId::new(), "shared_with": [ObjectId::new()],
        "created_at": day(1), "updated_at": day(2),
    }
}
