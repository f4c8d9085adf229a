//! From templates to values.
//!
//! What is absent is left out: an entry whose value is absent, an item that
//! is, a text with an absent part, and a map or list that was written with
//! something in it and has nothing left.

use bowsprit_plugin_sdk::{Json, Object, fields};

use super::{Each, Form, Part, Template};
use crate::expression::{Expression, Scope, Trouble, is_true};
use crate::mistake::Mark;

/// Why a template has no value, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub at: Mark,
    /// A sentence without its end.
    pub problem: String,
}

type Filled<'a> = Result<Json<'a>, Fault>;

impl Template {
    /// What it comes to; `null` is absent.
    ///
    /// # Errors
    ///
    /// When an expression in it has no value.
    pub fn fill<'a>(&'a self, scope: &mut Scope<'a>) -> Filled<'a> {
        self.placed(scope.spend(0))?;
        match &self.form {
            Form::Literal(value) => Ok(value.clone()),
            Form::Expression(expression) => self.evaluate(expression, scope),
            Form::Text(parts) => self.text(parts, scope),
            Form::List(items) => {
                let filled = self.items(items, scope)?;
                let emptied = filled.is_empty() && !items.is_empty();
                Ok(if emptied { Json::Null } else { Json::List(filled) })
            }
            Form::Map(entries) => self.map(entries, scope),
            Form::If { condition, then, otherwise } => {
                if is_true(&self.evaluate(condition, scope)?) {
                    return then.fill(scope);
                }
                otherwise.as_ref().map_or(Ok(Json::Null), |it| it.fill(scope))
            }
            Form::Each(each) => self.each(each, scope),
            Form::Merge(parts) => self.merged(parts, scope),
            Form::Concat(parts) => self.concatenated(parts, scope),
        }
    }

    fn placed<T>(&self, value: Result<T, Trouble>) -> Result<T, Fault> {
        value.map_err(|Trouble(problem)| Fault { at: self.at, problem })
    }

    fn fault<T>(&self, problem: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { at: self.at, problem: problem.into() })
    }

    fn evaluate<'a>(&self, expression: &'a Expression, scope: &Scope<'a>) -> Filled<'a> {
        self.placed(scope.evaluate(expression))
    }

    fn text<'a>(&self, parts: &'a [Part], scope: &Scope<'a>) -> Filled<'a> {
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Expression(expression) => match self.evaluate(expression, scope)? {
                    Json::Null => return Ok(Json::Null),
                    value => match fields::scalar(&value) {
                        Some(text) => out.push_str(&text),
                        None => return self.fault("a list or map cannot be part of a text"),
                    },
                },
            }
        }
        self.placed(scope.spend(out.len()))?;
        Ok(Json::from(out))
    }

    fn items<'a>(&self, items: &'a [Self], scope: &mut Scope<'a>) -> Result<Vec<Json<'a>>, Fault> {
        let mut filled = Vec::with_capacity(items.len());
        for item in items {
            let value = item.fill(scope)?;
            if !value.is_null() {
                filled.push(value);
            }
        }
        Ok(filled)
    }

    fn map<'a>(&self, entries: &'a [(String, Self)], scope: &mut Scope<'a>) -> Filled<'a> {
        let mut filled = Object::new();
        for (key, template) in entries {
            let value = template.fill(scope)?;
            if !value.is_null() {
                filled.set(key, value);
            }
        }
        let emptied = filled.is_empty() && !entries.is_empty();
        Ok(if emptied { Json::Null } else { Json::Object(filled) })
    }

    /// One value per item. Without items the result is absent, not empty.
    fn each<'a>(&self, each: &'a Each, scope: &mut Scope<'a>) -> Filled<'a> {
        let items: Vec<(Json<'a>, Json<'a>)> = match self.evaluate(&each.of, scope)? {
            Json::Null => return Ok(Json::Null),
            Json::List(items) => (0_i64..).map(Json::Int).zip(items).collect(),
            Json::Object(map) => map.into_iter().map(|(key, it)| (Json::Text(key), it)).collect(),
            _ => return self.fault("`$each` needs a list or a map"),
        };
        let (mut list, mut map) = (Vec::new(), Object::new());
        for (index, item) in items {
            let (key, value) = scope.with(&each.key_name, index, |scope| {
                scope.with(&each.name, item, |scope| -> Result<_, Fault> {
                    let key = each.key.as_ref().map(|it| it.fill(scope)).transpose()?;
                    Ok((key, each.item.fill(scope)?))
                })
            })?;
            match key {
                _ if value.is_null() => {}
                None => list.push(value),
                Some(Json::Null) => {}
                Some(key) => match fields::scalar(&key) {
                    Some(key) if !key.starts_with('$') => map.set(key.into_owned(), value),
                    Some(_) => return self.fault("a key must not begin with `$`"),
                    None => return self.fault("`$key` has to be a text"),
                },
            }
        }
        Ok(match each.key {
            Some(_) if !map.is_empty() => Json::Object(map),
            None if !list.is_empty() => Json::List(list),
            _ => Json::Null,
        })
    }

    fn merged<'a>(&self, parts: &'a [Self], scope: &mut Scope<'a>) -> Filled<'a> {
        let mut all = Object::new();
        for part in parts {
            match part.fill(scope)? {
                Json::Null => {}
                Json::Object(map) => map.into_iter().for_each(|(key, it)| all.set(key, it)),
                _ => return part.fault("`$merge` needs maps"),
            }
        }
        Ok(if all.is_empty() { Json::Null } else { Json::Object(all) })
    }

    fn concatenated<'a>(&self, parts: &'a [Self], scope: &mut Scope<'a>) -> Filled<'a> {
        let mut all = Vec::new();
        for part in parts {
            match part.fill(scope)? {
                Json::Null => {}
                Json::List(items) => all.extend(items),
                _ => return part.fault("`$concat` needs lists"),
            }
        }
        Ok(if all.is_empty() { Json::Null } else { Json::List(all) })
    }
}
