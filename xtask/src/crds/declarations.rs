//! Definitions read back from TypeScript declarations that were made of them.
//!
//! They keep names, types, what is required and enumerations. `number` may
//! have been an integer.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::schema::{self, Kind};
use super::sources::Declared;

/// The definitions of `wanted`, whose fields the declarations list.
pub(super) fn definitions(source: &str, wanted: &[Declared]) -> Result<Vec<Value>> {
    let plain = without_comments(source);
    let declared = Declarations::read(&plain)?;
    let of = |it: &Declared| {
        let fields = declared.interfaces.get(it.root.as_str());
        let fields = fields.with_context(|| format!("`{}` is not declared", it.root))?;
        let mut properties = Map::new();
        properties.insert("status".into(), schema::anything());
        let (mut required, mut inside) = (Vec::new(), Vec::new());
        for (key, optional, ty) in fields {
            if matches!(key.as_str(), "spec" | "status") {
                properties.insert(key.clone(), declared.of(ty, &mut inside)?);
                required.extend((!optional && key == "spec").then(|| key.clone()));
            }
        }
        let root = schema::object(properties, required);
        let kind = Kind {
            group: it.group.clone(),
            version: it.version.clone(),
            kind: it.kind.clone(),
            plural: it.plural.clone(),
            namespaced: true,
        };
        Ok(schema::definition(&kind, &root))
    };
    wanted.iter().map(of).collect()
}

fn without_comments(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("/*") {
        text.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    text + rest
}

/// A field: its name, whether it may be absent, and its type's text.
type Field<'a> = (String, bool, &'a str);

/// What is declared, by name.
#[derive(Default)]
struct Declarations<'a> {
    interfaces: HashMap<&'a str, Vec<Field<'a>>>,
    enums: HashMap<&'a str, Vec<&'a str>>,
    unions: HashSet<&'a str>,
}

impl<'a> Declarations<'a> {
    fn read(source: &'a str) -> Result<Self> {
        let mut all = Self::default();
        let mut rest = source;
        while let Some(at) = rest.find(['{', ';']) {
            let (head, after) = rest.split_at(at);
            if after.starts_with(';') {
                rest = after.get(1..).unwrap_or_default();
                continue;
            }
            let body = braced(after)?;
            let mut words = head.split_whitespace().rev();
            let (name, what) = (words.next().unwrap_or_default(), words.next());
            match what {
                Some("interface") => {
                    all.interfaces.insert(name, fields(body)?);
                }
                Some("enum" | "const") => {
                    let values = body.split('"').skip(1).step_by(2);
                    all.enums.insert(name.trim_end_matches(':'), values.collect());
                }
                // A class of its own for what is a number or a text.
                Some("class") if body.contains("static fromString(") => {
                    all.unions.insert(name);
                }
                _ => {}
            }
            rest = after.get(body.len() + 2..).unwrap_or_default();
        }
        Ok(all)
    }

    /// The schema of a declared type; `inside` are those around it.
    fn named(&self, name: &str, inside: &mut Vec<String>) -> Result<Value> {
        if let Some(values) = self.enums.get(name) {
            return Ok(json!({ "type": "string", "enum": values }));
        }
        if self.unions.contains(name) {
            return Ok(schema::int_or_string());
        }
        let fields = self.interfaces.get(name);
        let fields = fields.with_context(|| format!("`{name}` is not declared"))?;
        if inside.iter().any(|it| it == name) {
            return Ok(schema::anything());
        }
        inside.push(name.to_owned());
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (key, optional, ty) in fields {
            properties.insert(key.clone(), self.of(ty, inside).with_context(|| key.clone())?);
            if !optional {
                required.push(key.clone());
            }
        }
        inside.pop();
        Ok(schema::object(properties, required))
    }

    fn of(&self, ty: &str, inside: &mut Vec<String>) -> Result<Value> {
        let ty = ty.trim();
        if let Some(item) = ty.strip_suffix("[]") {
            let item = item.trim_start_matches('(').trim_end_matches(')');
            return Ok(json!({ "type": "array", "items": self.of(item, inside)? }));
        }
        if let Some(item) = ty.strip_prefix("Array<").and_then(|it| it.strip_suffix('>')) {
            return Ok(json!({ "type": "array", "items": self.of(item, inside)? }));
        }
        if let Some(map) = ty.strip_prefix('{') {
            let value = map.split_once("]:").context("an inline type is no map")?.1;
            let value = value.trim_end_matches('}').trim().trim_end_matches(';');
            return Ok(
                json!({ "type": "object", "additionalProperties": self.of(value, inside)? }),
            );
        }
        Ok(match ty {
            "string" => json!({ "type": "string" }),
            "Date" => json!({ "type": "string", "format": "date-time" }),
            "boolean" => json!({ "type": "boolean" }),
            "number" => json!({ "type": "number" }),
            "number | string" | "string | number" => schema::int_or_string(),
            "any" | "object" => schema::anything(),
            name => self.named(name, inside)?,
        })
    }
}

/// What is between the first brace and the one that closes it.
fn braced(text: &str) -> Result<&str> {
    let mut depth = 0;
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(1..at).context("a brace closes before it opens");
        }
    }
    bail!("a brace is not closed")
}

/// The fields of an interface; what has no `name: type` is not one.
fn fields(body: &str) -> Result<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    let mut rest = body.trim();
    while !rest.is_empty() {
        let (head, after) = rest.split_once(':').context("a field has no type")?;
        let length = if after.trim_start().starts_with('{') {
            let indent = after.len() - after.trim_start().len();
            indent + braced(after.trim_start())?.len() + 2
        } else {
            after.find(';').context("a field does not end")?
        };
        let name = head.trim().trim_start_matches("readonly ").trim();
        let optional = name.ends_with('?');
        let name = name.trim_end_matches('?').trim_matches(['\'', '"']);
        fields.push((name.to_owned(), optional, after.get(..length).unwrap_or_default()));
        rest = after.get(length..).unwrap_or_default().trim_start_matches(';').trim_start();
    }
    Ok(fields)
}
