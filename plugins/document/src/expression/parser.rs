//! From tokens to an expression, with every name checked.

use bowsprit_plugin_sdk::{Json, quoted};

use super::lexer::{JOIN, Token, tokens};
use super::{Expression, Function, Operator};
use crate::table::{closest, one_of};

/// Deepest nesting of brackets and signs: evaluating has to fit a guest's
/// small stack.
const MOST_DEPTH: u8 = 16;

/// Longest expression. Bounds how deeply chains of operators nest.
const MOST_TOKENS: usize = 200;

/// The names an expression may use.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Variables.
    pub variables: Vec<String>,
    /// Variables whose members are known, and these.
    pub members: Vec<(&'static str, Vec<String>)>,
    /// Functions that need what is not there at this place.
    pub without: &'static [&'static str],
    /// Roles of handles and edges.
    pub roles: Vec<String>,
}

/// Reads an expression.
///
/// # Errors
///
/// What is wrong with it, and how to put it right.
pub fn parse(text: &str, names: &Names) -> Result<Expression, (String, String)> {
    let tokens = tokens(text)?;
    if tokens.len() > MOST_TOKENS {
        let problem = format!("it has more than {MOST_TOKENS} words and signs");
        return Err((problem, "Make several simpler ones of it.".into()));
    }
    let mut parser = Parser { tokens: &tokens, names };
    let expression = parser.choice(MOST_DEPTH)?;
    match parser.tokens.first() {
        None => Ok(expression),
        Some(token) => Err(unexpected(token)),
    }
}

type Parsed = Result<Expression, (String, String)>;

struct Parser<'t> {
    tokens: &'t [Token],
    names: &'t Names,
}

/// Operators by how strongly they bind, weakest first.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("??", Operator::Else)],
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("in", Operator::In),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
];

