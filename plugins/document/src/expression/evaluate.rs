//! What an expression comes to.

use std::cell::Cell;

use bowsprit_plugin_sdk::{Json, Object, fields};

use super::{Expression, Operator};

/// What a whole call may do: steps, and bytes of texts that are made. Far more
/// than an object can hold, far less than a call's time allows.
const MOST_STEPS: usize = 4 * 1024 * 1024;

/// Why an expression has no value: a sentence without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble(pub String);

impl Trouble {
    /// A reason, without its end.
    pub fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

pub(crate) type Evaluated<'a> = Result<Json<'a>, Trouble>;

/// What the variables are.
#[derive(Debug)]
pub struct Scope<'a> {
    variables: Object<'a>,
    /// The connected nodes.
    pub neighbours: Vec<Json<'a>>,
    /// Innermost last.
    locals: Vec<(&'a str, Json<'a>)>,
    left: Cell<usize>,
}

impl<'a> Scope<'a> {
    /// What expressions see, before any loop.
    pub fn new(variables: Object<'a>) -> Self {
        Self { variables, neighbours: Vec::new(), locals: Vec::new(), left: Cell::new(MOST_STEPS) }
    }

    /// Gives a variable another value.
    pub fn set(&mut self, name: &'static str, value: Json<'a>) {
        self.variables.set(name, value);
    }

    /// Lets `inside` see one more variable.
    pub fn with<T>(
        &mut self,
        name: &'a str,
        value: Json<'a>,
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.locals.push((name, value));
        let result = inside(self);
        self.locals.pop();
        result
    }

    /// Counts work, so that no data makes a template run for long.
    pub fn spend(&self, steps: usize) -> Result<(), Trouble> {
        let left = self.left.get().checked_sub(steps.saturating_add(1));
        let left = left.ok_or_else(|| Trouble::new("it comes to too much"))?;
        self.left.set(left);
        Ok(())
    }

    /// A variable's value, if there is one.
    pub fn variable(&self, name: &str) -> Option<&Json<'a>> {
        let local = self.locals.iter().rev().find(|it| it.0 == name);
        local.map(|it| &it.1).or_else(|| self.variables.get(name))
    }

    /// The value at the end of a path of names, without copying what is on
    /// the way.
    fn at(&self, path: &Expression) -> Option<Option<&Json<'a>>> {
        match path {
            Expression::Name(name) => Some(self.variable(name)),
            Expression::Member(of, member) => {
                let of = self.at(of)?;
                Some(of.and_then(Json::as_object).and_then(|it| it.get(member)))
            }
            _ => None,
        }
    }

    /// What `expression` comes to; `null` is absent.
    ///
    /// # Errors
    ///
    /// When a value is of a kind that an operator or function does not take.
    pub fn evaluate(&self, expression: &'a Expression) -> Evaluated<'a> {
        self.spend(0)?;
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::List(items) => {
                items.iter().map(|it| self.evaluate(it)).collect::<Result<_, _>>().map(Json::List)
            }
            Expression::Name(_) => self.copied(self.at(expression).flatten()),
            Expression::Member(of, member) => match self.at(expression) {
                Some(found) => self.copied(found),
                None => Ok(member_of(self.evaluate(of)?, member)),
            },
            Expression::Index(of, index) => {
                let of = self.evaluate(of)?;
                Ok(element(of, &self.evaluate(index)?))
            }
            Expression::Not(of) => Ok(Json::Bool(!is_true(&self.evaluate(of)?))),
            Expression::Negative(of) => match self.evaluate(of)? {
                Json::Int(number) => number.checked_neg().map(Json::Int).ok_or_else(too_large),
                Json::Float(number) => Ok(Json::Float(-number)),
                Json::Null => Ok(Json::Null),
                other => Err(Trouble::new(format!("`-` needs a number, not {}", name_of(&other)))),
            },
            Expression::Binary(operator, left, right) => self.binary(*operator, left, right),
            Expression::Choice(condition, then, otherwise) => {
                let branch = if is_true(&self.evaluate(condition)?) { then } else { otherwise };
                self.evaluate(branch)
            }
            Expression::Call(function, arguments) => {
                let values = arguments.iter().map(|it| self.evaluate(it));
                (function.run)(self, values.collect::<Result<_, _>>()?)
            }
        }
    }

    fn copied(&self, found: Option<&Json<'a>>) -> Evaluated<'a> {
        let Some(value) = found else { return Ok(Json::Null) };
        self.spend(size(value))?;
        Ok(value.clone())
    }

    fn binary(
        &self,
        operator: Operator,
        left: &'a Expression,
        right: &'a Expression,
    ) -> Evaluated<'a> {
        let left = self.evaluate(left)?;
        match operator {
            Operator::Else if !left.is_null() => return Ok(left),
            Operator::Else => return self.evaluate(right),
            Operator::And if !is_true(&left) => return Ok(Json::Bool(false)),
            Operator::Or if is_true(&left) => return Ok(Json::Bool(true)),
            _ => {}
        }
        let right = self.evaluate(right)?;
        match operator {
            Operator::Equal => Ok(Json::Bool(left == right)),
            Operator::NotEqual => Ok(Json::Bool(left != right)),
            Operator::In => Ok(Json::Bool(is_in(&left, &right))),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => compared(operator, &left, &right),
            Operator::Plus | Operator::Minus => calculated(operator, &left, &right),
            Operator::And | Operator::Or | Operator::Else => Ok(Json::Bool(is_true(&right))),
        }
    }
}

