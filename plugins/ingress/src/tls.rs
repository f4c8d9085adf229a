//! Certificates.

use bowsprit_plugin_sdk::shape::{Form, Shape};
use bowsprit_plugin_sdk::{Context, Json, Node, Object, Report, edges, quoted, rules};

/// An element of `tls`.
static ENTRY: Form = Form::new(&[
    ("hosts", Shape::Texts(rules::host)),
    ("secretName", Shape::Text(rules::dns_subdomain)),
]);

/// `tls`: the simple fields, or a connected Secret with a certificate, and
/// then the list `tls`.
pub(crate) fn read<'a>(
    node: &'a Node<'_>,
    context: &'a Context<'_>,
    hosts: &[String],
    report: &mut Report,
) -> Vec<Object<'a>> {
    let fields = node.fields();
    let is_on = report.optional(fields.flag("tlsEnabled"));
    let named = report.optional(fields.text_by("tlsSecretName", rules::dns_subdomain));
    let own = report.required(fields.texts_by("tlsHosts", rules::host)).unwrap_or_default();
    let connected = connected(node, context, report);
    let mut entries = Vec::new();
    // An edge to a certificate is as good as the switch.
    if is_on == Some(true) || is_on.is_none() && connected.is_some() {
        let secret = connected.map(Json::from).or_else(|| named.map(Json::from));
        if secret.is_none() {
            report
                .info("tlsSecretName.missing", "The controller's own certificate is used.")
                .at("/tlsSecretName")
                .suggest("Name a Secret of type `kubernetes.io/tls`, or connect one.");
        }
        let covered: Vec<Json<'a>> = if own.is_empty() {
            hosts.iter().map(|it| Json::from(it.clone())).collect()
        } else {
            note_unknown(&own, hosts, report);
            own.into_iter().map(Json::from).collect()
        };
        let entry = Object::new().with_some("secretName", secret);
        entries.push(entry.with_filled("hosts", Json::List(covered)));
    }
    fields.each("tls", report, |item, report| entries.push(ENTRY.read(&item, report)));
    entries
}

/// The connected Secret that holds a certificate.
fn connected<'a>(
    node: &Node<'_>,
    context: &'a Context<'_>,
    report: &mut Report,
) -> Option<&'a str> {
    let mut secrets = context.connected().filter(|it| it.kind() == "Secret");
    let secret = secrets.next()?;
    let namespace = node.namespace(context);
    edges::check_namespace(secret, &namespace, context, "/tlsSecretName", report);
    let kind = secret.view.text_at(&["type"]);
    if !matches!(kind, "" | "kubernetes.io/tls") {
        let message = format!(
            "The Secret {} is of type {}, not a certificate.",
            quoted(secret.name()),
            quoted(kind)
        );
        report
            .warning("tlsSecretName.type", message)
            .at("/tlsSecretName")
            .suggest("Choose the type `kubernetes.io/tls` for it.");
    }
    Some(secret.name()).filter(|it| !it.is_empty())
}

/// A certificate for a host no rule is about protects nothing.
fn note_unknown(own: &[impl AsRef<str>], hosts: &[String], report: &mut Report) {
    for host in own.iter().map(AsRef::as_ref) {
        if !hosts.is_empty() && !hosts.iter().any(|it| it == host) {
            report
                .warning("tlsHosts.unknown", format!("No rule is about the host {}.", quoted(host)))
                .at("/tlsHosts")
                .suggest("Add a rule for it, or remove it.");
        }
    }
}
