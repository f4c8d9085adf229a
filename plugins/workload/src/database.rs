//! Database images that do not start without a password.
//!
//! Choosing one for the user, or telling the database to do without, would be
//! worse than an image that does not start: so it is only said.

use bowsprit_plugin_sdk::{Node, Report};

use crate::PodTemplate;

/// Images, by a part of their name, and the variables of which one has to be
/// set.
const DATABASES: [(&str, &[&str]); 3] = [
    ("postgres", &["POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE", "POSTGRES_HOST_AUTH_METHOD"]),
    ("mysql", MYSQL),
    ("mariadb", MARIADB),
];

const MYSQL: &[&str] = &[
    "MYSQL_ROOT_PASSWORD",
    "MYSQL_ROOT_PASSWORD_FILE",
    "MYSQL_ALLOW_EMPTY_PASSWORD",
    "MYSQL_RANDOM_ROOT_PASSWORD",
];

const MARIADB: &[&str] = &[
    "MARIADB_ROOT_PASSWORD",
    "MARIADB_ROOT_PASSWORD_FILE",
    "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
    "MARIADB_RANDOM_ROOT_PASSWORD",
    "MYSQL_ROOT_PASSWORD",
    "MYSQL_ALLOW_EMPTY_PASSWORD",
    "MYSQL_RANDOM_ROOT_PASSWORD",
];

/// Warns when the image is a database's and nothing sets its password.
pub fn note_password(node: &Node<'_>, pod: &PodTemplate<'_>, report: &mut Report) {
    if pod.has_unknown_variables {
        return;
    }
    let Ok(Some(image)) = node.fields().text("image") else { return };
    let image = repository(&image);
    let Some((database, choices)) = DATABASES.iter().find(|(part, _)| image == *part) else {
        return;
    };
    if choices.iter().any(|choice| pod.variables.iter().any(|it| it == choice)) {
        return;
    }
    let Some(first) = choices.first() else { return };
    report
        .warning(
            "image.password-missing",
            format!("The image `{database}` does not start without a password."),
        )
        .at("/envKeys")
        .suggest(format!(
            "Add the variable `{first}` and enter a value when you run the workflow."
        ));
}

/// The last part of an image's name, without tag and digest.
fn repository(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split(':').next().unwrap_or(last)
}
