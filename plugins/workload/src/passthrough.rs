//! Parts of a pod that are taken over as they are.
//!
//! Affinity, tolerations and the like have shapes of their own that the API
//! server checks best. They stay in their place because they are values in a
//! tree, not text; only references to the vault have no business there.

use bowsprit_plugin_sdk::{Fields, Invalid, Json, Object};

/// The key of references that only the host resolves.
const VAULT: &str = "$vault";

/// A field's object or list, without members that are `null`.
///
/// # Errors
///
/// When the field is neither, or refers to the vault.
pub fn verbatim<'a>(
    fields: &Fields<'a, '_>,
    name: &'static str,
) -> Result<Option<Json<'a>>, Invalid> {
    let place = fields.place().field(name);
    match fields.json(name) {
        None => Ok(None),
        Some(value) if value.mentions(VAULT) => {
            let message = format!("`{name}` refers to the vault, which only variables can do.");
            Err(Invalid::new(&place, "vault", message))
        }
        Some(value @ (Json::Object(_) | Json::List(_))) => Ok(Some(value.clone())),
        Some(Json::Text(text)) if text.trim().is_empty() => Ok(None),
        Some(_) => {
            let message = format!("`{name}` has to be an object or a list.");
            Err(Invalid::new(&place, "type", message))
        }
    }
}

/// Copies fields as they are, each under its own name.
pub(crate) fn copy<'a>(
    fields: &Fields<'a, '_>,
    names: &[&'static str],
    into: &mut Object<'a>,
    report: &mut bowsprit_plugin_sdk::Report,
) {
    for name in names {
        if let Some(value) = report.optional(verbatim(fields, name)) {
            into.set(*name, value);
        }
    }
}
