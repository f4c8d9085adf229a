//! A generation is compared with its predecessor on what that was asked.

use std::fs;

use bowsprit_host_core::{
    audit::Actor,
    id::Id,
    node_types::{Context, NodeTypes},
    plugins::{ComparisonSummary, GenerationState, Happening, Hold, Plugins, SwapPolicy},
};
use bowsprit_host_engine::EngineConfig;

use crate::support::{Folder, Host, component, node, plugin, renewed};

fn echo(mark: &str) -> Folder {
    plugin("one", "echo").asset("mark", mark)
}

fn operator() -> Actor {
    Actor { user: Some(Id::new()), address: None }
}

async fn render(host: &Host, wishes: &[&str]) {
    for wish in wishes {
        let node = node("echo", wish);
        host.engine.catalogue().render(&node, &Context::default()).await.expect("an answer");
    }
}

#[tokio::test]
async fn what_would_change_is_told_by_place_and_never_by_value() {
    let host = Host::start(|dir| echo("before").write(&dir.join("one"))).await;
    render(&host, &["a", "b", "b"]).await;

    fs::write(host.path("one/assets/mark"), "after").expect("written");
    host.until("live", |all| all[0].previous.len() == 1).await;

    let report = host.report("one");
    let digest = report.generation.expect("a digest");
    let compared = host.engine.comparison("one", &digest).expect("compared");
    let changed =
        ComparisonSummary { inputs: 2, inputs_changed: 2, manifests: 2, manifests_changed: 2 };
    assert_eq!(compared.summary, changed);
    assert_eq!(compared.summary.to_string(), "2 of 2 manifests would change");
    assert_eq!(compared.against, report.previous[0]);
    let manifest = &compared.differences[0].manifests[0];
    assert_eq!(
        (manifest.manifest.as_str(), &manifest.pointers),
        ("map", &vec!["/body/data/mark".to_owned()])
    );
    let told = serde_json::to_string(&compared).expect("JSON");
    assert!(!told.contains("before\"") && !told.contains("after\""), "{told}");
    let nobody = host.engine.comparison("one", &report.previous[0]).expect_err("the first");
    assert_eq!(nobody.code(), "not-found");
    assert!(nobody.to_string().contains("was not compared: "), "{nobody}");
    host.stop().await;
}

#[tokio::test]
async fn a_type_that_is_gone_is_a_difference() {
    let settings = |it: &mut EngineConfig| it.policy = SwapPolicy::HoldIfDifferent;
    let names = |names: &str| echo("1").asset("names", names);
    let host = Host::start_with(settings, |dir| names("echo\nother").write(&dir.join("one"))).await;
    render(&host, &["a"]).await;

    names("other").swap(&host.path("one"));
    host.until("held", |all| all[0].waiting.is_some()).await;

    let waiting = host.report("one").waiting.expect("a digest");
    let compared = host.engine.comparison("one", &waiting).expect("compared");
    let difference = &compared.differences[0];
    assert_eq!(difference.before.as_deref(), Some("ok"));
    assert_eq!(difference.after.as_deref(), Some("no such node type"));
    host.stop().await;
}

#[tokio::test]
async fn what_differs_is_held_until_an_operator_accepts_and_what_does_not_serves() {
    let settings = |it: &mut EngineConfig| it.policy = SwapPolicy::HoldIfDifferent;
    let host = Host::start_with(settings, |dir| echo("1").write(&dir.join("one"))).await;
    let first = host.report("one").generation.expect("a digest");
    render(&host, &["a"]).await;

    // Other bytes, same answers.
    echo("1").component(renewed(component("echo"), 1)).swap(&host.path("one"));
    host.until("live", |all| all[0].previous == [first.clone()]).await;

    fs::write(host.path("one/assets/mark"), "2").expect("written");
    host.until("held", |all| all[0].waiting.is_some()).await;
    assert_eq!(host.mark("echo").await.as_deref(), Some("1"), "the old one goes on");
    let waiting = host.report("one").waiting.expect("a digest");
    let held = host.engine.generations("one").expect("known").remove(0);
    assert_eq!((held.state, held.hold), (GenerationState::Waiting, Some(Hold::Difference)));
    assert!(held.why.contains("1 of 1 manifests would change"), "{held:?}");

    let wrong = host.engine.consent("one", &first, operator()).await.expect_err("wrong one");
    assert_eq!(wrong.code(), "plugin.generation.not-waiting");
    let unknown = host.engine.consent("one", "00000000", operator()).await.expect_err("no such");
    assert_eq!(unknown.code(), "not-found");

    let by = operator();
    let report = host.engine.consent("one", &waiting, by).await.expect("accepted");
    assert_eq!((report.generation, report.waiting), (Some(waiting.clone()), None));
    assert_eq!(host.mark("echo").await.as_deref(), Some("2"));
    let (who, entry) = host.memory.log().pop().expect("an entry");
    assert_eq!((who.user, entry.what), (by.user, Happening::Activated));
    assert_eq!(entry.comparison.as_deref(), Some("1 of 1 manifests would change"));
    host.stop().await;
}

