//! Whether an object follows an OpenAPI v3 schema, as an API server sees it.
//!
//! Structural schemas only, which is all that definitions can have. Rules in
//! CEL (`x-kubernetes-validations`) are left to the server; they are counted.
//!
//! Source: `apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaProps`.

mod values;

use bowsprit_plugin_sdk::{Json, Object, Report, quoted};

/// More breaches than this help nobody.
const MOST: usize = 20;
/// Members every object has, which the server checks itself.
const STANDARD: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// What a check came to.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) breaches: Vec<Breach>,
    /// Messages of rules that only the server can check.
    pub(crate) left: Vec<String>,
}

/// A part of an object that breaks the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    /// Where in the object.
    pub(crate) path: Vec<String>,
    /// The last part of its code.
    pub(crate) code: &'static str,
    /// Completes "`spec.size` …".
    pub(crate) problem: String,
    pub(crate) fix: Option<String>,
}

impl Breach {
    /// Adds it to a report, as a fault of `field`.
    pub(crate) fn tell(&self, field: Option<&str>, report: &mut Report) {
        let message = format!("`{}` {}.", self.path.join("."), self.problem);
        let code = format!("schema.{}", self.code);
        // The server would drop it without a word; that is no reason to stop.
        let entry = if self.code == "unknown" {
            report.warning(&code, message)
        } else {
            report.error(&code, message)
        };
        let entry = match field {
            Some(field) => entry.at(format!("/{}", field.replace('~', "~0").replace('/', "~1"))),
            None => entry,
        };
        if let Some(fix) = &self.fix {
            entry.suggest(fix);
        }
    }
}

/// Checks a whole object.
pub(crate) fn check(schema: &Object<'_>, object: &Object<'_>) -> Verdict {
    let mut check = Check { path: Vec::new(), verdict: Verdict::default() };
    let properties = schema.get("properties").and_then(Json::as_object);
    check.rules(schema);
    check.required(schema, object, &STANDARD);
    for (key, value) in object.iter().filter(|(key, _)| !STANDARD.contains(key)) {
        match properties.and_then(|it| it.get(key)).and_then(Json::as_object) {
            Some(schema) => check.inside(key, |it| it.value(schema, value, true)),
            None if preserves(schema) => {}
            None => check.inside(key, |it| it.unknown(properties)),
        }
    }
    check.verdict
}

/// Whether values may have what the schema does not know.
pub(crate) fn preserves(schema: &Object<'_>) -> bool {
    flag(schema, "x-kubernetes-preserve-unknown-fields")
        || flag(schema, "x-kubernetes-embedded-resource")
}

pub(crate) fn flag(schema: &Object<'_>, key: &str) -> bool {
    schema.get(key).and_then(Json::as_bool).unwrap_or_default()
}

struct Check {
    path: Vec<String>,
    verdict: Verdict,
}

impl Check {
    fn inside(&mut self, key: &str, check: impl FnOnce(&mut Self)) {
        self.path.push(key.to_owned());
        check(self);
        self.path.pop();
    }

    fn breach(&mut self, code: &'static str, problem: String, fix: Option<String>) {
        if self.verdict.breaches.len() < MOST {
            let path = self.path.clone();
            self.verdict.breaches.push(Breach { path, code, problem, fix });
        }
    }

    fn unknown(&mut self, known: Option<&Object<'_>>) {
        let known: Vec<&str> =
            known.map(|it| it.iter().map(|it| it.0).collect()).unwrap_or_default();
        let word = self.path.last().map(String::as_str).unwrap_or_default();
        let near = document::table::closest(word, &known);
        let near = Some(near).filter(|it| it.starts_with("Did you"));
        let fix = near
            .unwrap_or_else(|| "Remove it, or use a version of the operator that has it.".into());
        let problem = "is not known to the cluster, which would drop it".to_owned();
        self.breach("unknown", problem, Some(fix));
    }

