//! A Helm chart whose values are the fields of the drawing.
//!
//! Which fields those are, and where in which objects they end up, the host
//! does not know: it asks. Each field is changed a little and the nodes it can
//! concern are rendered again; what changes in the objects, and only that,
//! becomes a reference to the value. So a chart of any plugin's objects has
//! values, also where a field of one node ends up in another one's object.

mod differences;
mod probe;
mod template;
mod values;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::{
    probe::{How, Parameter, parameters},
    template::Template,
    values::{Expression, Values},
};
use super::{
    files::{Files, comment, yaml},
    objects::Source,
    plain::left_out,
};
use crate::{Result, drafts::Draft, runs::plan::Planned, runs::vault::reference};

/// Beside a node's fields: its secret values.
const SECRETS: &str = "secrets";
const VARIABLES: &str = "env";

/// A chart, with at most `calls` calls of plugins to find its values.
pub(super) async fn files(source: &Source, draft: &Draft, calls: usize) -> Result<Files> {
    let parameters = parameters(source, draft, calls).await?;
    let objects: Vec<&Planned> = source.objects().collect();
    let mut chart = Chart::of(source, &objects);
    for parameter in &parameters {
        chart.refer_to(parameter);
    }
    chart.derive(&parameters);
    for (n, object) in objects.iter().enumerate() {
        chart.place(n, object);
    }
    chart.files(source)
}

/// A chart under construction.
struct Chart<'s> {
    namespace: &'s str,
    values: Values,
    /// One for each object.
    templates: Vec<Template>,
    objects: Vec<&'s Planned>,
    /// Expressions of parameters, by their place in the list.
    expressions: Vec<Expression>,
    /// What has to be given.
    required: Vec<String>,
}

impl<'s> Chart<'s> {
    fn of(source: &'s Source, objects: &[&'s Planned]) -> Self {
        Self {
            namespace: &source.namespace,
            values: Values::of(source),
            templates: objects.iter().map(|it| Template::of(&it.body)).collect(),
            objects: objects.to_vec(),
            expressions: Vec::new(),
            required: Vec::new(),
        }
    }

    /// Makes a value of a field and puts references to it where it ends up.
    fn refer_to(&mut self, parameter: &Parameter) {
        let Parameter { node, pointer, value, data, places } = parameter;
        let expression = self.values.add(node, pointer, value, data);
        for place in places {
            let text = match &place.how {
                How::Whole => format!("{{{{ toJson {expression} }}}}"),
                How::Within { before, after } => {
                    let shown = if value.is_string() {
                        expression.to_string()
                    } else {
                        format!("(toJson {expression})")
                    };
                    let (before, after) = (quoted(before), quoted(after));
                    format!("{{{{ print {before} {shown} {after} | toJson }}}}")
                }
                How::Derived => continue,
            };
            if let Some(template) = self.templates.get_mut(place.object) {
                template.put(&place.pointer, text);
            }
        }
        self.expressions.push(expression);
    }

    /// Checksums of values: what they are while all those are as exported,
    /// else something that changes with them.
    fn derive(&mut self, parameters: &[Parameter]) {
        let mut derived: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
        for (n, parameter) in parameters.iter().enumerate() {
            for place in parameter.places.iter().filter(|it| it.how == How::Derived) {
                derived.entry((place.object, &place.pointer)).or_default().push(n);
            }
        }
        for ((object, pointer), from) in derived {
            let Some(template) = self.templates.get_mut(object) else { continue };
            let Some(exported) = template.text_at(pointer) else { continue };
            let defaults: Vec<&Value> =
                from.iter().filter_map(|it| parameters.get(*it)).map(|it| &it.value).collect();
            let expressions: Vec<String> = from
                .iter()
                .filter_map(|it| self.expressions.get(*it))
                .map(ToString::to_string)
                .collect();
            let (length, now) =
                (exported.len(), format!("(toJson (list {}))", expressions.join(" ")));
            let (exported, as_exported) = (quoted(&exported), quoted(&go_json(&defaults)));
            template.put(
                pointer,
                format!(
                    "{{{{ ternary {exported} ({now} | sha256sum | trunc {length}) (eq {now} {as_exported}) | toJson }}}}"
                ),
            );
        }
    }

    /// Puts in what is the same in every chart: the release's namespace, and
    /// values that are nobody's but the user's.
    fn place(&mut self, n: usize, object: &Planned) {
        let Some(template) = self.templates.get_mut(n) else { return };
        template.put_namespace(self.namespace);
        if object.key.kind.is_secret() {
            for field in ["data", "stringData"] {
                let values = object.body.get(field).and_then(Value::as_object);
                for key in values.into_iter().flatten().map(|(key, _)| key) {
                    let path = [SECRETS, key];
                    let expression = self.values.require(&object.node, path);
                    let sealed = if field == "data" { "b64enc | toJson" } else { "toJson" };
                    let pointer = format!("/{field}/{}", escaped(key));
                    let required = required(&expression);
                    template.put(&pointer, format!("{{{{ {required} | {sealed} }}}}"));
                    self.required.push(expression.to_string());
                }
            }
            return;
        }
        for (pointer, key) in references(&object.body) {
            let name = key.split_once('/').map_or(key.as_str(), |(_, it)| it);
            let expression = self.values.require(&object.node, [VARIABLES, name]);
            let required = required(&expression);
            if template.put(&pointer, format!("{{{{ {required} | toJson }}}}")) {
                self.required.push(expression.to_string());
            }
        }
    }

    fn files(self, source: &Source) -> Result<Files> {
        let mut files = Files::default();
        for (key, body) in source.namespaces() {
            if key.name != source.namespace {
                files.add_object("templates/", &key, yaml(&body)?);
            }
        }
        for (object, template) in self.objects.iter().zip(self.templates) {
            files.add_object("templates/", &object.key, template.finish()?);
        }
        let chart = json!({
            "apiVersion": "v2", "name": source.name, "type": "application", "version": "0.1.0",
            "description": format!("The workflow `{}`, exported by Bowsprit.", source.title.trim()),
        });
        files.add("Chart.yaml", yaml(&chart)?);
        let mut about = String::from("Fields of the drawing, by node.\n");
        if !self.required.is_empty() {
            about.push_str("These have to be given, and are better not kept in this file:\n");
            for it in &self.required {
                about.push_str(&format!("  {it}\n"));
            }
        }
        about.push_str(&left_out(source));
        files.add("values.yaml", comment(&about) + &yaml(&self.values.into_value())?);
        Ok(files)
    }
}

/// A value that has to be given, as a text.
fn required(expression: &Expression) -> String {
    let message = quoted(&format!("{expression} has to be given"));
    format!("required {message} {expression} | toString")
}

/// A literal of the template language, which takes JSON's escapes.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// What `toJson` makes of a list of these: Go escapes what HTML would read.
fn go_json(values: &[&Value]) -> String {
    let text = serde_json::to_string(values).unwrap_or_default();
    [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ]
    .into_iter()
    .fold(text, |text, (letter, escape)| text.replace(letter, escape))
}

/// A key as a segment of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Where an object waits for values of the vault, with their keys.
fn references(body: &Value) -> Vec<(String, String)> {
    fn walk(value: &Value, at: String, found: &mut Vec<(String, String)>) {
        if let Some(key) = reference(value) {
            found.push((at, key));
            return;
        }
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    walk(value, format!("{at}/{}", escaped(key)), found);
                }
            }
            Value::Array(items) => {
                for (n, value) in items.iter().enumerate() {
                    walk(value, format!("{at}/{n}"), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(body, String::new(), &mut found);
    found
}
