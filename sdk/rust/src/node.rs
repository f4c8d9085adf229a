//! What a call is about: a node and what surrounds it.

use std::borrow::Cow;

use crate::bindings::exports::bowsprit::plugin::node_types as wit;
use crate::{Direction, Failure, Fields, Finding, Json, Object, Place, Severity};

/// One node of a drawing, with its data parsed.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// Unique in its workflow.
    pub id: &'a str,
    /// What the user entered.
    pub data: Object<'a>,
}

impl<'a> Node<'a> {
    /// Parses a node as it arrives.
    ///
    /// # Errors
    ///
    /// When its data is not a JSON object.
    pub fn parse(node: &'a wit::Node) -> Result<Self, Failure> {
        match Object::parse(&node.data) {
            Ok(data) => Ok(Self { id: &node.id, data }),
            Err(error) => Err(Failure::InvalidInput(vec![Finding {
                code: "node.data.malformed".into(),
                severity: Severity::Error,
                message: format!("The node's data cannot be read: {error}."),
                node: Some(node.id.clone()),
                at: Some(String::new()),
                suggestion: Some("Remove the node and draw it again.".into()),
                fixes: Vec::new(),
            }])),
        }
    }

    /// Typed access to the data.
    pub fn fields(&self) -> Fields<'_, 'static> {
        Fields::new(&self.data, Place::ROOT)
    }

    /// The name of the node's main object: the field `name`, or the node's id.
    pub fn name(&self) -> Cow<'_, str> {
        match self.fields().text("name") {
            Ok(Some(name)) => name,
            _ => Cow::Borrowed(self.id),
        }
    }

    /// The namespace the node names.
    pub fn own_namespace(&self) -> Option<Cow<'_, str>> {
        self.fields().text("namespace").ok().flatten()
    }

    /// The namespace of the node's objects.
    pub fn namespace<'s>(&'s self, context: &'s Context<'_>) -> Cow<'s, str> {
        self.own_namespace().unwrap_or(Cow::Borrowed(context.namespace))
    }
}

/// What surrounds a node.
#[derive(Debug, Clone, Default)]
pub struct Context<'a> {
    /// Namespace for objects whose node names none.
    pub namespace: &'a str,
    /// The target cluster as the host sees it; empty without a cluster.
    pub cluster: Object<'a>,
    /// Connected nodes, in the order of the host.
    pub neighbours: Vec<Neighbour<'a>>,
    /// Object names already used in the workflow, as a JSON array;
    /// [`Context::names`] reads it.
    pub names: &'a str,
    /// Names of environment values in the node's vault.
    pub environment_keys: &'a [String],
    /// Keys of secret values in the node's vault.
    pub secret_keys: &'a [String],
    /// Image pull secrets that fit the node's images.
    pub pull_secrets: &'a [String],
    /// Labels every pod template and claim template must carry.
    pub identity_labels: &'a [(String, String)],
    /// OpenAPI schemas of custom kinds the node may produce, as JSON texts.
    pub schemas: &'a [(crate::Kind, String)],
}

impl<'a> Context<'a> {
    /// Parses a context as it arrives. Views that cannot be read count as
    /// empty: they are another plugin's doing.
    pub fn parse(context: &'a wit::Context) -> Self {
        let cluster = context.cluster.as_deref();
        Self {
            namespace: &context.namespace,
            cluster: cluster.and_then(|it| Object::parse(it).ok()).unwrap_or_default(),
            neighbours: context.neighbours.iter().map(Neighbour::parse).collect(),
            names: &context.names,
            environment_keys: &context.environment_keys,
            secret_keys: &context.secret_keys,
            pull_secrets: &context.pull_secrets,
            identity_labels: &context.identity_labels,
            schemas: &context.schemas,
        }
    }

    /// Object names already used in the workflow. They are parsed here, because
    /// few nodes ask.
    pub fn names(&self) -> Vec<Json<'a>> {
        match Json::parse(self.names) {
            Ok(Json::List(names)) => names,
            _ => Vec::new(),
        }
    }

    /// Connected nodes, whichever way the edges were drawn; each node once.
    pub fn connected<'s>(&'s self) -> impl Iterator<Item = &'s Neighbour<'a>> {
        self.neighbours.iter().enumerate().filter_map(move |(index, it)| {
            let earlier = self.neighbours.iter().take(index);
            (!earlier.into_iter().any(|other| other.id == it.id)).then_some(it)
        })
    }

    /// Connected nodes that say they can be used in `role`; each node once.
    pub fn providers<'s>(&'s self, role: &'s str) -> impl Iterator<Item = &'s Neighbour<'a>> {
        self.connected().filter(move |it| it.provides(role))
    }
}

/// Another node, connected to the one a call is about.
#[derive(Debug, Clone)]
pub struct Neighbour<'a> {
    /// Id of the connecting edge.
    pub edge: &'a str,
    /// How the edge lies.
    pub direction: Direction,
    /// Handle on the node itself.
    pub own_handle: Option<&'a str>,
    /// Handle on the other node.
    pub other_handle: Option<&'a str>,
    /// Id of the other node.
    pub id: &'a str,
    /// Type of the other node.
    pub type_name: &'a str,
    /// The other node's public view; empty when nobody provides its type.
    pub view: Object<'a>,
}

impl<'a> Neighbour<'a> {
    fn parse(neighbour: &'a wit::Neighbour) -> Self {
        Self {
            edge: &neighbour.edge,
            direction: neighbour.direction,
            own_handle: neighbour.own_handle.as_deref(),
            other_handle: neighbour.other_handle.as_deref(),
            id: &neighbour.id,
            type_name: &neighbour.type_,
            view: Object::parse(&neighbour.view).unwrap_or_default(),
        }
    }

    /// Name of its main object; `""` when it tells none.
    pub fn name(&self) -> &str {
        self.view.text_at(&["name"])
    }

    /// Kind of its main object; `""` when it tells none.
    pub fn kind(&self) -> &str {
        self.view.text_at(&["kind"])
    }

    /// Its namespace, given the one for nodes that name none.
    pub fn namespace<'s>(&'s self, default: &'s str) -> &'s str {
        match self.view.text_at(&["namespace"]) {
            "" => default,
            named => named,
        }
    }

    /// Whether it can be used in `role`.
    pub fn provides(&self, role: &str) -> bool {
        self.view.list_at(&["provides"]).iter().filter_map(Json::as_str).any(|it| it == role)
    }
}