    /// Notes the rules that are left to the server.
    fn rules(&mut self, schema: &Object<'_>) {
        for rule in schema.list_at(&["x-kubernetes-validations"]).iter().filter_map(Json::as_object)
        {
            let message = rule.text_at(&["message"]);
            let message = if message.is_empty() { rule.text_at(&["rule"]) } else { message };
            if self.verdict.left.len() < MOST {
                self.verdict.left.push(message.to_owned());
            }
        }
    }

    fn required(&mut self, schema: &Object<'_>, object: &Object<'_>, except: &[&str]) {
        let required = schema.list_at(&["required"]).iter().filter_map(Json::as_str);
        for key in required.filter(|it| !except.contains(it) && object.get(it).is_none()) {
            let fix = Some(format!("Fill it in, or add `{key}` as YAML."));
            self.inside(key, |it| it.breach("required", "is missing".into(), fix));
        }
    }

    /// Checks a value; an open check does not mind members nobody knows.
    fn value(&mut self, schema: &Object<'_>, value: &Json<'_>, closed: bool) {
        if value.is_null() {
            return;
        }
        self.rules(schema);
        if !self.is_of_type(schema, value) {
            return;
        }
        self.limits(schema, value);
        match value {
            Json::Object(object) => self.members(schema, object, closed),
            Json::List(items) => {
                if let Some(schema) = schema.get("items").and_then(Json::as_object) {
                    for (index, item) in items.iter().enumerate() {
                        self.inside(&index.to_string(), |it| it.value(schema, item, closed));
                    }
                }
            }
            _ => {}
        }
        self.combined(schema, value);
    }

    fn members(&mut self, schema: &Object<'_>, object: &Object<'_>, closed: bool) {
        self.required(schema, object, &[]);
        let properties = schema.get("properties").and_then(Json::as_object);
        let additional = schema.get("additionalProperties");
        for (key, value) in object.iter() {
            if let Some(schema) = properties.and_then(|it| it.get(key)).and_then(Json::as_object) {
                self.inside(key, |it| it.value(schema, value, closed));
            } else if let Some(schema) = additional.and_then(Json::as_object) {
                self.inside(key, |it| it.value(schema, value, closed));
            } else if closed
                && !preserves(schema)
                && additional.and_then(Json::as_bool) != Some(true)
            {
                self.inside(key, |it| it.unknown(properties));
            }
        }
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`.
    fn combined(&mut self, schema: &Object<'_>, value: &Json<'_>) {
        for part in schema.list_at(&["allOf"]).iter().filter_map(Json::as_object) {
            self.value(part, value, false);
        }
        let fits = |it: &&Object<'_>| fits(it, value);
        for (key, most) in [("anyOf", usize::MAX), ("oneOf", 1)] {
            let parts: Vec<_> = schema.list_at(&[key]).iter().filter_map(Json::as_object).collect();
            let count = parts.iter().copied().filter(fits).count();
            if !parts.is_empty() && (count == 0 || count > most) {
                let problem = if count == 0 { "fits none of" } else { "fits more than one of" };
                let fix = alternatives(&parts);
                self.breach(
                    "alternatives",
                    format!("{problem} the alternatives the kind has"),
                    fix,
                );
            }
        }
        if schema.get("not").and_then(Json::as_object).is_some_and(|it| fits(&it)) {
            self.breach("excluded", "is what the kind excludes".into(), None);
        }
    }
}

/// Whether a value breaks nothing.
fn fits(schema: &Object<'_>, value: &Json<'_>) -> bool {
    let mut check = Check { path: Vec::new(), verdict: Verdict::default() };
    check.value(schema, value, false);
    check.verdict.breaches.is_empty()
}

/// What alternatives ask for, if they only name members.
fn alternatives(parts: &[&Object<'_>]) -> Option<String> {
    let asked = |it: &&Object<'_>| {
        let keys: Vec<_> = it.list_at(&["required"]).iter().filter_map(Json::as_str).collect();
        (!keys.is_empty()).then(|| quoted(&keys.join(" and ")))
    };
    let asked: Option<Vec<_>> = parts.iter().map(asked).collect();
    asked.map(|it| format!("Give one of {}.", it.join(", ")))
}
