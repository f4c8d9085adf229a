//! The objects of a node: fields and surroundings in, manifests out.

use bowsprit_plugin_sdk::{
    Context, Json, Kind, Manifest, Metadata, Neighbour, Node, Object, Place, Report, Severity,
};

use crate::definition::{self, Definition};
use crate::expression::{Scope, Trouble, is_true};
use crate::field::{Field, STANDARD};
use crate::mistake::{File, Mark};
use crate::template::{Fault, Template};

/// The key of references that only the host resolves.
const VAULT: &str = "$vault";

impl Definition {
    /// The manifest whose object a status is about.
    pub(super) fn judged(&self) -> Option<&definition::Manifest> {
        self.manifests.get(self.status.of)
    }

    /// The namespace of objects whose node names none, if the file says so.
    pub(super) fn usual_namespace(&self) -> Option<&str> {
        let field = self.head.fields.iter().find(|it| it.name == "namespace")?;
        field.default.as_ref().and_then(Json::as_str)
    }

    /// The fields' values. With a context, secrets that are asked for have to
    /// be in the vault.
    pub(super) fn values<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: Option<&'a Context<'_>>,
        report: &mut Report,
    ) -> Object<'a> {
        let mut values = Object::new();
        for field in self.head.fields.iter().filter(|it| !STANDARD.contains(&it.name.as_str())) {
            if field.secret {
                let kept = context.is_none_or(|it| it.secret_keys.contains(&field.name));
                check_secret(field, node, kept, report);
            } else if let Some(value) = connected(field, node, context) {
                values.set(&field.name, value);
            } else if let Some(value) = field.read(&node.data, &Place::ROOT, report) {
                values.set(&field.name, value);
            }
        }
        values
    }

    /// The objects with what they were made from. Faults go to `report`; then
    /// nothing is made.
    pub fn objects<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<(&'a definition::Manifest, Object<'a>)> {
        let mut metadata = Metadata::read(node, context, self.head.name_rule, report);
        if let Some(namespace) = self.usual_namespace().filter(|_| node.own_namespace().is_none()) {
            metadata.namespace = namespace.into();
        }
        let fields = self.values(node, Some(context), report);
        if report.has_errors() {
            return Vec::new();
        }
        let mut scope = scope(node, context, &metadata, fields);
        let kinds = self.kinds_for(context, &mut scope, report);
        for check in &self.checks {
            check.run(self.file, &mut scope, report);
        }
        let mut objects = Vec::new();
        for ((index, manifest), kind) in self.manifests.iter().enumerate().zip(kinds) {
            let standard = self.standard(manifest, index, &metadata);
            match manifest.make(standard, kind, &mut scope) {
                Ok(Some(body)) => objects.push((manifest, body)),
                Ok(None) => {}
                Err(fault) => note(self.file, &fault, report),
            }
        }
        if report.has_errors() { Vec::new() } else { objects }
    }

    /// The metadata a manifest has before its own is laid over it: only the
    /// first has the user's annotations, which are about the main object.
    fn standard<'a>(
        &self,
        manifest: &definition::Manifest,
        index: usize,
        metadata: &Metadata<'a>,
    ) -> Object<'a> {
        let mut standard = match index {
            0 => metadata.object(),
            _ => metadata.plain_object(metadata.name.clone()),
        };
        if !manifest.options.namespaced {
            standard.remove("namespace");
        }
        standard
    }
}

/// The name of a node that is connected for this field, unless the field says
/// something of its own.
fn connected<'a>(
    field: &Field,
    node: &Node<'_>,
    context: Option<&'a Context<'_>>,
) -> Option<Json<'a>> {
    let source = field.from.as_ref()?;
    let own = node.fields().text(&field.name).ok().flatten();
    let usual = field.default.as_ref().and_then(Json::as_str);
    if own.is_some_and(|it| Some(it.as_ref()) != usual) {
        return None;
    }
    let fits = |it: &&'a Neighbour<'_>| {
        it.provides(&source.role) && source.kind.as_ref().is_none_or(|kind| it.kind() == kind)
    };
    let all: Vec<_> = context?.connected().filter(fits).collect();
    let drawn = all.iter().find(|it| it.own_handle == Some(&field.name));
    let name = drawn.or_else(|| all.first())?.name();
    (!name.is_empty()).then(|| name.into())
}

