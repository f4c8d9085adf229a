//! Clusters as they are stored and shown.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Error, Result,
    id::Id,
    kubernetes::{ClusterFacts, Credentials, Target},
    secrets::{HoldsSecrets, KeyRing, Place},
    store::{Collection, Field, FieldKind, Record, SEARCH, Unique},
    time::Timestamp,
};

/// How a cluster is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthType {
    /// A kubeconfig file.
    Kubeconfig,
    /// A service account's token.
    ServiceAccount,
    /// A bearer token.
    Token,
    /// A client certificate.
    Certificate,
    /// Tokens of an identity provider. The reference product has such clusters;
    /// they are listed, but not entered.
    Oidc,
}

impl std::str::FromStr for AuthType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "kubeconfig" => Ok(Self::Kubeconfig),
            "serviceaccount" => Ok(Self::ServiceAccount),
            "token" => Ok(Self::Token),
            "certificate" => Ok(Self::Certificate),
            _ => Err(Error::invalid(
                "authType",
                "must be `token`, `serviceaccount`, `certificate` or `kubeconfig`",
            )),
        }
    }
}

/// Whether a cluster answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClusterStatus {
    /// It answered the last probe.
    Connected,
    /// It stopped answering.
    Disconnected,
    /// It was not probed yet.
    Unknown,
    /// It refused or could not be reached.
    Error,
}

/// Credentials as a request carries them. All optional: which are needed is
/// the authentication type's matter.
#[derive(Default)]
pub struct GivenCredentials {
    /// Kubeconfig YAML.
    pub kubeconfig: Option<SecretString>,
    /// Context in it.
    pub context: Option<String>,
    /// Bearer token.
    pub token: Option<SecretString>,
    /// Client certificate, PEM or base64 of it.
    pub client_certificate: Option<SecretString>,
    /// Client key, PEM or base64 of it.
    pub client_key: Option<SecretString>,
    /// Certificate authority, PEM or base64 of it.
    pub certificate_authority: Option<String>,
    /// Default namespace.
    pub namespace: Option<String>,
    /// Skip verification of the server's certificate.
    pub insecure: bool,
}

/// Credentials at rest: secrets sealed, the rest in clear.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct SealedCredentials {
    #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) kubeconfig: Option<String>,
    #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) context: Option<String>,
    #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) client_cert_data: Option<String>,
    #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) client_key_data: Option<String>,
    #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) ca_data: Option<String>,
    #[serde(default, deserialize_with = "filled", skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    #[serde(default)]
    pub(super) insecure: bool,
}

/// The reference product writes empty texts for credentials that are not used.
fn filled<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(source)?.filter(|it| !it.is_empty()))
}

/// What the last successful probe found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Metadata {
    pub(super) version: String,
    pub(super) platform: String,
    pub(super) provider: String,
    pub(super) node_count: u32,
    pub(super) storage_classes: Vec<String>,
    pub(super) namespaces: Vec<String>,
    pub(super) last_updated: Timestamp,
}

impl Default for Metadata {
    fn default() -> Self {
        Self::new(ClusterFacts::default(), Timestamp::NEVER)
    }
}

impl Metadata {
    pub(super) fn new(facts: ClusterFacts, at: Timestamp) -> Self {
        Self {
            version: facts.version,
            platform: facts.platform,
            provider: facts.provider,
            node_count: facts.node_count,
            storage_classes: facts.storage_classes,
            namespaces: facts.namespaces,
            last_updated: at,
        }
    }
}

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClusterRecord {
    /// Its id.
    #[serde(skip)]
    pub id: Id,
    /// Unique for its owner; what URLs and workflows call it.
    pub name: String,
    /// Shown name.
    pub display_name: String,
    pub(super) description: String,
    pub(super) server: String,
    pub(super) auth_type: AuthType,
    pub(super) credentials: SealedCredentials,
    /// Counts changes of server and credentials.
    pub(super) generation: i64,
    /// How it did at its last check.
    pub status: ClusterStatus,
    pub(super) last_check: Timestamp,
    pub(super) single_node: bool,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) metadata: Metadata,
    /// Whose it is.
    pub user_id: Id,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// Where clusters are kept.
pub static CLUSTERS: Collection = Collection {
    name: "clusters",
    fields: &[
        Field { name: "user_id", kind: FieldKind::Id },
        Field { name: "name", kind: FieldKind::Text },
        Field { name: "last_check", kind: FieldKind::Time },
        Field { name: "created_at", kind: FieldKind::Time },
        Field { name: "updated_at", kind: FieldKind::Time },
        Field { name: SEARCH, kind: FieldKind::Search },
    ],
    indexes: &[&["user_id", "created_at"], &["user_id", SEARCH]],
    unique: &[Unique { name: "cluster_name", fields: &["user_id", "name"] }],
    expiry: None,
};

impl Record for ClusterRecord {
    const COLLECTION: &'static Collection = &CLUSTERS;

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn restore_key(&mut self, id: &str) {
        self.id = id.parse().unwrap_or_default();
    }

