//! What a component can do wrong stays with the call that asked for it.

use std::time::{Duration, Instant};

use bowsprit_host_core::{
    Error,
    node_types::{CallError, Context, NodeTypes},
    plugins::{LoadStage, PluginState, Plugins},
};

use crate::support::{Host, assert_failure, mark_in, mark_of, node, plugin};

async fn both() -> Host {
    Host::load(
        |_| {},
        |dir| {
            plugin("echo", "echo").asset("mark", "fine").write(&dir.join("echo"));
            plugin("misbehave", "misbehave").write(&dir.join("misbehave"));
        },
    )
    .await
}

fn code(error: &CallError) -> &'static str {
    match error {
        CallError::Failed(error) => error.code(),
        other => panic!("not a failure of the plugin: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_misbehaviour_has_its_code_and_leaves_others_alone() {
    let host = both().await;
    let cases = [
        ("trap", "plugin.trap"),
        ("loop", "plugin.deadline"),
        ("eat", "plugin.memory"),
        ("recurse", "plugin.stack"),
        ("huge-output", "plugin.output-too-large"),
        ("huge-list", "plugin.output-too-large"),
        ("bad-json", "plugin.invalid-output"),
        ("not-object", "plugin.invalid-output"),
        ("foreign-kind", "plugin.not-granted"),
        ("twice", "plugin.invalid-output"),
        ("internal", "plugin.internal"),
    ];
    for (wish, expected) in cases {
        let catalogue = host.engine.catalogue();
        let (node, context) = (node("misbehave", wish), Context::default());
        let bad = catalogue.render(&node, &context);

        let (bad, good) = tokio::join!(bad, mark_in(&*catalogue, "echo"));

        let error = bad.expect_err(wish);
        assert_eq!(code(&error), expected, "{wish}: {error:?}");
        assert_eq!(good.expect("the other plugin answers"), "fine", "{wish}");
        let again = mark_in(&*catalogue, "misbehave").await;
        assert!(again.is_ok(), "the same plugin answers its next call after {wish}: {again:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_name_plugin_and_function_and_hide_the_guests_words() {
    let host = both().await;

    let error = host
        .engine
        .catalogue()
        .render(&node("misbehave", "internal"), &Context::default())
        .await
        .expect_err("it fails");

    let said = error.to_string();
    assert!(said.contains("`misbehave`") && said.contains("`render`"), "{said}");
    assert!(!said.contains("wires"), "{said}");
    let CallError::Failed(Error::Plugin { source, .. }) = error else { panic!("{error:?}") };
    assert_eq!(source.expect("a source").to_string(), "wires crossed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loops_on_every_thread_do_not_keep_a_small_call_waiting() {
    let host = both().await;
    let loops: Vec<_> = (0..4)
        .map(|_| {
            let catalogue = host.engine.catalogue();
            tokio::spawn(async move {
                catalogue.render(&node("misbehave", "loop"), &Context::default()).await
            })
        })
        .collect();
    let catalogue = host.engine.catalogue();
    let mut answered = 0;

    let begun = Instant::now();
    while loops.iter().any(|it| !it.is_finished()) {
        mark_in(&*catalogue, "echo").await.expect("an answer");
        answered += 1;
        tokio::task::yield_now().await;
    }

    assert!(answered > 10, "only {answered} answers in {:?}", begun.elapsed());
    for one in loops {
        assert_eq!(code(&one.await.expect("no panic").expect_err("over")), "plugin.deadline");
    }
}

#[tokio::test]
async fn a_loop_ends_close_to_its_deadline() {
    let settings = |it: &mut bowsprit_host_engine::EngineConfig| {
        it.limits.deadline = Duration::from_millis(100);
    };
    let host = Host::load(settings, |dir| {
        plugin("misbehave", "misbehave").write(&dir.join("misbehave"));
    })
    .await;

    let begun = Instant::now();
    let ended =
        host.engine.catalogue().render(&node("misbehave", "loop"), &Context::default()).await;

    assert_eq!(code(&ended.expect_err("over")), "plugin.deadline");
    // Wide, because other tests share the machine; an unstopped loop never ends.
    assert!(begun.elapsed() >= Duration::from_millis(90), "{:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_a_plugin_declines_on_purpose_is_no_fault() {
    let host = both().await;
    let catalogue = host.engine.catalogue();
    let context = Context::default();

    let invalid = catalogue.render(&node("misbehave", "invalid"), &context).await;
    let unsupported = catalogue.render(&node("misbehave", "unsupported"), &context).await;
    let unknown = catalogue.render(&node("nobodys", "x"), &context).await;

    let Err(CallError::InvalidInput(findings)) = invalid else { panic!("{invalid:?}") };
    assert_eq!(findings[0].code, "misbehave.on-purpose");
    assert!(matches!(unsupported, Err(CallError::Unsupported(what)) if what == "this one"));
    assert!(matches!(unknown, Err(CallError::UnknownType(name)) if name == "nobodys"));
}

#[tokio::test]
async fn answers_of_every_function_are_checked() {
    let host = both().await;
    let catalogue = host.engine.catalogue();
    let (bad, context) = (node("misbehave", "bad-json"), Context::default());

    let normalized = catalogue.normalize(&bad).await.expect_err("not JSON");
    let viewed =
        catalogue.public_view(&node("misbehave", "bad-view")).await.expect_err("not an object");
    let observed = catalogue.observe(&bad, &context).await.expect_err("no name, no selector");
    let status = catalogue.status(&bad, &[], "2026-01-01T00:00:00Z", None).await;

    for error in [normalized, viewed, observed] {
        assert_eq!(code(&error), "plugin.invalid-output", "{error:?}");
    }
    assert_eq!(code(&status.expect_err("a trap")), "plugin.trap");
}

#[tokio::test]
async fn a_flood_of_log_lines_is_dropped_and_the_answer_is_not() {
    let host = both().await;
    let flood = node("misbehave", "flood-log");

    let rendered = host.engine.catalogue().render(&flood, &Context::default()).await;

    assert_eq!(rendered.expect("an answer").manifests.len(), 1);
}

#[tokio::test]
async fn an_instance_serves_one_request_only_and_none_after_a_crash() {
    let host = both().await;
    let context = Context::default();
    let count = node("misbehave", "count");
    let catalogue = host.engine.catalogue();

    let first = catalogue.render(&count, &context).await.expect("an answer");
    let second = catalogue.render(&count, &context).await.expect("an answer");
    let elsewhere = host.engine.catalogue().render(&count, &context).await.expect("an answer");
    catalogue.render(&node("misbehave", "trap"), &context).await.expect_err("a crash");
    let after = catalogue.render(&count, &context).await.expect("an answer");

    let marks = [first, second, elsewhere, after].map(|it| mark_of(&it));
    assert_eq!(marks, ["1", "2", "1", "1"]);
}

#[tokio::test]
async fn waiting_for_a_turn_ends() {
    let settings = |it: &mut bowsprit_host_engine::EngineConfig| {
        it.limits.calls_per_plugin = 1;
        it.limits.wait = Duration::from_millis(20);
        it.limits.deadline = Duration::from_secs(1);
    };
    let host = Host::load(settings, |dir| {
        plugin("misbehave", "misbehave").write(&dir.join("misbehave"));
    })
    .await;
    let catalogue = host.engine.catalogue();
    let (node, context) = (node("misbehave", "loop"), Context::default());

    let (first, second) =
        tokio::join!(catalogue.render(&node, &context), catalogue.render(&node, &context));

    assert_eq!(code(&first.expect_err("over")), "plugin.deadline");
    let second = second.expect_err("no turn");
    assert_eq!(code(&second), "plugin.busy");
    assert!(matches!(second, CallError::Failed(Error::Busy { .. })), "{second:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_describe_that_misbehaves_leaves_the_old_generation_serving() {
    let host = Host::start(|dir| {
        plugin("one", "misbehave").asset("mark", "old").write(&dir.join("one"));
    })
    .await;
    let cases = [
        ("trap", "plugin.trap"),
        ("loop", "plugin.deadline"),
        ("eat", "plugin.memory"),
        ("huge-output", "plugin.output-too-large"),
        ("huge-list", "plugin.output-too-large"),
    ];
    for (wish, code) in cases {
        plugin("one", "misbehave").asset("describe", wish).write(&host.path("one"));

        let report = host.refused("one", code).await;

        assert_failure(&report, LoadStage::Describe, &["describe"]);
        assert_eq!(report.state, PluginState::Live);
        assert_eq!(host.mark("misbehave").await.as_deref(), Some("old"), "{wish}");
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_calls_that_are_ended_leave_nothing_behind() {
    let settings = |it: &mut bowsprit_host_engine::EngineConfig| {
        it.limits.deadline = Duration::from_millis(20);
        it.limits.memory = 8 << 20;
    };
    let host = Host::load(settings, |dir| {
        plugin("misbehave", "misbehave").write(&dir.join("misbehave"));
    })
    .await;
    let ways = [
        ("trap", "plugin.trap"),
        ("eat", "plugin.memory"),
        ("recurse", "plugin.stack"),
        ("loop", "plugin.deadline"),
        ("foreign-kind", "plugin.not-granted"),
    ];
    for n in 0..300 {
        let (wish, expected) = ways[n % ways.len()];
        // Loops are slow; each of the others is as good a kill.
        let (wish, expected) = if wish == "loop" && n >= 50 { ways[0] } else { (wish, expected) };
        let catalogue = host.engine.catalogue();
        let ended = catalogue.render(&node("misbehave", wish), &Context::default()).await;
        assert_eq!(code(&ended.expect_err(wish)), expected);
    }
    assert_eq!(host.engine.occupancy(), bowsprit_host_engine::Occupancy::default());
    assert!(mark_in(&*host.engine.catalogue(), "misbehave").await.is_ok());
    // What is kept of them is bounded.
    let kept = host.engine.failed_calls(Some("misbehave"));
    assert_eq!(kept.len(), 50, "as many as are kept of one plugin");
    let newest = host.engine.failed_call(kept[0].id).expect("kept");
    assert_eq!((newest.code, newest.function), ("plugin.not-granted", "render"));
    assert_eq!(newest.input["node"]["data"]["do"], "foreign-kind");
}
