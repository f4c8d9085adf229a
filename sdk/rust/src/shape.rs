//! Values that are taken over in the shape the API gives them.
//!
//! A [`Form`] says what an object may hold. Reading by one finds misspelled
//! members, values of the wrong type and broken rules at their place, which
//! the API server would only tell at the end of a run; and nothing that only
//! the host may resolve slips through, since every leaf is a plain value.

pub mod selector;

#[cfg(test)]
mod tests;

use crate::fields::{Invalid, is_placeholder};
use crate::rules::Rule;
use crate::{Fields, Json, Object, Report, quoted};

/// What one member holds.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A text that follows a rule; white space around it is never meant.
    Text(Rule),
    /// A text, exactly as it is; may be blank.
    Exact,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A whole number from … to ….
    Whole(i64, i64),
    /// `true` or `false`.
    Flag,
    /// A port by number or name.
    Port,
    /// A whole number, or a percentage such as `25%`.
    Share,
    /// A list of texts that follow a rule.
    Texts(Rule),
    /// A list of texts, exactly as they are.
    Words,
    /// A list of whole numbers from … to ….
    Wholes(i64, i64),
    /// A map whose keys and values follow rules.
    Map(Rule, Rule),
    /// An object.
    One(&'static Form),
    /// A list of objects.
    Many(&'static Form),
}

/// A member by its name.
pub type Member = (&'static str, Shape);
/// A rule about several members at once; faults go to the report.
pub type Check = fn(&Fields<'_, '_>, &mut Report);

/// What an object may hold.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    members: &'static [Member],
    required: &'static [&'static str],
    alternatives: Alternatives,
    check: Option<Check>,
}

/// Members that exclude each other.
#[derive(Debug, Clone, Copy)]
struct Alternatives {
    names: &'static [&'static str],
    least: usize,
}

/// The most a number of the API may be (32 bits).
pub const MOST: i64 = i32::MAX as i64;

impl Form {
    /// An object with these members, none of them required.
    pub const fn new(members: &'static [Member]) -> Self {
        let alternatives = Alternatives { names: &[], least: 0 };
        Self { members, required: &[], alternatives, check: None }
    }

    /// Members that have to be there.
    #[must_use]
    pub const fn required(mut self, names: &'static [&'static str]) -> Self {
        self.required = names;
        self
    }

    /// Members of which exactly one has to be there.
    #[must_use]
    pub const fn one_of(mut self, names: &'static [&'static str]) -> Self {
        self.alternatives = Alternatives { names, least: 1 };
        self
    }

    /// Members of which one at most may be there.
    #[must_use]
    pub const fn at_most_one_of(mut self, names: &'static [&'static str]) -> Self {
        self.alternatives = Alternatives { names, least: 0 };
        self
    }

    /// A rule about several members.
    #[must_use]
    pub const fn check(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }

    /// The object `fields` are of, as far as it fits. Faults go to `report`.
    pub fn read<'a>(&self, fields: &Fields<'a, '_>, report: &mut Report) -> Object<'a> {
        self.note_unknown(fields, report);
        let mut out = Object::new();
        for (name, shape) in self.members {
            if let Some(value) = shape.read(fields, name, report) {
                out.set(*name, value);
            }
        }
        for name in self.required {
            if is_blank(fields, name) {
                report.required::<()>(Err(Invalid::missing(&fields.place().field(name))));
            }
        }
        self.choose(fields, report);
        if let Some(check) = self.check {
            check(fields, report);
        }
        out
    }

    /// Members the API does not know; those of the canvas do not count.
    fn note_unknown(&self, fields: &Fields<'_, '_>, report: &mut Report) {
        for (name, value) in fields.object().iter() {
            let is_known = self.members.iter().any(|(member, _)| *member == name);
            if is_known || value.is_null() || name == "id" || is_placeholder(name) {
                continue;
            }
            if name.starts_with('_') {
                continue;
            }
            let place = fields.place().key(name);
            let message = format!("Nothing is called {} here.", quoted(name));
            let nearest = self.nearest(name);
            let invalid = Invalid::new(&place, "unknown", message);
            let invalid = match nearest {
                Some(nearest) => invalid.suggest(format!("Is `{nearest}` meant?")),
                None => invalid.suggest("Remove it."),
            };
            report.required::<()>(Err(invalid));
        }
    }

    /// The member that a misspelled one may be.
    fn nearest(&self, name: &str) -> Option<&'static str> {
        let bare = |it: &str| -> String {
            it.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
        };
        let wanted = bare(name);
        let mut names = self.members.iter().map(|(member, _)| *member);
        names.find(|it| {
            let known = bare(it);
            known == wanted || known.trim_end_matches('s') == wanted.trim_end_matches('s')
        })
    }

    fn choose(&self, fields: &Fields<'_, '_>, report: &mut Report) {
        let names = self.alternatives.names;
        let found = names.iter().filter(|it| fields.has(it)).count();
        if found > 1 || found < self.alternatives.least {
            let choices = names.join("`, `");
            let message = if found > 1 {
                format!("Only one of `{choices}` can be there.")
            } else {
                format!("One of `{choices}` is missing.")
            };
            report.required::<()>(Err(Invalid::new(fields.place(), "alternatives", message)));
        }
    }
}

