//! Which field a part of an object comes from.

use super::{Form, Part, Template};
use crate::expression::Expression;

impl Template {
    /// The first field that the value at `path` is made from.
    pub fn field_at(&self, path: &[&str]) -> Option<&str> {
        let Some((first, rest)) = path.split_first() else { return self.field() };
        let inner = match &self.form {
            Form::Map(entries) => entries.iter().find(|(key, _)| key == first).map(|it| &it.1),
            Form::List(items) => first.parse::<usize>().ok().and_then(|it| items.get(it)),
            _ => return self.field(),
        };
        inner?.field_at(rest)
    }

    fn field(&self) -> Option<&str> {
        match &self.form {
            Form::Literal(_) => None,
            Form::Expression(it) => it.field(),
            Form::Text(parts) => parts.iter().find_map(|it| match it {
                Part::Expression(it) => it.field(),
                Part::Literal(_) => None,
            }),
            Form::List(items) | Form::Merge(items) | Form::Concat(items) => {
                items.iter().find_map(Self::field)
            }
            Form::Map(entries) => entries.iter().find_map(|it| it.1.field()),
            Form::If { condition, then, otherwise } => {
                let otherwise = || otherwise.as_ref().and_then(|it| it.field());
                then.field().or_else(otherwise).or_else(|| condition.field())
            }
            Form::Each(each) => each.of.field().or_else(|| each.item.field()),
        }
    }
}

impl Expression {
    /// The first field an expression reads.
    fn field(&self) -> Option<&str> {
        match self {
            Self::Member(of, member) => match of.as_ref() {
                Self::Name(name) if name == "fields" => Some(member),
                of => of.field(),
            },
            Self::Literal(_) | Self::Name(_) => None,
            Self::List(items) | Self::Call(_, items) => items.iter().find_map(Self::field),
            Self::Not(of) | Self::Negative(of) => of.field(),
            Self::Index(left, right) | Self::Binary(_, left, right) => {
                left.field().or_else(|| right.field())
            }
            Self::Choice(condition, then, otherwise) => {
                then.field().or_else(|| otherwise.field()).or_else(|| condition.field())
            }
        }
    }
}
