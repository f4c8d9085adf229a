//! The `job` node type: a container image that runs to its end.

mod outcome;

use bowsprit_plugin_sdk::{
    Context, Descriptor, Direction, Manifest, Metadata, Node, NodeType, Object, Observation,
    OnImmutable, Order, Report, Seed, State, Status, Watch, connection, edges, handle, kind, watch,
};
use workload::{PodTemplate, database, job, view};

/// A `batch/v1` Job.
#[derive(Debug)]
pub struct Job;

impl NodeType for Job {
    const NAME: &'static str = "job";

    fn describe() -> Descriptor {
        Descriptor {
            title: "Job",
            description: "Runs a container until it has succeeded.",
            category: "core",
            icon: "PlayCircle",
            tags: &["workload", "batch", "task", "one-time"],
            schema_version: 1,
            schema: include_str!("job.schema.json"),
            handles: vec![handle("input", Direction::Incoming, &["mounts"])],
            connections: vec![connection("mounts", &["*"])],
            produces: vec![own_kind()],
        }
    }

    fn defaults<'a>(_seed: &Seed<'a>, data: &mut Object<'a>) {
        data.set("image", "");
        data.set("completions", 1);
        data.set("parallelism", 1);
        data.set("backoffLimit", 6);
        data.set("restartPolicy", "Never");
    }

    fn normalize(data: &mut Object<'_>, _report: &mut Report) {
        workload::normalize(data);
    }

    fn public_view<'a>(node: &'a Node<'_>) -> Object<'a> {
        view::running(node, "Job", &[])
    }

    fn render<'a>(
        node: &'a Node<'_>,
        context: &'a Context<'_>,
        report: &mut Report,
    ) -> Vec<Manifest<'a>> {
        let metadata = Metadata::read(node, context, workload::workload_name, report);
        let pod = PodTemplate::read(node, context, &metadata, &[], report);
        database::note_password(node, &pod, report);
        edges::note_meaningless(context, &job::MEANINGFUL, report);
        let spec = job::spec(&node.fields(), pod, "Never", report);
        // Nearly all of a Job is immutable: what changed runs anew.
        let manifest = Manifest::new("job", &own_kind(), metadata.object())
            .with("spec", spec)
            .order(Order::Workload)
            .on_immutable(OnImmutable::Replace);
        vec![manifest]
    }

    fn observe(node: &Node<'_>, _context: &Context<'_>) -> Vec<Watch> {
        let namespace = node.own_namespace().map(Into::into);
        vec![Watch { with_pods: true, ..watch(own_kind(), namespace, node.name()) }]
    }

    fn status(node: &Node<'_>, observation: &Observation<'_>, report: &mut Report) -> Status {
        match observation.main_object("Job") {
            Ok((object, objects)) => outcome::status(object, objects, report),
            Err(status) if is_cleaned_up(node, observation) => cleaned_up(*status),
            Err(status) => *status,
        }
    }
}

fn own_kind() -> bowsprit_plugin_sdk::Kind {
    kind("batch", "v1", "Job")
}

/// Whether the Job completed and the cluster removed it as it was told to.
fn is_cleaned_up(node: &Node<'_>, observation: &Observation<'_>) -> bool {
    let completed = observation.previous.is_some_and(|it| it.state == State::Completed);
    completed && node.data.get("ttlSecondsAfterFinished").is_some()
}

fn cleaned_up(absent: Status) -> Status {
    if !absent.is(State::Deleted) {
        return absent;
    }
    let message = "It has completed, and was removed as it was told to.";
    Status::new(State::Completed, "CleanedUp", message, "healthy")
}

bowsprit_plugin_sdk::export_node_types!(Job);

#[cfg(test)]
mod tests;
