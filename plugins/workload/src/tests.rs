//! Problems of pods, as the cluster tells them.

use bowsprit_plugin_sdk::{Object, Report};

use crate::pods;

fn problems(pods: &[&str]) -> Vec<pods::Problem> {
    let objects: Vec<_> = pods.iter().map(|it| Object::parse(it).unwrap()).collect();
    pods::problems(&objects)
}

fn pod(status: &str) -> String {
    format!(r#"{{"kind":"Pod","metadata":{{"name":"web-1"}},"status":{status}}}"#)
}

fn waiting(reason: &str, extra: &str) -> String {
    let message = r#""message":"back-off""#;
    pod(&format!(
        r#"{{"containerStatuses":[{{"name":"web","restartCount":3,"ready":false,
            "state":{{"waiting":{{"reason":"{reason}",{message}}}}}{extra}}}]}}"#
    ))
}

#[test]
fn a_crash_loop_is_a_problem_and_creating_is_not() {
    let found = problems(&[&waiting("CrashLoopBackOff", ""), &waiting("ContainerCreating", "")]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].reason, "CrashLoopBackOff");
    assert!(found[0].message.contains("`web-1`"), "{}", found[0].message);
}

#[test]
fn equal_problems_of_several_pods_are_one_finding() {
    let pod = waiting("ImagePullBackOff", "");
    let found = problems(&[&pod, &pod, &pod]);
    let mut report = Report::new("deployment", "n1");
    pods::report(&found, &mut report);
    let findings = report.into_findings();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].code, "deployment.pod.image-pull");
    assert_eq!(findings[0].at.as_deref(), Some("/image"));
    assert!(findings[0].message.ends_with("2 more pods have the same problem."));
}

#[test]
fn running_out_of_memory_explains_a_crash_loop() {
    let last = r#","lastState":{"terminated":{"reason":"OOMKilled","exitCode":137}}"#;
    let found = problems(&[&waiting("CrashLoopBackOff", last)]);
    assert_eq!(found[0].reason, "OOMKilled");
    assert!(found[0].is_blocking);
}

#[test]
fn a_container_that_recovered_from_lack_of_memory_is_only_worth_knowing() {
    let status = r#"{"containerStatuses":[{"name":"web","ready":true,"restartCount":1,
        "state":{"running":{}},"lastState":{"terminated":{"reason":"OOMKilled"}}}]}"#;
    assert!(!problems(&[&pod(status)])[0].is_blocking);
}

#[test]
fn a_pod_that_fits_nowhere_is_unschedulable() {
    let status = r#"{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False",
        "reason":"Unschedulable","message":"0/3 nodes are available"}]}"#;
    let found = problems(&[&pod(status)]);
    assert_eq!(found[0].reason, "Unschedulable");
    assert_eq!(found[0].message, "No machine takes pod `web-1`: 0/3 nodes are available.");
}

#[test]
fn pods_on_their_way_out_do_not_count() {
    let going =
        r#"{"kind":"Pod","metadata":{"deletionTimestamp":"x"},"status":{"phase":"Failed"}}"#;
    assert!(problems(&[going]).is_empty());
}
