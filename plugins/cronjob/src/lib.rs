//! The `cronjob` node type: a container image that runs at given times.

mod history;

use bowsprit_plugin_sdk::shape::{self, MOST, Member, Shape};
use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Fields, Kind, Manifest, Metadata, Node, NodeType, Object,
    Observation, Order, Report, Seed, Status, Watch, connection, edges, handle, kind, quoted,
    rules, watch, watch_selected,
};
use workload::{PodTemplate, database, job, view};

/// The longest name whose Jobs can be named after their time, which adds 11
/// characters.
///
/// Source: `batch/validation.validateCronJob`.
const LONGEST_NAME: usize = 52;

/// A `batch/v1` `CronJob`.
#[derive(Debug)]
pub struct CronJob;

impl NodeType for CronJob {
    const NAME: &'static str = "cronjob";

    fn describe() -> Descriptor {
        Descriptor {
            title: "CronJob",
            description: "Runs a container at given times.",
            category: "core",
            icon: "Clock",
            tags: &["workload", "batch", "schedule", "recurring"],
            schema_version: 1,
            schema: include_str!("cronjob.schema.json"),
            handles: vec![handle("input", Direction::Incoming, &["mounts"])],
            connections: vec![connection("mounts", &["*"])],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("schedule", "0 * * * *");
        data.set("image", "");
        data.set("concurrencyPolicy", "Allow");
        data.set("suspend", false);
        data.set("successfulJobsHistoryLimit", 3);
        data.set("failedJobsHistoryLimit", 1);
    }

    fn normalize(data: &mut Object<'_>, _report: &mut Report) {
        workload::normalize(data);
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        view::running(node, "CronJob", &[])
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, workload::workload_name, report);
        note_long_name(&metadata, report);
        let pod = PodTemplate::read(node, context, &metadata, &[], report);
        database::note_password(node, &pod, report);
        edges::note_meaningless(context, &job::MEANINGFUL, report);
        let fields = node.fields();
        let template = Object::new()
            .with("metadata", Object::new().with("labels", metadata.labels()))
            .with("spec", job::spec(&fields, pod, "OnFailure", report));
        let schedule = report.required(fields.required_text_by("schedule", rules::schedule));
        let mut spec = Object::new().with("jobTemplate", template).with_some("schedule", schedule);
        shape::copy(&fields, MEMBERS, &mut spec, report);
        note_short_deadline(&fields, report);
        let spec = job::suspend(&fields, spec, report);
        let manifest = Manifest::new("cronjob", &own_kind(), metadata.object())
            .with("spec", spec)
            .order(Order::Workload);
        vec![manifest]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        let namespace: Option<String> = node.own_namespace().map(Into::into);
        let own = watch(own_kind(), namespace.clone(), node.name());
        let jobs = format!("app={}", node.name());
        vec![
            Watch { with_pods: true, ..own },
            watch_selected(kind("batch", "v1", "Job"), namespace, jobs),
        ]
    }

    fn status(_node: &Node<'_>, observation: &Observation<'_>, report: &mut Report) -> Status {
        match observation.main_object("CronJob") {
            Ok((object, objects)) => history::status(object, objects, observation, report),
            Err(status) => *status,
        }
    }
}

/// Members of the `CronJob`'s own `spec`.
const MEMBERS: &[Member] = &[
    ("concurrencyPolicy", Shape::Choice(&["Allow", "Forbid", "Replace"])),
    ("failedJobsHistoryLimit", Shape::Whole(0, MOST)),
    ("startingDeadlineSeconds", Shape::Whole(0, MOST)),
    ("successfulJobsHistoryLimit", Shape::Whole(0, MOST)),
    ("timeZone", Shape::Text(time_zone)),
];

fn own_kind() -> Kind {
    kind("batch", "v1", "CronJob")
}

fn note_long_name(metadata: &Metadata<'_>, report: &mut Report) {
    if metadata.name.len() > LONGEST_NAME {
        let message = format!("With the name {} no Jobs can be made.", quoted(&metadata.name));
        report
            .error("name.too-long", message)
            .at("/name")
            .suggest("Use a name of at most 52 characters.");
    }
}

/// The controller looks every ten seconds.
fn note_short_deadline(fields: &Fields<'_, '_>, report: &mut Report) {
    if fields.whole("startingDeadlineSeconds", 0..=9).ok().flatten().is_some() {
        report
            .warning("startingDeadlineSeconds.short", "With less than 10 seconds runs are missed.")
            .at("/startingDeadlineSeconds")
            .suggest("Give it at least 10 seconds, or leave it empty.");
    }
}

/// The name of a time zone. Whether it exists is for the server to say.
///
/// Source: `batch/validation.validateTimeZone`.
fn time_zone(text: &str) -> Result<(), rules::Flaw> {
    let word = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'/' | b'_' | b'-' | b'+');
    if text.bytes().all(word) && !text.starts_with('/') && !text.eq_ignore_ascii_case("local") {
        return Ok(());
    }
    Err(rules::Flaw {
        problem: "is not the name of a time zone",
        hint: "Write a name such as `Europe/Berlin` or `Etc/UTC`.",
    })
}

bowsprit_plugin_sdk::export_node_types!(CronJob);

#[cfg(test)]
mod tests;