fn check_secret(field: &Field, node: &Node<'_>, kept: bool, report: &mut Report) {
    let name = &field.name;
    if node.fields().text(name).is_ok_and(|it| it.is_none()) {
        if field.required && !kept {
            let code = format!("{name}.missing");
            let message = format!("The secret `{name}` is missing.");
            let fix = format!("Give the node a secret `{name}` when it is run.");
            report.error(&code, message).at(format!("/{name}")).suggest(fix);
        }
        return;
    }
    let message = format!("`{name}` is a secret and must not be part of the drawing.");
    let fix = format!("Clear the field, and give the node a secret `{name}` when it is run.");
    report.error(&format!("{name}.plain"), message).at(format!("/{name}")).suggest(fix);
}

/// What expressions of objects and checks see.
fn scope<'a>(
    node: &'a Node<'_>,
    context: &'a Context<'_>,
    metadata: &Metadata<'a>,
    fields: Object<'a>,
) -> Scope<'a> {
    let object = metadata.object();
    let part = |key: &str| object.get(key).cloned().unwrap_or_else(|| Object::new().into());
    let identity = context.identity_labels.iter();
    let identity: Object<'a> = identity.map(|(key, it)| (key.as_str(), it.as_str())).collect();
    let about = Object::new()
        .with("annotations", part("annotations"))
        .with("id", node.id)
        .with("identity", identity)
        .with("labels", part("labels"))
        .with("name", metadata.name.clone())
        .with("namespace", metadata.namespace.clone())
        .with("selector", metadata.selector());
    let variables = Object::new()
        .with("cluster", context.cluster.clone())
        .with("environment", vault("env", context.environment_keys))
        .with("fields", fields)
        .with("node", about)
        .with("secrets", vault("secret", context.secret_keys));
    let mut scope = Scope::new(variables);
    scope.neighbours = context.connected().map(|it| neighbour(it, context.namespace)).collect();
    scope
}

/// References to values that only the host knows.
fn vault<'a>(kind: &str, keys: &'a [String]) -> Object<'a> {
    let reference = |key: &str| Object::new().with(VAULT, format!("{kind}/{key}"));
    keys.iter().map(|key| (key.as_str(), reference(key))).collect()
}

/// Another node: its public view, its id and type, and how the edge lies.
fn neighbour<'a>(of: &'a Neighbour<'_>, namespace: &'a str) -> Json<'a> {
    // A view is another plugin's doing: it must not name values of our vault.
    let view = Json::Object(of.view.clone());
    let view = if view.mentions(VAULT) { Object::new() } else { of.view.clone() };
    view.with("handle", of.own_handle.unwrap_or_default())
        .with("id", of.id)
        .with("namespace", of.namespace(namespace).to_owned())
        .with("type", of.type_name)
        .into()
}

/// Tells a fault of the file, which only showed with these data.
fn note(file: File, fault: &Fault, report: &mut Report) {
    let (Mark { line, column }, file) = (fault.at, file.name);
    let message =
        format!("{file}, line {line}, column {column}: with these values {}.", fault.problem);
    let fix = "Change the node's fields, or the expression.";
    report.error("template.value", message).suggest(fix);
}

/// Tells a fault of the status rules; the status itself stands.
pub(super) fn note_status(file: File, fault: &Fault, report: &mut Report) {
    let (Mark { line, column }, file) = (fault.at, file.name);
    let message = format!("{file}, line {line}, column {column}: {}.", fault.problem);
    report.warning("template.status", message).suggest("Change the expression.");
}

impl definition::Check {
    fn run<'a>(&'a self, file: File, scope: &mut Scope<'a>, report: &mut Report) {
        let holds = match scope.evaluate(&self.holds) {
            Ok(value) => is_true(&value),
            Err(Trouble(problem)) => return note(file, &Fault { at: self.at, problem }, report),
        };
        if holds {
            return;
        }
        let message = match words(&self.message, scope) {
            Ok(message) => message.unwrap_or_else(|| "A check of this type fails.".into()),
            Err(fault) => return note(file, &fault, report),
        };
        let suggestion = self.suggestion.as_ref().map(|it| words(it, scope));
        let entry = match self.severity {
            Severity::Info => report.info(&self.code, message),
            Severity::Warning => report.warning(&self.code, message),
            Severity::Error | Severity::Blocker => report.error(&self.code, message),
        };
        let entry = match &self.field {
            Some(field) => entry.at(format!("/{field}")),
            None => entry,
        };
        if let Some(Ok(Some(suggestion))) = suggestion {
            entry.suggest(suggestion);
        }
    }
}