    fn search_text(&self) -> Option<String> {
        Some([self.name.as_str(), &self.display_name].join("\n"))
    }

    /// The reference product counts no generations.
    fn complete(body: &mut Map<String, Value>) {
        body.entry("generation").or_insert(0.into());
        body.entry("last_check").or_insert_with(|| json!(Timestamp::NEVER));
        body.entry("single_node").or_insert(false.into());
        for key in ["display_name", "description"] {
            body.entry(key).or_insert("".into());
        }
        body.entry("labels").or_insert_with(|| json!({}));
        body.entry("credentials").or_insert_with(|| json!({}));
        let metadata = body.entry("metadata").or_insert_with(|| json!({}));
        if let (Some(metadata), Ok(Value::Object(empty))) =
            (metadata.as_object_mut(), serde_json::to_value(Metadata::default()))
        {
            for (key, value) in empty {
                metadata.entry(key).or_insert(value);
            }
        }
    }
}

impl HoldsSecrets for ClusterRecord {
    fn secrets(&mut self) -> Vec<(String, &mut String)> {
        let SealedCredentials { kubeconfig, token, client_cert_data, client_key_data, .. } =
            &mut self.credentials;
        [
            ("kubeconfig", kubeconfig),
            ("token", token),
            ("clientCertData", client_cert_data),
            ("clientKeyData", client_key_data),
        ]
        .into_iter()
        .filter_map(|(field, sealed)| Some((field.to_owned(), sealed.as_mut()?)))
        .collect()
    }

    /// Seals what the reference product encrypted for its place, and keeps the
    /// public certificate in clear, as for our own clusters.
    fn seal_foreign(&mut self, keys: &KeyRing) -> Result<()> {
        let id = self.id.to_string();
        let stored = &mut self.credentials;
        for (field, is_pem, value) in [
            ("kubeconfig", false, &mut stored.kubeconfig),
            ("token", false, &mut stored.token),
            ("clientCertData", true, &mut stored.client_cert_data),
            ("clientKeyData", true, &mut stored.client_key_data),
        ] {
            let Some(sealed) = value.as_ref().filter(|it| !KeyRing::is_placed(it)) else {
                continue;
            };
            let mut opened = keys.open(place(&id, field), sealed)?;
            if is_pem {
                opened = decode_pem(field, opened.expose_secret())?.into();
            }
            *value = Some(keys.seal(place(&id, field), &opened)?);
        }
        if let Some(ca) = stored.ca_data.as_ref().filter(|it| !it.starts_with(PEM)) {
            let opened = keys.open(place(&id, "caData"), ca)?;
            stored.ca_data = Some(decode_pem("caData", opened.expose_secret())?);
        }
        Ok(())
    }
}

impl ClusterRecord {
    /// Namespace for nodes that name none.
    pub fn namespace(&self) -> &str {
        self.credentials.namespace.as_deref().filter(|it| !it.is_empty()).unwrap_or("default")
    }

    /// How to reach it, with its secrets opened.
    pub(super) fn target(&self, keys: &KeyRing) -> Result<Target> {
        let id = self.id.to_string();
        let open = |field: &'static str, sealed: &Option<String>| {
            let sealed = sealed.as_ref().ok_or_else(|| {
                Error::invalid(format!("credentials.{field}"), "is needed for this `authType`")
            })?;
            keys.open(place(&id, field), sealed)
        };
        // The reference product encrypts what we keep decoded.
        let open_pem = |field: &'static str, sealed: &Option<String>| {
            decode_pem(field, open(field, sealed)?.expose_secret())
        };
        let stored = &self.credentials;
        let ca_pem = match &stored.ca_data {
            Some(ca) if !ca.starts_with(PEM) => Some(open_pem("caData", &stored.ca_data)?),
            plain => plain.clone(),
        };
        let credentials = match self.auth_type {
            AuthType::Kubeconfig => Credentials::Kubeconfig {
                yaml: open("kubeconfig", &stored.kubeconfig)?,
                context: stored.context.clone(),
            },
            AuthType::Token | AuthType::ServiceAccount => {
                Credentials::Token(open("token", &stored.token)?)
            }
            AuthType::Oidc => {
                return Err(Error::Refused {
                    code: "cluster.auth.unsupported",
                    message: "clusters with `authType: oidc` cannot be entered; add the cluster \
                              with another kind of credential"
                        .into(),
                });
            }
            AuthType::Certificate => Credentials::Certificate {
                certificate_pem: open_pem("clientCertData", &stored.client_cert_data)?.into(),
                key_pem: open_pem("clientKeyData", &stored.client_key_data)?.into(),
            },
        };
        Ok(Target {
            id: self.id,
            generation: self.generation,
            server: self.server.clone(),
            credentials,
            ca_pem,
            insecure: stored.insecure,
        })
    }
}

fn place<'a>(id: &'a str, field: &'a str) -> Place<'a> {
    Place { collection: CLUSTERS.name, document: id, field }
}