impl Shape {
    /// The member's value, if it is there and fits. Faults go to `report`.
    pub fn read<'a>(
        self,
        fields: &Fields<'a, '_>,
        name: &'static str,
        report: &mut Report,
    ) -> Option<Json<'a>> {
        match self {
            Self::Text(rule) => report.optional(fields.text_by(name, rule)).map(Json::from),
            Self::Exact => match fields.json(name)? {
                Json::Text(text) => Some(Json::Text(text.clone())),
                _ => report.optional(fields.text(name)).map(Json::from),
            },
            Self::Choice(choices) => report.optional(fields.choice(name, choices)).map(Json::from),
            Self::Whole(least, most) => {
                report.optional(fields.whole(name, least..=most)).map(Json::from)
            }
            Self::Flag => report.optional(fields.flag(name)).map(Json::from),
            Self::Port => report.optional(fields.port_or_name(name)),
            Self::Share => report.optional(fields.share(name)),
            Self::Texts(rule) => {
                let texts = fields.has(name).then(|| fields.texts_by(name, rule))?;
                report.required(texts).map(Json::from)
            }
            Self::Words => {
                let words = fields.has(name).then(|| fields.texts(name))?;
                report.required(words).map(Json::from)
            }
            Self::Wholes(least, most) => {
                let numbers = fields.has(name).then(|| fields.wholes(name, least..=most))?;
                report.required(numbers).map(Json::from)
            }
            Self::Map(keys, values) => {
                let is_there = fields.has(name);
                let entries = fields.map_by(name, keys, values, report).into_iter();
                is_there.then(|| Json::Object(entries.collect()))
            }
            Self::One(form) => object(fields, name, form, report).map(Json::Object),
            Self::Many(form) => {
                let is_there = fields.has(name);
                let mut items: Vec<Object<'a>> = Vec::new();
                fields.each(name, report, |item, report| items.push(form.read(&item, report)));
                is_there.then(|| Json::from(items))
            }
        }
    }
}

/// The object in the field `name`, as far as it fits `form`. A blank text
/// counts as absent. Faults go to `report`.
pub fn object<'a>(
    fields: &Fields<'a, '_>,
    name: &str,
    form: &'static Form,
    report: &mut Report,
) -> Option<Object<'a>> {
    if is_blank(fields, name) {
        return None;
    }
    let fields = report.optional(fields.fields(name))?;
    Some(form.read(&fields, report))
}

/// Copies members that have a shape, each under its own name.
pub fn copy<'a>(
    fields: &Fields<'a, '_>,
    members: &'static [Member],
    into: &mut Object<'a>,
    report: &mut Report,
) {
    for (name, shape) in members {
        if let Some(value) = shape.read(fields, name, report) {
            into.set(*name, value);
        }
    }
}

/// Whether a member has no value.
pub(crate) fn is_blank(fields: &Fields<'_, '_>, name: &str) -> bool {
    match fields.json(name) {
        None => true,
        Some(Json::Text(text)) => text.trim().is_empty(),
        Some(_) => false,
    }
}
