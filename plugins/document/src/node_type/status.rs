//! How a node is doing, by the rules of its file.

use bowsprit_plugin_sdk::status::watch;
use bowsprit_plugin_sdk::{
    Answer, Context, Json, Node, Object, Observation, Report, State, Status, Watch, fields,
};

use crate::definition::{Definition, Manifest, StatusRule};
use crate::expression::{Expression, Scope, is_true};

use super::objects::{note_status, words};
use super::versions::kind_of;

/// Longest text of a status, bytes: a card has little room.
const LONGEST: usize = 1024;

impl Definition {
    /// One watch per object, the one the status is about first.
    pub(super) fn watches(&self, objects: &[(&Manifest, Object<'_>)]) -> Vec<Watch> {
        let main = self.judged().map(|it| it.id.as_str());
        let (first, others): (Vec<_>, Vec<_>) =
            objects.iter().partition(|it| Some(it.0.id.as_str()) == main);
        let rules = &self.status;
        let of = |(index, it): (usize, &(&Manifest, Object<'_>))| {
            let namespace = it.1.text_at(&["metadata", "namespace"]);
            let namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
            let watch = watch(kind_of(&it.1), namespace, it.1.text_at(&["metadata", "name"]));
            let is_main = index == 0;
            Watch {
                with_pods: is_main && rules.with_pods,
                with_events: is_main && rules.with_events,
                ..watch
            }
        };
        first.into_iter().chain(others).enumerate().map(of).collect()
    }

    /// The object the status is about, by the name it has if the file gives it
    /// no other.
    pub(super) fn usual_watch(&self, node: &Node<'_>, context: &Context<'_>) -> Vec<Watch> {
        let own = node.own_namespace().map(Into::into);
        let namespace = own.or_else(|| self.usual_namespace().map(str::to_owned));
        let namespace = namespace.filter(|_| self.head.namespaced);
        let of = |it: &Manifest| watch(it.chosen(context), namespace, node.name());
        self.judged().map(of).into_iter().collect()
    }

    /// The status by what was seen.
    pub(super) fn observed(
        &self,
        node: &Node<'_>,
        observation: &Observation<'_>,
        report: &mut Report,
    ) -> Status {
        let kind = self.judged().map_or("", |it| it.kind.kind.as_str());
        let (object, objects) = match observation.main_object(kind) {
            Ok(found) => found,
            Err(status) => return *status,
        };
        if object.path(&["metadata", "deletionTimestamp"]).is_some() {
            let message = "It is being deleted.";
            return Status::new(State::Progressing, "Terminating", message, "partial");
        }
        let missing = observation.answers.iter().skip(1);
        let missing = missing.filter(|it| matches!(it, Answer::Objects(all) if all.is_empty()));
        let missing = missing.count();
        if missing > 0 {
            let all = observation.answers.len();
            let there = all.saturating_sub(missing);
            let message = format!("{there} of {all} objects are in the cluster.");
            return Status::new(State::Progressing, "Incomplete", message, "partial");
        }
        // What is wrong with the fields is told when the node is validated.
        let mut unheard = Report::new(&self.head.name, node.id);
        let values = self.values(node, None, &mut unheard);
        let about = bowsprit_plugin_sdk::metadata::public_view(node, kind, &[]).with("id", node.id);
        let objects: Vec<Json<'_>> = objects.iter().map(|it| Json::Object(it.clone())).collect();
        let scope = Scope::new(
            Object::new()
                .with("fields", values)
                .with("node", about)
                .with("object", object.clone())
                .with("objects", objects),
        );
        self.told(object, scope, report)
    }

    fn told<'a>(
        &'a self,
        object: &Object<'_>,
        mut scope: Scope<'a>,
        report: &mut Report,
    ) -> Status {
        let rules = &self.status;
        let mut status = match rules.rules.iter().find(|it| it.holds(&scope)) {
            Some(rule) => rule.status(&mut scope),
            None if rules.rules.is_empty() => match rules.judge {
                Some(judge) => judge(object, rules.condition.as_deref()),
                None => Status::new(State::Healthy, "Created", "It is in the cluster.", "created"),
            },
            None => {
                let message = "It is in the cluster; nothing is known about its state yet.";
                Status::new(State::Progressing, "Progressing", message, "partial")
            }
        };
        status.ready = rules.ready.as_ref().and_then(|it| count(it, &scope));
        status.desired = rules.desired.as_ref().and_then(|it| count(it, &scope));
        if let Some(template) = &rules.addresses {
            match template.fill(&mut scope) {
                Ok(value) => status.addresses = texts(&value),
                Err(fault) => note_status(self.file, &fault, report),
            }
        }
        for (key, template) in &rules.card {
            match template.fill(&mut scope) {
                Ok(Json::Null) => {}
                Ok(value) => status = status.card(key.clone(), value.into_owned()),
                Err(fault) => note_status(self.file, &fault, report),
            }
        }
        status
    }
}

impl StatusRule {
    /// A condition that has no value does not hold: what a cluster answers is
    /// not in the author's hand.
    fn holds<'a>(&'a self, scope: &Scope<'a>) -> bool {
        self.when.as_ref().is_none_or(|it| scope.evaluate(it).is_ok_and(|it| is_true(&it)))
    }

    fn status<'a>(&'a self, scope: &mut Scope<'a>) -> Status {
        let mut said = |template, otherwise: &str| {
            let text = words(template, scope).ok().flatten();
            let mut text = text.unwrap_or_else(|| otherwise.to_owned());
            text.truncate(text.floor_char_boundary(LONGEST));
            text
        };
        let reason = said(&self.reason, "Unknown");
        let message = said(&self.message, "The cluster says nothing about it.");
        let card = self.card.clone().unwrap_or_else(|| card_word(self.state).to_owned());
        Status::new(self.state, reason, message, card)
    }
}

/// The card's word for a state, unless a rule says another.
fn card_word(state: State) -> &'static str {
    match state {
        State::Healthy => "healthy",
        State::Progressing | State::Degraded => "partial",
        State::Pending => "pending",
        State::Failed => "error",
        State::Completed => "completed",
        State::Suspended => "suspended",
        State::Deleted => "deleted",
        State::Unknown => "unknown",
    }
}

fn count<'a>(of: &'a Expression, scope: &Scope<'a>) -> Option<u32> {
    let value = scope.evaluate(of).ok()?;
    u32::try_from(value.as_int()?).ok()
}

fn texts(value: &Json<'_>) -> Vec<String> {
    let texts = value.elements().iter().filter_map(fields::scalar);
    let mut texts: Vec<String> = texts.map(|it| it.into_owned()).collect();
    texts.extend(value.as_str().map(str::to_owned));
    texts.retain(|it| !it.is_empty());
    texts
}
