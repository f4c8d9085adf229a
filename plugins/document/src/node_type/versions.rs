//! In which versions the objects of a node are rendered.
//!
//! The kinds of a group change together: an operator that is told of one object
//! in `v2` and of the next in `v1` may have two ideas of what they mean. So the
//! version of the object that a node is about is one in which the others are
//! served too, and they follow it. Kinds of other groups, and those that never
//! have that version, go by themselves.

use bowsprit_plugin_sdk::manifest::api_version;
use bowsprit_plugin_sdk::{Context, Json, Kind, Object, Report, quoted};

use crate::definition::{Definition, Manifest};
use crate::expression::{Scope, is_true};

impl Definition {
    /// The kind of each manifest in the version that is rendered. The scope
    /// knows the `version` of the one the node is about from then on. If the
    /// cluster has no version for all, `report` says so.
    pub(super) fn kinds_for<'a>(
        &'a self,
        context: &Context<'_>,
        scope: &mut Scope<'a>,
        report: &mut Report,
    ) -> Vec<Kind> {
        let Some(lead) = self.judged() else { return Vec::new() };
        let served = Served(context);
        let candidates: Vec<Kind> = lead.kinds().filter(|it| served.has(it)).collect();
        let whole = candidates.iter().find(|it| self.is_whole(lead, &it.version, &served, scope));
        let chosen = whole.cloned().unwrap_or_else(|| lead.chosen(context));
        scope.set("version", Json::from(chosen.version.clone()));
        let mut kinds = Vec::with_capacity(self.manifests.len());
        for it in &self.manifests {
            let beside = it.beside(lead, &chosen.version);
            let kind = match &beside {
                _ if it.id == lead.id => chosen.clone(),
                Some(beside) if !served.lacks(it, beside) => beside.clone(),
                _ => it.chosen(context),
            };
            if beside.is_some_and(|it| it != kind) && it.is_wanted(scope) {
                tell(&chosen, &kind, report);
            }
            kinds.push(kind);
        }
        kinds
    }

    /// Whether everything that a node has in a version of its lead is served in
    /// it.
    fn is_whole<'a>(
        &'a self,
        lead: &Manifest,
        version: &str,
        served: &Served<'_, '_>,
        scope: &mut Scope<'a>,
    ) -> bool {
        scope.set("version", Json::from(version.to_owned()));
        let lacks =
            |it: &Manifest| it.beside(lead, version).is_some_and(|kind| served.lacks(it, &kind));
        !self.manifests.iter().any(|it| lacks(it) && it.is_wanted(scope))
    }
}

/// What is known of a cluster's kinds.
struct Served<'c, 'a>(&'c Context<'a>);

impl Served<'_, '_> {
    fn has(&self, kind: &Kind) -> bool {
        let name = format!("{}/{}", api_version(kind), kind.kind);
        let listed = self.0.cluster.list_at(&["served"]);
        self.0.schemas.iter().any(|(it, _)| it == kind)
            || listed.iter().any(|it| it.as_str() == Some(&name))
    }

    /// Whether an object is served, but not in this version. One that is not
    /// served at all is told by the host, whatever its version.
    fn lacks(&self, of: &Manifest, kind: &Kind) -> bool {
        !self.has(kind) && of.kinds().any(|it| self.has(&it))
    }
}

impl Manifest {
    /// The kind in every version, the preferred one first.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        let other = |version: &String| Kind { version: version.clone(), ..self.kind.clone() };
        std::iter::once(self.kind.clone()).chain(self.others.iter().map(other))
    }

    /// The kind in the first version that the cluster serves; if it serves
    /// none, or nothing is known of it, in the preferred one.
    pub(super) fn chosen(&self, context: &Context<'_>) -> Kind {
        let served = Served(context);
        self.kinds().find(|it| served.has(it)).unwrap_or_else(|| self.kind.clone())
    }

    /// The kind in a version of its lead's, if it is another one that has it.
    fn beside(&self, lead: &Self, version: &str) -> Option<Kind> {
        let is_other = self.id != lead.id && self.kind.group == lead.kind.group;
        self.kinds().find(|it| is_other && it.version == version)
    }

    /// Whether there is an object. Of one whose condition has no value that is
    /// told when it is made.
    fn is_wanted<'a>(&'a self, scope: &Scope<'a>) -> bool {
        self.when.as_ref().is_none_or(|it| scope.evaluate(it).is_ok_and(|it| is_true(&it)))
    }
}

/// The kind an object was rendered in.
pub fn kind_of(body: &Object<'_>) -> Kind {
    let api_version = body.text_at(&["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    bowsprit_plugin_sdk::kind(group, version, body.text_at(&["kind"]))
}

fn tell(lead: &Kind, other: &Kind, report: &mut Report) {
    let message = format!(
        "The cluster serves {} in {} and {} in {}, and no version in which it serves both; \
         they are rendered in these.",
        quoted(&lead.kind),
        quoted(&lead.version),
        quoted(&other.kind),
        quoted(&other.version),
    );
    let fix = "Bring the operator's definitions to one version.";
    report.warning("version.apart", message).suggest(fix);
}