#[tokio::test]
async fn a_plugin_may_have_a_policy_of_its_own() {
    let host = Host::start(|dir| echo("1").write(&dir.join("one"))).await;
    let report = host.engine.set_policy("one", SwapPolicy::HoldAlways, operator()).await;
    assert_eq!(report.expect("set").policy, SwapPolicy::HoldAlways);

    fs::write(host.path("one/assets/mark"), "2").expect("written");
    host.until("held", |all| all[0].waiting.is_some()).await;
    let first = host.report("one").waiting;

    // A newer one takes its place; the old bytes end the wait.
    fs::write(host.path("one/assets/mark"), "3").expect("written");
    host.until("held anew", |all| all[0].waiting.is_some() && all[0].waiting != first).await;
    let known = host.engine.generations("one").expect("known");
    assert_eq!(known.len(), 2, "the first that waited is forgotten: {known:#?}");
    fs::write(host.path("one/assets/mark"), "1").expect("written");
    host.until("no longer held", |all| all[0].waiting.is_none()).await;

    host.engine.set_policy("one", SwapPolicy::Swap, operator()).await.expect("set");
    fs::write(host.path("one/assets/mark"), "4").expect("written");
    host.until_marked("echo", "4").await;
    let told: Vec<_> = host.memory.log().into_iter().map(|(_, it)| it.what).collect();
    use Happening::{Activated, Held, PolicySet};
    assert_eq!(told, [Activated, PolicySet, Held, Held, PolicySet, Activated]);
    host.stop().await;
}

#[tokio::test]
async fn what_cannot_be_compared_says_so_and_waits_if_what_differs_would() {
    let host = Host::start(|dir| echo("1").write(&dir.join("one"))).await;
    let why = |host: &Host| host.engine.generations("one").expect("known").remove(0).why;
    assert_eq!(why(&host), "it passed every stage", "it has no predecessor");
    fs::write(host.path("one/assets/mark"), "2").expect("written");
    host.until("live", |all| all[0].previous.len() == 1).await;
    let nothing = "no input of its predecessor is known, so nothing was compared";
    assert_eq!(why(&host), format!("it passed every stage; {nothing}"));

    let different = SwapPolicy::HoldIfDifferent;
    host.engine.set_policy("one", different, operator()).await.expect("set");
    let judged = host.engine.validate(echo("3").packed()).await.expect("judged").generation;
    assert_eq!((judged.state, judged.hold), (GenerationState::Waiting, Some(Hold::Difference)));
    fs::write(host.path("one/assets/mark"), "3").expect("written");
    host.until("held", |all| all[0].waiting.is_some()).await;
    let held = host.engine.generations("one").expect("known").remove(0);
    assert_eq!((held.hold, held.why.as_str()), (Some(Hold::Difference), nothing));

    // One that is the first of its plugin has nothing to differ from.
    let settings = |it: &mut EngineConfig| it.policy = different;
    let first = Host::start_with(settings, |dir| echo("1").write(&dir.join("one"))).await;
    assert_eq!(first.report("one").waiting, None);
    first.stop().await;
    host.stop().await;
}

#[tokio::test]
async fn without_inputs_nothing_is_compared() {
    let settings = |it: &mut EngineConfig| it.compared_inputs = 0;
    let host = Host::start_with(settings, |dir| echo("1").write(&dir.join("one"))).await;
    render(&host, &["a"]).await;
    fs::write(host.path("one/assets/mark"), "2").expect("written");
    host.until_marked("echo", "2").await;
    assert!(host.engine.generations("one").expect("known")[0].comparison.is_none());
    host.stop().await;
}
