//! The pod template.

use bowsprit_plugin_sdk::rules::{self, Flaw};
use bowsprit_plugin_sdk::{Context, Fields, Invalid, Json, Metadata, Node, Object, Report};

use crate::mounts::{self, ClaimMount};
use crate::{container, environment, passthrough};

/// Lists and objects of the pod that are taken over as they are.
const VERBATIM: [&str; 7] = [
    "affinity",
    "dnsConfig",
    "hostAliases",
    "initContainers",
    "readinessGates",
    "tolerations",
    "topologySpreadConstraints",
];

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

        let container = container.with_filled("env", environment::entries(variables));
        let (spec, container) = mounts.into_parts(spec(&fields, context, report), container);
        let mut containers = vec![Json::Object(container)];
        if let Some(Json::List(more)) = report.optional(passthrough::verbatim(&fields, "sidecars"))
        {
            containers.extend(more);
        }
        let labels = pod_labels(metadata, &fields, report);
        let annotations =
            fields.map_by("podAnnotations", rules::annotation_key, rules::anything, report);
        let annotations: Object<'a> = annotations.into_iter().collect();
        let template = Object::new()
            .with(
                "metadata",
                Object::new().with_filled("annotations", annotations).with("labels", labels),
            )
            .with("spec", spec.with("containers", Json::List(containers)));
        Self { template, variables: known, has_unknown_variables }
    }
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
    mounts::note_shared_claims(context, replicas, report);
    replicas
}

/// The object's name as a container's, which may hold no dots.
fn container_name(name: &str) -> String {
    let label: String = name.chars().map(|it| if it == '.' { '-' } else { it }).take(63).collect();
    label.trim_end_matches('-').to_owned()
}

fn spec<'a>(fields: &Fields<'a, '_>, context: &'a Context<'_>, report: &mut Report) -> Object<'a> {
    let mut spec = Object::new();
    if let Some(account) =
        report.optional(fields.text_by("serviceAccountName", rules::dns_subdomain))
    {
        spec.set("serviceAccountName", account);
    }
    if let Some(class) = report.optional(fields.text_by("priorityClassName", rules::dns_subdomain))
    {
        spec.set("priorityClassName", class);
    }
    let grace = fields.whole("terminationGracePeriodSeconds", 0..=i64::from(i32::MAX));
    if let Some(seconds) = report.optional(grace) {
        spec.set("terminationGracePeriodSeconds", seconds);
    }
    for flag in ["automountServiceAccountToken", "hostNetwork", "hostPID"] {
        if let Some(value) = report.optional(fields.flag(flag)) {
            spec.set(flag, value);
        }
    }
    let selector = fields.map_by("nodeSelector", rules::label_key, rules::label_value, report);
    let selector = selector.into_iter();
    spec = spec.with_filled("nodeSelector", selector.collect::<Object<'a>>());
    passthrough::copy(fields, &VERBATIM, &mut spec, report);
    if let Some(security) = report.optional(passthrough::verbatim(fields, "podSecurityContext")) {
        spec.set("securityContext", security);
    }
    let secrets = report.required(pull_secrets(fields, context)).unwrap_or_default();
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
