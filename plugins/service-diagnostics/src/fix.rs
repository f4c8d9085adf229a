//! Pointing a selector at pods that are there.

use bowsprit_plugin_sdk::diagnostics::{Fix, Patch, Proposal, Request, Risk};
use bowsprit_plugin_sdk::metadata::APP_LABEL;
use bowsprit_plugin_sdk::{
    Failure, Fields, Json, Node, Object, Place, RawObject, Report, quoted, rules,
};

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
        let service = request.snapshot.of_kind("Service").next().map(RawObject::parse);
        let service = service.ok_or_else(|| {
            Failure::Unsupported("no Service is to be seen in the cluster".into())
        })?;
        let app = match parameter(request)? {
            Some(app) => app,
            None => choose(&service, request.snapshot.of_kind("Pod")).ok_or_else(|| {
                Failure::Unsupported(
                    "no pods stand out as those meant; give `targetApp`, the value of their label `app`".into(),
                )
            })?,
        };
        if service::selector(&service) == [(APP_LABEL, app.as_str())] {
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
pub(crate) fn choose<'p>(
    service: &Object<'_>,
    pods: impl Iterator<Item = RawObject<'p>>,
) -> Option<String> {
    let workflow = service.path(&["metadata", "labels", WORKFLOW]).and_then(Json::as_str);
    let present = service::selector(service);
    let present = present.iter().find(|(key, _)| *key == APP_LABEL).map(|(_, value)| *value);
    let meant = present.unwrap_or_else(|| service.text_at(&["metadata", "name"]));
    let labelled = pods.filter_map(|pod| Some((pods::label(pod, APP_LABEL)?, pod)));
    let labelled: Vec<_> = labelled.collect();
    // Whether a pod is alive is asked last: that takes the most looking.
    let apps = |keep: &dyn Fn(&str, RawObject<'_>) -> bool| {
        let kept = labelled.iter().filter(|(app, pod)| keep(app, *pod) && pods::is_alive(*pod));
        let mut apps: Vec<&str> = kept.map(|(app, _)| app.as_ref()).collect();
        apps.sort_unstable();
        apps.dedup();
        apps
    };
    let own = apps(&|_, pod| {
        workflow.is_some_and(|it| pods::label(pod, WORKFLOW).is_some_and(|label| label == it))
    });
    let app = match own.as_slice() {
        [] => nearest(meant, &apps(&|app, _| is_near(meant, app))),
        [only] => Some(*only),
        several => nearest(meant, several),
    };
    app.map(str::to_owned)
}

/// Whether one name may be the other, mistyped.
fn is_near(one: &str, other: &str) -> bool {
    // They differ by no less than their lengths do, which spares most names of
    // a large cluster.
    one.len().abs_diff(other.len()) <= TYPO && strsim::levenshtein(one, other) <= TYPO
}

/// The name that differs least; none if several do.
fn nearest<'n>(meant: &str, names: &[&'n str]) -> Option<&'n str> {
    let ranked: Vec<_> = names.iter().map(|it| (strsim::levenshtein(meant, it), *it)).collect();
    let best = ranked.iter().map(|(distance, _)| *distance).min()?;
    let mut near = ranked.into_iter().filter(|(distance, _)| *distance == best);
    let (_, name) = near.next()?;
    near.next().is_none().then_some(name)
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
    use super::{is_near, nearest};

    #[test]
    fn only_one_near_name_is_chosen() {
        let names = ["web", "api", "wen"];
        assert_eq!(nearest("web", &names), Some("web"));
        assert_eq!(nearest("wex", &names), None, "two are as near");
        assert_eq!(nearest("apis", &names), Some("api"));
        assert_eq!(nearest("web", &[]), None);
    }

    #[test]
    fn two_letters_may_be_wrong() {
        for (other, expected) in
            [("web", true), ("wbe", true), ("w", true), ("webxyz", false), ("api", false)]
        {
            assert_eq!(is_near("web", other), expected, "{other}");
        }
    }
}
