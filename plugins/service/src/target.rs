//! Which pods a Service leads to.
//!
//! A connected workload's own view wins over what the canvas copied into
//! `targetApp` and `targetPort` when the edge was drawn, so renaming the
//! workload never leaves the Service pointing at nothing. Without an edge the
//! copies are all there is. A `selector` of the user's own always wins.

use bowsprit_plugin_sdk::metadata::APP_LABEL;
use bowsprit_plugin_sdk::{Context, Json, Neighbour, Node, Object, Report, edges, quoted, rules};

/// What a Service leads to.
#[derive(Debug, Default)]
pub(crate) struct Target<'a> {
    /// Labels of the pods.
    pub(crate) selector: Object<'a>,
    /// The container's port, if it is known.
    pub(crate) port: Option<Json<'a>>,
}

/// Reads selector and target port from edges and data.
pub(crate) fn read<'a>(
    node: &'a Node<'_>,
    context: &'a Context<'_>,
    report: &mut Report,
) -> Target<'a> {
    let fields = node.fields();
    let own = fields.map_by("selector", rules::label_key, rules::label_value, report);
    let own: Object<'a> = own.into_iter().collect();
    let app = report.optional(fields.text_by("targetApp", rules::label_value));
    let stored = report.optional(fields.port_or_name("targetPort"));
    let workload = workload(context, app.as_deref(), report);
    if let Some(workload) = workload {
        let namespace = node.namespace(context);
        edges::check_namespace(workload, &namespace, context, "/namespace", report);
    }
    let port = match workload {
        Some(workload) => edges::port(workload, stored, ("targetPort", "/targetPort"), report),
        None => stored,
    };
    let selector = if !own.is_empty() {
        own
    } else if let Some(workload) = workload {
        selector_of(workload)
    } else if let Some(app) = app {
        Object::new().with(APP_LABEL, app)
    } else {
        report
            .error("targetApp.missing", "Nothing says which pods this Service leads to.")
            .at("/targetApp")
            .suggest("Connect it to a workload, or fill in `targetApp`.");
        Object::new()
    };
    Target { selector, port }
}

/// The connected workload; the one called like `targetApp` among several.
fn workload<'a>(
    context: &'a Context<'a>,
    app: Option<&str>,
    report: &mut Report,
) -> Option<&'a Neighbour<'a>> {
    let all: Vec<&'a Neighbour<'a>> = context.providers("selects").collect();
    let named = all.iter().find(|it| Some(it.name()) == app).or_else(|| all.first());
    let chosen = named.copied()?;
    if all.len() > 1 {
        let message = format!(
            "It is connected to {} workloads and leads to {} only.",
            all.len(),
            quoted(chosen.name())
        );
        report
            .warning("targetApp.several", message)
            .at("/targetApp")
            .suggest("Keep one edge, or give `selector` labels that all of them have.");
    }
    Some(chosen)
}

fn selector_of<'a>(workload: &'a Neighbour<'a>) -> Object<'a> {
    match workload.view.get("selector").and_then(Json::as_object) {
        Some(selector) if !selector.is_empty() => selector.clone(),
        _ => Object::new().with(APP_LABEL, workload.name()),
    }
}