impl Parser<'_> {
    fn choice(&mut self, depth: u8) -> Parsed {
        let depth = deeper(depth)?;
        let condition = self.binary(0, depth)?;
        if !self.skip("?") {
            return Ok(condition);
        }
        let then = self.choice(depth)?;
        self.expect(":")?;
        let otherwise = self.choice(depth)?;
        Ok(Expression::Choice(condition.into(), then.into(), otherwise.into()))
    }

    fn binary(&mut self, level: usize, depth: u8) -> Parsed {
        let Some(operators) = LEVELS.get(level) else { return self.unary(depth) };
        let stronger = level.saturating_add(1);
        let mut left = self.binary(stronger, depth)?;
        // A chain of operators nests to the left, so it is bounded as well.
        let mut chain = depth;
        while let Some(operator) = self.operator(operators) {
            chain = deeper(chain)?;
            let right = self.binary(stronger, depth)?;
            if operator == Operator::Plus && (is_text(&left) || is_text(&right)) {
                return Err((
                    "`+` adds numbers, and one side is a text".into(),
                    format!("{JOIN}."),
                ));
            }
            left = Expression::Binary(operator, left.into(), right.into());
        }
        Ok(left)
    }

    fn operator(&mut self, known: &[(&str, Operator)]) -> Option<Operator> {
        let sign = match self.tokens.first()? {
            Token::Sign(sign) => *sign,
            Token::Word(word) => word.as_str(),
            _ => return None,
        };
        let found = known.iter().find(|(it, _)| *it == sign)?.1;
        self.advance();
        Some(found)
    }

    fn unary(&mut self, depth: u8) -> Parsed {
        if self.skip("!") {
            return Ok(Expression::Not(self.unary(deeper(depth)?)?.into()));
        }
        if self.skip("-") {
            return Ok(Expression::Negative(self.unary(deeper(depth)?)?.into()));
        }
        self.path(depth)
    }

    /// A value, and members of it.
    fn path(&mut self, depth: u8) -> Parsed {
        let mut value = self.value(depth)?;
        let mut steps = depth.saturating_add(MOST_DEPTH);
        loop {
            if self.skip(".") {
                let Some(Token::Word(member)) = self.tokens.first() else {
                    let fix = "Write a name, or `[\"…\"]` if it is not a plain word.";
                    return Err(("after a `.` a name is missing".into(), fix.into()));
                };
                self.advance();
                self.check_member(&value, member)?;
                value = Expression::Member(value.into(), member.clone());
            } else if self.skip("[") {
                let index = self.choice(depth)?;
                self.expect("]")?;
                value = Expression::Index(value.into(), index.into());
            } else {
                return Ok(value);
            }
            steps = deeper(steps)?;
        }
    }

    fn value(&mut self, depth: u8) -> Parsed {
        let Some(token) = self.tokens.first() else {
            return Err((
                "a value is missing at its end".into(),
                "Complete the expression.".into(),
            ));
        };
        self.advance();
        match token {
            Token::Text(text) => Ok(Expression::Literal(Json::from(text.clone()))),
            Token::Int(number) => Ok(Expression::Literal(Json::Int(*number))),
            Token::Float(number) => Ok(Expression::Literal(Json::Float(*number))),
            Token::Sign("(") => {
                let inner = self.choice(depth)?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => Ok(Expression::List(self.list("]", depth)?)),
            Token::Word(word) => match word.as_str() {
                "true" => Ok(Expression::Literal(Json::Bool(true))),
                "false" => Ok(Expression::Literal(Json::Bool(false))),
                "null" => Ok(Expression::Literal(Json::Null)),
                name if self.skip("(") => self.call(name, depth),
                name => self.variable(name),
            },
            Token::Sign(_) => Err(unexpected(token)),
        }
    }

    fn list(&mut self, end: &'static str, depth: u8) -> Result<Vec<Expression>, (String, String)> {
        let mut items = Vec::new();
        while !self.skip(end) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.choice(depth)?);
        }
        Ok(items)
    }

    fn variable(&self, name: &str) -> Parsed {
        if self.names.variables.iter().any(|it| it == name) {
            return Ok(Expression::Name(name.to_owned()));
        }
        let known: Vec<_> = self.names.variables.iter().map(String::as_str).collect();
        Err((format!("there is no {} here", quoted(name)), closest(name, &known)))
    }

    fn check_member(&self, of: &Expression, member: &str) -> Result<(), (String, String)> {
        let Expression::Name(name) = of else { return Ok(()) };
        let Some((_, known)) = self.names.members.iter().find(|it| it.0 == name) else {
            return Ok(());
        };
        if known.iter().any(|it| it == member) {
            return Ok(());
        }
        if *name == "fields" && matches!(member, "name" | "namespace" | "labels") {
            let fix = format!("Write `node.{member}`.");
            return Err((format!("`fields` has no `{member}`"), fix));
        }
        let known: Vec<_> = known.iter().map(String::as_str).collect();
        Err((format!("`{name}` has no {}", quoted(member)), closest(member, &known)))
    }

    fn call(&mut self, name: &str, depth: u8) -> Parsed {
        let Some(function) = Function::called(name) else {
            let known: Vec<_> = Function::ALL.iter().map(|it| it.name).collect();
            return Err((format!("there is no function {}", quoted(name)), closest(name, &known)));
        };
        if self.names.without.contains(&function.name) {
            let problem = format!("`{}` cannot be used here", function.name);
            return Err((problem, "See where each function is known in the documentation.".into()));
        }
        let arguments = self.list(")", depth)?;
        if !function.takes.contains(&arguments.len()) {
            let problem = format!(
                "`{}` takes {} argument(s), not {}",
                function.name,
                function.arity(),
                arguments.len()
            );
            return Err((problem, format!("Write `{}`.", function.form)));
        }
        if let ("neighbour" | "neighbours", Some(Expression::Literal(Json::Text(role)))) =
            (function.name, arguments.first())
            && !self.names.roles.iter().any(|it| it == role)
        {
            let known = one_of(self.names.roles.iter().map(String::as_str));
            let problem = format!("no handle or edge has the role {}", quoted(role));
            return Err((problem, format!("Write {known}, or add the role.")));
        }
        Ok(Expression::Call(function, arguments))
    }

    fn skip(&mut self, sign: &str) -> bool {
        let is_there = matches!(self.tokens.first(), Some(Token::Sign(it)) if *it == sign);
        if is_there {
            self.advance();
        }
        is_there
    }

    fn expect(&mut self, sign: &str) -> Result<(), (String, String)> {
        if self.skip(sign) {
            return Ok(());
        }
        Err((format!("a `{sign}` is missing"), "Look at the brackets and commas.".into()))
    }

    fn advance(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }
}

fn is_text(it: &Expression) -> bool {
    matches!(it, Expression::Literal(Json::Text(_)))
}

fn unexpected(token: &Token) -> (String, String) {
    let shown = match token {
        Token::Text(text) | Token::Word(text) => quoted(text),
        Token::Int(number) => format!("`{number}`"),
        Token::Float(number) => format!("`{}`", crate::number::shown(*number)),
        Token::Sign(sign) => format!("`{sign}`"),
    };
    (format!("{shown} is not expected there"), "An operator may be missing before it.".into())
}

fn deeper(depth: u8) -> Result<u8, (String, String)> {
    depth.checked_sub(1).ok_or_else(|| {
        ("it is nested too deeply".to_owned(), "Make several simpler ones of it.".to_owned())
    })
}
