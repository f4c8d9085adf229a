//! Label selectors.

use super::{Form, Shape};
use crate::fields::Invalid;
use crate::{Fields, Object, Report, rules};

/// A label selector (`meta/v1.LabelSelector`).
pub static LABELS: Form = Form::new(&[
    ("matchExpressions", Shape::Many(&LABEL_REQUIREMENT)),
    ("matchLabels", Shape::Map(rules::label_key, rules::label_value)),
]);

static LABEL_REQUIREMENT: Form = Form::new(&[
    ("key", Shape::Text(rules::label_key)),
    ("operator", Shape::Choice(&["In", "NotIn", "Exists", "DoesNotExist"])),
    ("values", Shape::Texts(rules::label_value)),
])
.required(&["key", "operator"])
.check(check_values);

/// `In` and `NotIn` need values, the others must have none.
///
/// Source: `meta/v1/validation.ValidateLabelSelectorRequirement`.
fn check_values(fields: &Fields<'_, '_>, report: &mut Report) {
    let Ok(Some(operator)) = fields.text("operator") else { return };
    let count = fields.texts("values").map_or(0, |it| it.len());
    let wants = matches!(operator.as_ref(), "In" | "NotIn");
    if wants != (count > 0) {
        let place = fields.place().field("values");
        let message = if wants {
            format!("`{operator}` needs at least one value.")
        } else {
            format!("`{operator}` takes no values.")
        };
        report.required::<()>(Err(Invalid::new(&place, "count", message)));
    }
}

/// A selector given as the API has it, or as the plain map of labels that the
/// canvas writes. Absent is the empty selector, which selects everything.
pub fn read<'a>(fields: &Fields<'a, '_>, name: &'static str, report: &mut Report) -> Object<'a> {
    let is_form = fields.json(name).and_then(|it| it.as_object()).is_some_and(|it| {
        let mut members = it.iter().map(|(key, value)| {
            matches!(key, "matchLabels" | "matchExpressions")
                && (value.as_object().is_some() || !value.elements().is_empty())
        });
        it.iter().next().is_some() && members.all(|it| it)
    });
    if is_form {
        return super::object(fields, name, &LABELS, report).unwrap_or_default();
    }
    let labels = fields.map_by(name, rules::label_key, rules::label_value, report);
    let labels: Object<'a> = labels.into_iter().collect();
    Object::new().with_filled("matchLabels", labels)
}