/// A template as text to show; none if it is absent.
pub(super) fn words<'a>(
    template: &'a Template,
    scope: &mut Scope<'a>,
) -> Result<Option<String>, Fault> {
    let value = template.fill(scope)?;
    Ok(bowsprit_plugin_sdk::fields::scalar(&value).map(|it| it.into_owned()))
}

impl definition::Manifest {
    /// The object with what is to be known to apply it.
    pub fn applied<'a>(&'a self, body: Object<'a>) -> Manifest<'a> {
        let options = &self.options;
        let manifest = Manifest::from_body(self.id.as_str(), body)
            .order(options.order)
            .wait(options.wait)
            .prune(options.prune)
            .on_immutable(options.on_immutable);
        options.yields.iter().fold(manifest, |it, pointer| it.yields(pointer))
    }
    /// The object, unless there is none.
    fn make<'a>(
        &'a self,
        standard: Object<'a>,
        kind: Kind,
        scope: &mut Scope<'a>,
    ) -> Result<Option<Object<'a>>, Fault> {
        if let Some(when) = &self.when {
            let placed = |Trouble(problem)| Fault { at: self.at, problem };
            if !is_true(&scope.evaluate(when).map_err(placed)?) {
                return Ok(None);
            }
        }
        let mut body = match self.body.fill(scope)? {
            Json::Object(body) => body,
            _ => Object::new(),
        };
        let metadata = self.metadata(standard, scope)?;
        if let Some(more) = &self.more {
            let fields = scope.variable("fields").and_then(Json::as_object);
            if let Some(Json::Object(value)) = fields.and_then(|it| it.get(&more.field)) {
                more.laid_over(&mut body, value.clone())
                    .map_err(|problem| Fault { at: self.at, problem })?;
            }
        }
        body.set("apiVersion", bowsprit_plugin_sdk::manifest::api_version(&kind));
        body.set("kind", kind.kind);
        body.set("metadata", metadata);
        Ok(Some(body))
    }

    /// The standard metadata with this manifest's own laid over it; labels and
    /// annotations are joined.
    fn metadata<'a>(
        &'a self,
        mut standard: Object<'a>,
        scope: &mut Scope<'a>,
    ) -> Result<Object<'a>, Fault> {
        let Some(template) = &self.metadata else { return Ok(standard) };
        let fault = |problem: &str| Fault { at: template.at, problem: problem.to_owned() };
        let own = match template.fill(scope)? {
            Json::Null => return Ok(standard),
            Json::Object(own) => own,
            _ => return Err(fault("`metadata` is no map")),
        };
        for (key, value) in own {
            let value = match (standard.remove(&key), value) {
                (Some(Json::Object(mut all)), Json::Object(more)) => {
                    more.into_iter().for_each(|(key, it)| all.set(key, it));
                    Json::Object(all)
                }
                (_, value) => value,
            };
            standard.set(key, value);
        }
        if standard.text_at(&["name"]).is_empty() {
            return Err(fault("`metadata.name` is no text"));
        }
        Ok(standard)
    }
}

impl definition::More {
    /// Lays what the field has over its part of the object.
    fn laid_over<'a>(&self, body: &mut Object<'a>, more: Object<'a>) -> Result<(), String> {
        let field = &self.field;
        if let Some(part) = self.part {
            let mut whole = body.remove(part).unwrap_or_default();
            merge(&mut whole, Json::Object(more));
            body.set(part, whole);
            return Ok(());
        }
        let taken = ["apiVersion", "kind", "metadata", "status"];
        if let Some(taken) = taken.iter().find(|it| more.get(it).is_some()) {
            return Err(format!("`{field}` has `{taken}`, which is not the user's to say"));
        }
        let mut whole = Json::Object(std::mem::take(body));
        merge(&mut whole, Json::Object(more));
        if let Json::Object(whole) = whole {
            *body = whole;
        }
        Ok(())
    }
}

/// A JSON merge patch (RFC 7386).
pub fn merge<'a>(target: &mut Json<'a>, patch: Json<'a>) {
    let Json::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if target.as_object().is_none() {
        *target = Json::Object(Object::new());
    }
    let Json::Object(members) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            members.remove(&key);
        } else if let Some(member) = members.get_mut(&key) {
            merge(member, value);
        } else {
            let mut fresh = Json::Null;
            merge(&mut fresh, value);
            members.set(key, fresh);
        }
    }
}
