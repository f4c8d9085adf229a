//! A file as a node type: what it answers when the host asks.

mod status;

use bowsprit_plugin_sdk::{
    Context, DynamicType, Failure, Json, Manifest, Metadata, Neighbour, Node, Object, Observation,
    Place, Report, Seed, Severity, Status, TypeDescriptor, Watch, metadata, normalize,
};

use crate::document::{self, Document};
use crate::expression::{Scope, Trouble, is_true};
use crate::mistake::{FILE, Mark};
use crate::template::{Fault, Template};

/// The key of references that only the host resolves.
const VAULT: &str = "$vault";

impl DynamicType for Document {
    fn name(&self) -> &str {
        &self.name
    }

    fn describe(&self) -> Result<TypeDescriptor, Failure> {
        Ok(self.descriptor())
    }

    fn create<'a>(&'a self, seed: &Seed<'a>, context: &Context<'a>) -> Object<'a> {
        let mut data = Object::new().with("name", seed.name());
        if self.namespaced {
            let own = context.namespace;
            data.set("namespace", if own.is_empty() { "default" } else { own });
        }
        for field in &self.fields {
            if let Some(default) = &field.default {
                data.set(&field.name, default.clone());
            }
        }
        data
    }

    fn normalize(&self, data: &mut Object<'_>, _report: &mut Report) {
        normalize::common(data);
        for field in &self.fields {
            for old in &field.was {
                if let Some(value) = data.remove(old)
                    && data.get(&field.name).is_none()
                {
                    data.set(field.name.clone(), value);
                }
            }
        }
    }

    fn public_view<'a>(&'a self, node: &'a Node<'_>) -> Object<'a> {
        let kind = self.judged().map_or("", |it| it.kind.kind.as_str());
        let provides: Vec<&str> = self.provides.iter().map(String::as_str).collect();
        let mut view = metadata::public_view(node, kind, &provides);
        if !self.namespaced {
            view.remove("namespace");
        }
        let Some(template) = &self.view else { return view };
        // What is wrong with the fields is the node's own business.
        let mut unheard = Report::new(&self.name, node.id);
        let fields = self.values(node, None, &mut unheard);
        let about = view.clone().with("id", node.id);
        let mut scope = Scope::new(Object::new().with("fields", fields).with("node", about));
        if let Ok(Json::Object(own)) = template.fill(&mut scope) {
            own.into_iter().for_each(|(key, value)| view.set(key, value));
        }
        view
    }

    fn render<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let objects = self.objects(node, context, report);
        let manifest = |(of, body): (&'a document::Manifest, Object<'a>)| {
            let manifest = Manifest::from_body(of.id.as_str(), body)
                .order(of.order)
                .wait(of.wait)
                .prune(of.prune)
                .on_immutable(of.on_immutable);
            of.yields.iter().fold(manifest, |it, pointer| it.yields(pointer))
        };
        objects.into_iter().map(manifest).collect()
    }

    fn observe(&self, node: &Node<'_>, context: &Context<'_>) -> Vec<Watch> {
        // What is wrong with the node is told when it is validated.
        let mut unheard = Report::new(&self.name, node.id);
        let objects = self.objects(node, context, &mut unheard);
        // What a faulty edit did not reach is still there.
        if unheard.has_errors() { self.usual_watch(node) } else { self.watches(&objects) }
    }

    fn status(
        &self,
        node: &Node<'_>,
        observation: &Observation<'_>,
        report: &mut Report,
    ) -> Status {
        self.observed(node, observation, report)
    }
}

impl Document {
    /// The manifest whose object a status is about.
    fn judged(&self) -> Option<&document::Manifest> {
        self.manifests.get(self.status.of)
    }

    /// The fields' values. With a context, secrets that are asked for have to
    /// be in the vault.
    fn values<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: Option<&Context<'_>>,
        report: &mut Report,
    ) -> Object<'a> {
        let mut values = Object::new();
        for field in &self.fields {
            if field.secret {
                let kept = context.is_none_or(|it| it.secret_keys.contains(&field.name));
                check_secret(field, node, kept, report);
            } else if let Some(value) = field.read(&node.data, &Place::ROOT, report) {
                values.set(&field.name, value);
            }
        }
        values
    }

    /// The objects with what they were made from. Faults go to `report`; then
    /// nothing is made.
    fn objects<'a>(
        &'a self,
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<(&'a document::Manifest, Object<'a>)> {
        let metadata = Metadata::read(node, context, self.name_rule, report);
        let fields = self.values(node, Some(context), report);
        if report.has_errors() {
            return Vec::new();
        }
        let mut scope = scope(node, context, &metadata, fields);
        for check in &self.checks {
            check.run(&mut scope, report);
        }
        let mut objects = Vec::new();
        for (index, manifest) in self.manifests.iter().enumerate() {
            let standard = self.standard(manifest, index, &metadata);
            match manifest.make(standard, &mut scope) {
                Ok(Some(body)) => objects.push((manifest, body)),
                Ok(None) => {}
                Err(fault) => note(&fault, report),
            }
        }
        if report.has_errors() { Vec::new() } else { objects }
    }

    /// The metadata a manifest has before its own is laid over it: only the
    /// first has the user's annotations, which are about the main object.
    fn standard<'a>(
        &self,
        manifest: &document::Manifest,
        index: usize,
        metadata: &Metadata<'a>,
    ) -> Object<'a> {
        let mut standard = match index {
            0 => metadata.object(),
            _ => metadata.plain_object(metadata.name.clone()),
        };
        if !manifest.namespaced {
            standard.remove("namespace");
        }
        standard
    }
}

fn check_secret(field: &crate::field::Field, node: &Node<'_>, kept: bool, report: &mut Report) {
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
fn note(fault: &Fault, report: &mut Report) {
    let Mark { line, column } = fault.at;
    let message =
        format!("{FILE}, line {line}, column {column}: with these values {}.", fault.problem);
    let fix = "Change the node's fields, or the expression.";
    report.error("template.value", message).suggest(fix);
}

/// Tells a fault of the status rules; the status itself stands.
fn note_status(fault: &Fault, report: &mut Report) {
    let Mark { line, column } = fault.at;
    let message = format!("{FILE}, line {line}, column {column}: {}.", fault.problem);
    report.warning("template.status", message).suggest("Change the expression.");
}

impl document::Check {
    fn run<'a>(&'a self, scope: &mut Scope<'a>, report: &mut Report) {
        let holds = match scope.evaluate(&self.holds) {
            Ok(value) => is_true(&value),
            Err(Trouble(problem)) => return note(&Fault { at: self.at, problem }, report),
        };
        if holds {
            return;
        }
        let message = match words(&self.message, scope) {
            Ok(message) => message.unwrap_or_else(|| "A check of this type fails.".into()),
            Err(fault) => return note(&fault, report),
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
fn words<'a>(template: &'a Template, scope: &mut Scope<'a>) -> Result<Option<String>, Fault> {
    let value = template.fill(scope)?;
    Ok(bowsprit_plugin_sdk::fields::scalar(&value).map(|it| it.into_owned()))
}

impl document::Manifest {
    /// The object, unless there is none.
    fn make<'a>(
        &'a self,
        standard: Object<'a>,
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
        body.set("apiVersion", bowsprit_plugin_sdk::manifest::api_version(&self.kind));
        body.set("kind", self.kind.kind.as_str());
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
