//! The pod template.

use bowsprit_plugin_sdk::rules::{self, Flaw};
use bowsprit_plugin_sdk::shape::{self, Shape};
use bowsprit_plugin_sdk::{Context, Fields, Invalid, Json, Metadata, Node, Object, Report, quoted};

use crate::forms::{self, container::CONTAINER};
use crate::mounts::{self, ClaimMount};
use crate::{container, environment, security};

/// Says on the pods which settings they were started with, so that a change
/// of a `ConfigMap` they read as variables starts new ones.
const SETTINGS_ANNOTATION: &str = "bowsprit.dev/settings";

/// A pod template, and what was learned on the way.
#[derive(Debug)]
pub struct PodTemplate<'a> {
    /// `metadata` and `spec`.
    pub template: Object<'a>,
    /// Names of the container's variables, as far as they are known.
    pub variables: Vec<String>,
    /// Whether a connected node may bring variables that are not known.
    pub has_unknown_variables: bool,
}

impl<'a> PodTemplate<'a> {
    /// Reads everything about the pod. `claims` are mounts of volumes the
    /// object brings along itself. Faults go to `report`.
    pub fn read(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        metadata: &Metadata<'a>,
        claims: &[ClaimMount],
        report: &mut Report,
    ) -> Self {
        let fields = node.fields();
        let container = container::read(&fields, container_name(&metadata.name), report);
        let variables = environment::read(node, context, report);
        let mounts = mounts::read(node, context, metadata, claims, report);
        let names = variables.iter().map(|(name, _)| name);
        let known = names.chain(mounts.variables.iter().copied()).map(str::to_owned).collect();
        let has_unknown_variables = mounts.has_unknown_variables;
        let annotations = annotations(&fields, mounts.settings(), report);

        let pod_security = security::pod(&fields, report);
        let container_security = security::container(&fields, &pod_security, report);
        let container = container
            .with_filled("env", environment::entries(variables))
            .with_filled("securityContext", container_security);
        let beside = Beside::read(&fields, &container, &mounts, &pod_security, report);
        let (spec, container) = mounts.into_parts(spec(&fields, context, report), container);
        let mut containers = vec![Json::Object(container)];
        containers.extend(beside.sidecars.into_iter().map(Json::Object));
        let spec = spec
            .with("containers", Json::List(containers))
            .with_filled("initContainers", beside.first)
            .with("securityContext", pod_security);
        let labels = pod_labels(metadata, &fields, report);
        let metadata = Object::new().with_filled("annotations", annotations).with("labels", labels);
        let template = Object::new().with("metadata", metadata).with("spec", spec);
        Self { template, variables: known, has_unknown_variables }
    }

    /// The template with a member of the pod that only some kinds have.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Json<'a>>) -> Self {
        if let Some(Json::Object(spec)) = self.template.get_mut("spec") {
            spec.set(name, value);
        }
        self
    }
}

/// Containers before and beside the main one.
struct Beside<'a> {
    first: Vec<Object<'a>>,
    sidecars: Vec<Object<'a>>,
}

impl<'a> Beside<'a> {
    fn read(
        fields: &Fields<'a, '_>,
        main: &Object<'a>,
        mounts: &mounts::Mounts<'a>,
        pod_security: &Object<'a>,
        report: &mut Report,
    ) -> Self {
        let mut taken = vec![main.text_at(&["name"]).to_owned()];
        let mut list = |name: &'static str, report: &mut Report| {
            let mut containers = Vec::new();
            fields.each(name, report, |item, report| {
                let container = CONTAINER.read(&item, report);
                note_taken(&item, &mut taken, report);
                note_volumes(&item, mounts, report);
                containers.push(security::beside(container, pod_security));
            });
            containers
        };
        let first = list("initContainers", report);
        let mut sidecars = list("sidecars", report);
        // Only containers that run before the main one have it.
        sidecars.iter_mut().for_each(|it| drop(it.remove("restartPolicy")));
        Self { first, sidecars }
    }
}

/// Names of containers are unique in the pod.
fn note_taken(item: &Fields<'_, '_>, taken: &mut Vec<String>, report: &mut Report) {
    let Ok(Some(name)) = item.text("name") else { return };
    if taken.iter().any(|it| *it == name) {
        let message = format!("Two containers are called {}.", quoted(&name));
        let invalid = Invalid::new(&item.place().field("name"), "taken", message);
        report.required::<()>(Err(invalid.suggest("Give each container a name of its own.")));
    }
    taken.push(name.into_owned());
}

