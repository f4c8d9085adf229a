//! Pointing a selector at pods that are there.

use bowsprit_plugin_sdk::diagnostics::{Fix, Patch, Proposal, Request, Risk};
use bowsprit_plugin_sdk::metadata::APP_LABEL;
use bowsprit_plugin_sdk::{Failure, Fields, Json, Node, Object, Place, Report, quoted, rules};

use crate::endpoints::EndpointsExist;
use crate::{pods, service};

/// The label by which the host marks what belongs to one workflow.
const WORKFLOW: &str = "bowsprit.dev/workflow";
/// Letters in which a mistyped name may differ.
const TYPO: usize = 2;

/// The fix `selector-fix`.
#[derive(Debug)]
pub(crate) struct SelectorFix;

impl SelectorFix {
    /// Its id, as findings name it.
    pub(crate) const NAME: &'static str = "selector-fix";
}

impl Fix for SelectorFix {
    const ID: &'static str = Self::NAME;

    fn propose(request: &Request<'_>) -> Result<Proposal, Failure> {
        let node = request.node;
        let Some(service) = request.snapshot.of_kind("Service").next() else {
            return Err(Failure::Unsupported("no Service is to be seen in the cluster".into()));
        };
        let app = match parameter(request)? {
            Some(app) => app,
            None => {
                let pods: Vec<_> = request.snapshot.of_kind("Pod").cloned().collect();
                choose(service, &pods).ok_or_else(|| {
                    Failure::Unsupported(
                        "no pods stand out as those meant; give `targetApp`, the value of their label `app`".into(),
                    )
                })?
            }
        };
        if service::selector(service) == [(APP_LABEL, app.as_str())] {
            let app = quoted(&app);
            return Err(Failure::Unsupported(format!("the selector is {app} already")));
        }
        Ok(Proposal {
            title: "Correct the selector".into(),
            explanation: format!(
                "The Service {} will lead to the pods with the label {}. Its ports and its type stay as they are.",
                quoted(&node.name()),
                quoted(&format!("{APP_LABEL}={app}"))
            ),
            // Nothing gets through as it is; nothing is interrupted.
            risk: Risk::None,
            parameters: parameters(),
            patches: vec![Patch::Object(object(node, &app)), Patch::Drawing(drawing(node, &app))],
            cures: ["selector-empty", "selector-matches-nothing"].map(code).into(),
        })
    }
}

fn code(of: &str) -> String {
    use bowsprit_plugin_sdk::diagnostics::Check;
    format!("{}.{of}", EndpointsExist::ID)
}

fn parameter(request: &Request<'_>) -> Result<Option<String>, Failure> {
    let mut report = Report::new(SelectorFix::NAME, request.node.id);
    let fields = Fields::new(request.parameters, Place::ROOT);
    let app = report.optional(fields.text_by("targetApp", rules::label_value));
    if report.has_errors() { Err(report.into_failure()) } else { Ok(app.map(Into::into)) }
}

fn parameters() -> Object<'static> {
    let app = Object::new()
        .with("description", "The value of the pods' label `app`.")
        .with("maxLength", 63)
        .with("title", "Target")
        .with("type", "string");
    Object::new().with("properties", Object::new().with("targetApp", app)).with("type", "object")
}

/// The label `app` of the pods that are likely meant; none if that is unclear.
pub(crate) fn choose(service: &Object<'_>, pods: &[Object<'_>]) -> Option<String> {
    let workflow = service.path(&["metadata", "labels", WORKFLOW]).and_then(Json::as_str);
    let is_of_workflow =
        |pod: &Object<'_>| workflow.is_some_and(|it| pods::label(pod, WORKFLOW) == Some(it));
    let present = service::selector(service);
    let present = present.iter().find(|(key, _)| *key == APP_LABEL).map(|(_, value)| *value);
    let meant = present.unwrap_or_else(|| service.text_at(&["metadata", "name"]));
    let apps = |keep: &dyn Fn(&Object<'_>) -> bool| -> Vec<String> {
        let kept = pods.iter().filter(|it| pods::is_alive(it) && keep(it));
        let apps = kept.filter_map(|it| pods::label(it, APP_LABEL)).map(str::to_owned);
        let mut apps: Vec<String> = apps.collect();
        apps.sort_unstable();
        apps.dedup();
        apps
    };
    let own = apps(&is_of_workflow);
    match own.len() {
        0 => nearest(meant, &apps(&|_| true), TYPO),
        1 => own.into_iter().next(),
        _ => nearest(meant, &own, usize::MAX),
    }
}

/// The name that differs least; none if that is more than `most`, or if
/// several do.
fn nearest(meant: &str, names: &[String], most: usize) -> Option<String> {
    let ranked: Vec<_> = names.iter().map(|it| (distance(meant, it), it)).collect();
    let best = ranked.iter().map(|(distance, _)| *distance).min()?;
    let mut near = ranked.iter().filter(|(distance, _)| *distance == best);
    let (_, name) = near.next()?;
    (best <= most && near.next().is_none()).then(|| (*name).clone())
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        let mut next = vec![left];
        for (other, above) in to.iter().zip(row.iter().skip(1)) {
            let changed = diagonal + usize::from(letter != *other);
            left = changed.min(above + 1).min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// The one field of the Service.
fn object(node: &Node<'_>, app: &str) -> Object<'static> {
    let metadata = Object::new()
        .with("name", node.name().into_owned())
        .with("namespace", service::namespace(node).into_owned());
    Object::new()
        .with("apiVersion", "v1")
        .with("kind", "Service")
        .with("metadata", metadata)
        .with("spec", Object::new().with("selector", Object::new().with(APP_LABEL, app.to_owned())))
}

/// The same for the next run: a selector of the user's own would win over it.
fn drawing(node: &Node<'_>, app: &str) -> Object<'static> {
    let patch = Object::new().with("targetApp", app.to_owned());
    match node.data.get("selector") {
        Some(_) => patch.with("selector", Json::Null),
        None => patch,
    }
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (from, to, expected) in [
            ("", "", 0),
            ("web", "web", 0),
            ("wbe", "web", 2),
            ("web", "we", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
            assert_eq!(distance(to, from), expected, "{to} {from}");
        }
    }

    #[test]
    fn only_one_near_name_is_chosen() {
        let names = ["web", "api", "wen"].map(str::to_owned);
        assert_eq!(nearest("web", &names, 2).as_deref(), Some("web"));
        assert_eq!(nearest("wex", &names, 2), None, "two are as near");
        assert_eq!(nearest("database", &names, 2), None, "none is near");
    }
}
