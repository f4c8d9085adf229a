//! How a new version of a workload replaces the old one.

use bowsprit_plugin_sdk::shape::{self, Form};
use bowsprit_plugin_sdk::{Fields, Json, Object, Report};

/// A strategy given as its word, or in the shape of the API's `form`.
pub fn strategy<'a>(
    fields: &Fields<'a, '_>,
    name: &'static str,
    words: &[&'static str],
    form: &'static Form,
    report: &mut Report,
) -> Option<Object<'a>> {
    if let Some(Json::Object(_)) = fields.json(name) {
        return shape::object(fields, name, form, report).filter(|it| !it.is_empty());
    }
    report.optional(fields.choice(name, words)).map(|it| Object::new().with("type", it))
}