impl SealedCredentials {
    /// Seals what was given for cluster `id`.
    pub(super) fn seal(given: GivenCredentials, id: Id, keys: &KeyRing) -> Result<Self> {
        let id = id.to_string();
        let seal = |field: &'static str, value: Option<SecretString>| {
            let value = value.filter(|it| !it.expose_secret().is_empty());
            value.map(|it| keys.seal(place(&id, field), &it)).transpose()
        };
        let pem = |field: &'static str, value: Option<SecretString>| {
            let value = value.filter(|it| !it.expose_secret().is_empty());
            value
                .map(|it| decode_pem(field, it.expose_secret()).map(SecretString::from))
                .transpose()
        };
        let ca = given.certificate_authority.filter(|it| !it.is_empty());
        Ok(Self {
            kubeconfig: seal("kubeconfig", given.kubeconfig)?,
            context: given.context.filter(|it| !it.is_empty()),
            token: seal("token", given.token)?,
            client_cert_data: seal(
                "clientCertData",
                pem("clientCertData", given.client_certificate)?,
            )?,
            client_key_data: seal("clientKeyData", pem("clientKeyData", given.client_key)?)?,
            ca_data: ca.map(|it| decode_pem("caData", &it)).transpose()?,
            namespace: given.namespace.filter(|it| !it.is_empty()),
            insecure: given.insecure,
        })
    }
}

/// How PEM begins (RFC 7468).
const PEM: &str = "-----BEGIN";

/// The web frontend sends base64 of the PEM that was typed in.
fn decode_pem(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.starts_with(PEM) {
        return Ok(text.to_owned());
    }
    let compact: String = text.split_whitespace().collect();
    let decoded = BASE64.decode(compact).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.filter(|it| it.trim_start().starts_with(PEM)).ok_or_else(|| {
        Error::invalid(format!("credentials.{field}"), "must be PEM, or base64 of PEM")
    })
}

/// A cluster as the API shows it: no credentials, whatever is asked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterView {
    id: Id,
    /// What URLs call it.
    pub name: String,
    display_name: String,
    description: String,
    server: String,
    auth_type: AuthType,
    /// Whether it answers.
    pub status: ClusterStatus,
    default: bool,
    single_node: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    metadata: MetadataView,
    /// Default namespace; the edit page reads it.
    namespace: String,
    /// Whether the server's certificate goes unverified; the edit page reads it.
    insecure: bool,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MetadataView {
    version: String,
    platform: String,
    provider: String,
    region: &'static str,
    node_count: u32,
    cpu_capacity: &'static str,
    memory_capacity: &'static str,
    storage_classes: Vec<String>,
    namespaces: Vec<String>,
    capabilities: [&'static str; 0],
    last_updated: Timestamp,
}

impl ClusterView {
    pub(super) fn new(record: ClusterRecord, default: Option<Id>) -> Self {
        let namespace = record.namespace().to_owned();
        let metadata = record.metadata;
        Self {
            id: record.id,
            name: record.name,
            display_name: record.display_name,
            description: record.description,
            server: record.server,
            auth_type: record.auth_type,
            status: record.status,
            default: default == Some(record.id),
            single_node: record.single_node,
            labels: record.labels,
            metadata: MetadataView {
                version: metadata.version,
                platform: metadata.platform,
                provider: metadata.provider,
                region: "",
                node_count: metadata.node_count,
                cpu_capacity: "",
                memory_capacity: "",
                storage_classes: metadata.storage_classes,
                namespaces: metadata.namespaces,
                capabilities: [],
                last_updated: metadata.last_updated,
            },
            namespace,
            insecure: record.credentials.insecure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Key;

    #[test]
    fn takes_pem_and_base64_of_pem() {
        let pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----";
        assert_eq!(decode_pem("caData", pem).unwrap(), pem);
        assert_eq!(decode_pem("caData", &BASE64.encode(pem)).unwrap(), pem);
        for bad in ["x", "%%%", &BASE64.encode("hello")] {
            let error = decode_pem("caData", bad).unwrap_err();
            assert!(
                matches!(error, Error::Invalid { ref field, .. } if field == "credentials.caData")
            );
        }
    }

    #[test]
    fn clusters_entered_in_a_way_we_do_not_know_are_listed() {
        let body = json!({
            "name": "old", "display_name": "", "description": "", "server": "https://h",
            "auth_type": "oidc", "credentials": {"token": ""}, "generation": 0,
            "status": "unknown", "last_check": Timestamp::NEVER, "single_node": false,
            "labels": {}, "metadata": Metadata::default(), "user_id": Id::new(),
            "created_at": Timestamp::NEVER, "updated_at": Timestamp::NEVER,
        });
        let record: ClusterRecord = serde_json::from_value(body).unwrap();
        let keys = KeyRing::new(Key::parse(&"a key of sixteen".to_owned().into()), []);
        let error = record.target(&keys).err().unwrap();
        assert_eq!(error.code(), "cluster.auth.unsupported");
    }
}