/// Absent, `false`, `""`, `[]` and `{}` are false; all else is true.
pub fn is_true(value: &Json<'_>) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(value) => *value,
        Json::Int(_) | Json::Float(_) => true,
        Json::Text(text) => !text.is_empty(),
        Json::List(items) => !items.is_empty(),
        Json::Object(object) => !object.is_empty(),
    }
}

/// What a value is, as part of a sentence.
pub(crate) fn name_of(value: &Json<'_>) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a truth value",
        Json::Int(_) | Json::Float(_) => "a number",
        Json::Text(_) => "a text",
        Json::List(_) => "a list",
        Json::Object(_) => "a map",
    }
}

/// About as many bytes as a value takes.
pub(crate) fn size(value: &Json<'_>) -> usize {
    match value {
        Json::Text(text) => text.len(),
        Json::List(items) => items.iter().map(|it| size(it).saturating_add(8)).sum(),
        Json::Object(object) => {
            object.iter().map(|(key, it)| size(it).saturating_add(key.len())).sum()
        }
        _ => 8,
    }
}

fn member_of<'a>(of: Json<'a>, member: &str) -> Json<'a> {
    match of {
        Json::Object(mut object) => object.remove(member).unwrap_or_default(),
        _ => Json::Null,
    }
}

fn element<'a>(of: Json<'a>, index: &Json<'_>) -> Json<'a> {
    match (of, index) {
        (Json::List(items), Json::Int(index)) => {
            let index = usize::try_from(*index).ok();
            index.and_then(|it| items.into_iter().nth(it)).unwrap_or_default()
        }
        (of, index) => fields::scalar(index).map_or(Json::Null, |key| member_of(of, &key)),
    }
}

fn is_in(value: &Json<'_>, all: &Json<'_>) -> bool {
    match all {
        Json::List(items) => items.contains(value),
        Json::Object(object) => value.as_str().is_some_and(|key| object.get(key).is_some()),
        _ => false,
    }
}

/// Comparing with what is absent is false.
fn compared(operator: Operator, left: &Json<'_>, right: &Json<'_>) -> Evaluated<'static> {
    let order = match (left, right) {
        (Json::Null, _) | (_, Json::Null) => None,
        (Json::Int(left), Json::Int(right)) => Some(left.cmp(right)),
        (Json::Text(left), Json::Text(right)) => Some(left.cmp(right)),
        _ => match (left.as_float(), right.as_float()) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => {
                let (left, right) = (name_of(left), name_of(right));
                return Err(Trouble::new(format!("{left} cannot be compared with {right}")));
            }
        },
    };
    let holds = order.is_some_and(|it| match operator {
        Operator::Less => it.is_lt(),
        Operator::LessOrEqual => it.is_le(),
        Operator::Greater => it.is_gt(),
        _ => it.is_ge(),
    });
    Ok(Json::Bool(holds))
}

fn calculated(operator: Operator, left: &Json<'_>, right: &Json<'_>) -> Evaluated<'static> {
    if left.is_null() || right.is_null() {
        return Ok(Json::Null);
    }
    let is_sum = operator == Operator::Plus;
    if let (Json::Int(left), Json::Int(right)) = (left, right) {
        let result = if is_sum { left.checked_add(*right) } else { left.checked_sub(*right) };
        return result.map(Json::Int).ok_or_else(too_large);
    }
    match (left.as_float(), right.as_float()) {
        (Some(left), Some(right)) => {
            let result = if is_sum { left + right } else { left - right };
            if result.is_finite() { Ok(Json::Float(result)) } else { Err(too_large()) }
        }
        _ => {
            let sign = if is_sum { "+" } else { "-" };
            let (left, right) = (name_of(left), name_of(right));
            Err(Trouble::new(format!("`{sign}` needs two numbers, not {left} and {right}")))
        }
    }
}

fn too_large() -> Trouble {
    Trouble::new("the number becomes too large")
}
