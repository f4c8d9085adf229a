//! Definitions read back from Rust types that kopium made of them.
//!
//! kopium keeps names, types, what is required and enumerations; defaults,
//! patterns and CEL rules are lost on that way.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Fields, GenericArgument, Item, Lit, Meta, PathArguments, Token, Type};

use super::schema::{self, Kind};

/// The definition of the one kind in a module.
pub(super) fn definition(source: &str) -> Result<Value> {
    let file = syn::parse_file(source)?;
    let mut types = Types::default();
    let mut root = None;
    for item in file.items {
        match item {
            Item::Struct(it) => {
                let words = words(&it.attrs, "kube")?;
                if words.contains_key("kind") {
                    root = Some((it.ident.to_string(), words));
                }
                types.structs.insert(it.ident.to_string(), it.fields);
            }
            Item::Enum(it) => {
                types.enums.insert(it.ident.to_string(), values(&it)?);
            }
            _ => {}
        }
    }
    let (name, words) = root.context("no struct here is a custom resource")?;
    let word = |key: &str| {
        let value = words.get(key).cloned().flatten();
        value.with_context(|| format!("`#[kube({key} = …)]` is missing"))
    };
    let kind = Kind {
        group: word("group")?,
        version: word("version")?,
        kind: word("kind")?,
        plural: word("plural")?,
        namespaced: words.contains_key("namespaced"),
    };
    let mut properties = Map::new();
    properties.insert("spec".into(), types.named(&name)?);
    if let Some(Some(status)) = words.get("status") {
        properties.insert("status".into(), types.named(status)?);
    }
    Ok(schema::definition(&kind, &schema::object(properties, Vec::new())))
}

/// `#[name(key = "value", word)]` of all attributes called `name`.
fn words(attributes: &[Attribute], name: &str) -> Result<HashMap<String, Option<String>>> {
    let mut words = HashMap::new();
    for attribute in attributes.iter().filter(|it| it.path().is_ident(name)) {
        let list = attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
        for meta in list {
            let Some(key) = meta.path().get_ident().map(ToString::to_string) else { continue };
            let value = match &meta {
                Meta::NameValue(pair) => text(&pair.value),
                _ => None,
            };
            words.insert(key, value);
        }
    }
    Ok(words)
}

fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(it) => match &it.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The texts an enumeration allows.
fn values(item: &syn::ItemEnum) -> Result<Vec<String>> {
    let mut values = Vec::new();
    for variant in &item.variants {
        if !matches!(variant.fields, Fields::Unit) {
            bail!("`{}` is more than a list of texts", item.ident);
        }
        values.push(renamed(&variant.attrs, &variant.ident.to_string())?);
    }
    Ok(values)
}

/// The name in JSON of what Rust calls `ident`.
fn renamed(attributes: &[Attribute], ident: &str) -> Result<String> {
    let given = words(attributes, "serde")?.remove("rename").flatten();
    Ok(given.unwrap_or_else(|| ident.trim_start_matches("r#").to_owned()))
}

/// The types of a module, by name.
#[derive(Default)]
struct Types {
    structs: HashMap<String, Fields>,
    enums: HashMap<String, Vec<String>>,
}

impl Types {
    fn named(&self, name: &str) -> Result<Value> {
        if let Some(values) = self.enums.get(name) {
            return Ok(json!({ "type": "string", "enum": values }));
        }
        let fields = self.structs.get(name);
        let fields = fields.with_context(|| format!("type `{name}` is not known"))?;
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in fields {
            let ident = field.ident.as_ref().context("a field has no name")?.to_string();
            let key = renamed(&field.attrs, &ident)?;
            let (schema, optional) = self.of(&field.ty).with_context(|| format!("`{key}`"))?;
            if !optional {
                required.push(key.clone());
            }
            properties.insert(key, schema);
        }
        Ok(schema::object(properties, required))
    }

    /// The schema of a type, and whether it may be absent.
    fn of(&self, ty: &Type) -> Result<(Value, bool)> {
        let Type::Path(path) = ty else { bail!("is a type this does not read") };
        let last = path.path.segments.last().context("a type has no name")?;
        let name = last.ident.to_string();
        let inner = |at: usize| -> Result<Value> {
            let PathArguments::AngleBracketed(list) = &last.arguments else {
                bail!("`{name}` needs a type in `<>`")
            };
            match list.args.iter().nth(at) {
                Some(GenericArgument::Type(ty)) => Ok(self.of(ty)?.0),
                _ => bail!("`{name}` needs a type in `<>`"),
            }
        };
        let schema = match name.as_str() {
            "Option" => return Ok((inner(0)?, true)),
            "Vec" => json!({ "type": "array", "items": inner(0)? }),
            "BTreeMap" | "HashMap" => {
                json!({ "type": "object", "additionalProperties": inner(1)? })
            }
            "String" => json!({ "type": "string" }),
            "bool" => json!({ "type": "boolean" }),
            "i32" | "i64" | "u32" | "u64" => json!({ "type": "integer" }),
            "f32" | "f64" => json!({ "type": "number" }),
            "IntOrString" => schema::int_or_string(),
            "Value" => schema::anything(),
            "Condition" => schema::condition(),
            other => self.named(other)?,
        };
        Ok((schema, false))
    }
}
