//! Variables in values.

use std::collections::BTreeMap;

use crate::parse::{Piece, Value, Variable};

/// What the file has set so far.
#[derive(Debug, Default)]
pub(crate) struct Known<'t> {
    settings: BTreeMap<&'t str, Setting>,
}

#[derive(Debug)]
struct Setting {
    value: String,
    is_secret: bool,
}

/// A value with its variables put in.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// It repeats a value that is secret.
    pub(crate) is_tainted: bool,
    /// Names of variables that stay as they are.
    pub(crate) unset: Vec<String>,
    /// Some variable was put in.
    pub(crate) was_expanded: bool,
}

impl<'t> Known<'t> {
    /// Remembers a setting for those after it.
    pub(crate) fn set(&mut self, key: &'t str, value: String, is_secret: bool) {
        self.settings.insert(key, Setting { value, is_secret });
    }

    /// Puts in what is known.
    pub(crate) fn expand(&self, value: &Value) -> Expanded {
        let mut out = Expanded::default();
        for piece in &value.pieces {
            match piece {
                Piece::Text(text) => out.text.push_str(text),
                Piece::Variable(variable) => self.put(variable, &mut out),
            }
        }
        out
    }

    fn put(&self, variable: &Variable, out: &mut Expanded) {
        let known = self.settings.get(variable.name.as_str());
        let known = known.filter(|it| !(variable.unless_filled && it.value.is_empty()));
        match (known, &variable.fallback) {
            (Some(known), _) => {
                out.text.push_str(&known.value);
                out.is_tainted |= known.is_secret;
                out.was_expanded = true;
            }
            (None, Some(fallback)) => {
                out.text.push_str(fallback);
                out.was_expanded = true;
            }
            (None, None) => {
                out.text.push_str(&variable.raw);
                out.unset.push(variable.name.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expanded, Known};
    use crate::parse::{Item, parse};

    fn expanded(text: &str) -> Expanded {
        let mut known = Known::default();
        known.set("A", "a".into(), false);
        known.set("S", "s".into(), true);
        known.set("E", String::new(), false);
        match &parse(text)[0].item {
            Item::Setting { value: Some(value), .. } => known.expand(value),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn known_variables_are_put_in_and_fallbacks_for_others() {
        for (text, expected) in [
            ("X=$A-${A}", "a-a"),
            ("X=${E-d}", ""),
            ("X=${E:-d}", "d"),
            ("X=${N:-d}", "d"),
            ("X=\"$A\"", "a"),
            ("X='$A'", "$A"),
        ] {
            assert_eq!(expanded(text).text, expected, "{text}");
        }
    }

    #[test]
    fn secrets_taint_and_unknown_variables_stay() {
        assert!(expanded("X=$S").is_tainted);
        let it = expanded("X=$A${N}");
        assert_eq!((it.text.as_str(), it.is_tainted, it.unset), ("a${N}", false, vec!["N".into()]));
    }
}