/// Containers mount volumes the pod has.
fn note_volumes(item: &Fields<'_, '_>, mounts: &mounts::Mounts<'_>, report: &mut Report) {
    item.each("volumeMounts", report, |mount, report| {
        let Ok(Some(name)) = mount.text("name") else { return };
        if !mounts.has_volume(&name) {
            let message = format!("The pod has no volume {}.", quoted(&name));
            let invalid = Invalid::new(&mount.place().field("name"), "unknown", message);
            report.required::<()>(Err(invalid.suggest("Add it to `volumes`.")));
        }
    });
}

/// The user's annotations of the pods, and the settings they start with.
fn annotations<'a>(
    fields: &Fields<'a, '_>,
    settings: Option<String>,
    report: &mut Report,
) -> Object<'a> {
    let given = fields.map_by("podAnnotations", rules::annotation_key, rules::anything, report);
    let given: Object<'a> = given.into_iter().collect();
    given.with_some(SETTINGS_ANNOTATION, settings)
}

/// The rule for names of workloads, which are values of the label `app` on
/// their pods as well.
///
/// # Errors
///
/// When the text is no DNS subdomain or longer than 63 characters.
pub fn workload_name(text: &str) -> Result<(), Flaw> {
    rules::dns_subdomain(text)?;
    rules::label_value(text).map_err(|_| Flaw {
        problem: "is too long for the name of a workload",
        hint: "Use at most 63 characters.",
    })
}

/// The field `replicas`: 1 when absent, 0 kept.
pub fn replicas(fields: &Fields<'_, '_>, context: &Context<'_>, report: &mut Report) -> i64 {
    let replicas = report.optional(fields.whole("replicas", 0..=i64::from(i32::MAX))).unwrap_or(1);
    mounts::note_shared_claims(context, Some(replicas), report);
    replicas
}

/// Tells of claims that pods on every machine cannot share.
pub fn note_claims_of_many(context: &Context<'_>, report: &mut Report) {
    mounts::note_shared_claims(context, None, report);
}

/// The object's name as a container's, which may hold no dots.
fn container_name(name: &str) -> String {
    let label: String = name.chars().map(|it| if it == '.' { '-' } else { it }).take(63).collect();
    label.trim_end_matches('-').to_owned()
}

fn spec<'a>(fields: &Fields<'a, '_>, context: &'a Context<'_>, report: &mut Report) -> Object<'a> {
    let mut spec = Object::new();
    shape::copy(fields, forms::POD, &mut spec, report);
    let selector = Shape::Map(rules::label_key, rules::label_value);
    let selector = selector.read(fields, "nodeSelector", report).unwrap_or_default();
    let secrets = report.required(pull_secrets(fields, context)).unwrap_or_default();
    let uses_host = spec.get("hostNetwork").and_then(Json::as_bool).unwrap_or_default();
    if uses_host && spec.get("dnsPolicy").is_none() {
        // With the machine's network, names of Services need to be asked for.
        spec.set("dnsPolicy", "ClusterFirstWithHostNet");
    }
    let spec = if selector.is_null() { spec } else { spec.with_filled("nodeSelector", selector) };
    spec.with_filled("imagePullSecrets", secrets)
}

/// Names from the data and from the host, each once, as the API has them.
fn pull_secrets<'a>(
    fields: &Fields<'a, '_>,
    context: &'a Context<'_>,
) -> Result<Vec<Object<'a>>, Invalid> {
    let mut names: Vec<&'a str> = Vec::new();
    let list = fields.place().field("imagePullSecrets");
    for (index, item) in fields.list("imagePullSecrets")? {
        let name = match item {
            Json::Text(name) => Some(name.trim()),
            Json::Object(object) => object.get("name").and_then(Json::as_str),
            _ => None,
        };
        let place = list.item(index);
        let name =
            name.ok_or_else(|| Invalid::new(&place, "type", "A pull secret has to be a name."))?;
        if !name.is_empty() {
            rules::dns_subdomain(name).map_err(|flaw| Invalid::flawed(&place, name, flaw))?;
            names.push(name);
        }
    }
    names.extend(context.pull_secrets.iter().map(String::as_str));
    let mut seen = Vec::new();
    names.retain(|name| {
        !seen.contains(name) && {
            seen.push(*name);
            true
        }
    });
    Ok(names.into_iter().map(|name| Object::new().with("name", name)).collect())
}

/// Labels of the pods: those of the object, and `version` if there is one.
fn pod_labels<'a>(
    metadata: &Metadata<'a>,
    fields: &Fields<'a, '_>,
    report: &mut Report,
) -> Object<'a> {
    let version = report.optional(fields.text_by("version", rules::label_value));
    metadata.labels().with_some("version", version)
}
