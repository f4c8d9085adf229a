//! How claims of storage can be used.

use bowsprit_plugin_sdk::{Fields, Invalid, quoted};

/// How a claim can be used.
const ACCESS_MODES: [&str; 4] =
    ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// The field `accessModes`: `ReadWriteOnce` when empty.
///
/// # Errors
///
/// When the field is not a list, one of its elements is no access mode, or
/// `ReadWriteOncePod` is not alone (`core/validation.validateAccessModes`).
pub fn access_modes(fields: &Fields<'_, '_>) -> Result<Vec<&'static str>, Invalid> {
    let list = fields.place().field("accessModes");
    let mut modes: Vec<&'static str> = Vec::new();
    for (index, mode) in fields.texts("accessModes")?.iter().enumerate() {
        let Some(known) = ACCESS_MODES.iter().find(|it| **it == mode.trim()) else {
            let message = format!("{} is not an access mode.", quoted(mode));
            let choices = ACCESS_MODES.join("`, `");
            return Err(Invalid::new(&list.item(index), "invalid", message)
                .suggest(format!("Choose one of `{choices}`.")));
        };
        if !modes.contains(known) {
            modes.push(known);
        }
    }
    if modes.len() > 1 && modes.contains(&"ReadWriteOncePod") {
        let message = "`ReadWriteOncePod` excludes the other access modes.";
        return Err(
            Invalid::new(&list, "alternatives", message).suggest("Keep it alone, or take it out.")
        );
    }
    if modes.is_empty() {
        modes.push("ReadWriteOnce");
    }
    Ok(modes)
}
