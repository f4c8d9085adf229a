//! What an operator can do to plugins, and what changes nothing.

use std::fs;

use bowsprit_host_core::{
    Error,
    audit::Actor,
    node_types::NodeTypes,
    plugins::{GenerationState, Happening, Hold, LoadStage, PluginState, Plugins},
};
use bowsprit_host_engine::EngineConfig;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::support::{Folder, Host, plugin};

fn echo(mark: &str) -> Folder {
    plugin("one", "echo").asset("mark", mark)
}

#[tokio::test]
async fn a_plugin_that_is_switched_off_offers_nothing_until_it_is_on_again() {
    let host = Host::start(|dir| echo("1").write(&dir.join("one"))).await;

    let off = host.engine.disable("one", Actor::default()).await.expect("off");
    assert_eq!(off.state, PluginState::Disabled);
    assert!(host.engine.catalogue().types().is_empty());

    // Others may take its names; it loads on, and stays off over a restart.
    fs::write(host.path("one/assets/mark"), "2").expect("written");
    host.until("loaded", |all| all[0].previous.len() == 1).await;
    let host = host.restart(|_| {}).await;
    assert_eq!(host.report("one").state, PluginState::Disabled);
    plugin("two", "echo").asset("mark", "two").write(&host.path("two"));
    host.until_marked("echo", "two").await;
    let taken = host.engine.enable("one", Actor::default()).await.expect_err("taken");
    assert_eq!(taken.code(), "plugin.name.taken");

    host.engine.disable("two", Actor::default()).await.expect("off");
    let on = host.engine.enable("one", Actor::default()).await.expect("on");
    assert_eq!(on.state, PluginState::Live);
    assert_eq!(host.mark("echo").await.as_deref(), Some("2"));
    let told: Vec<_> = host.memory.log().into_iter().map(|(_, it)| (it.plugin, it.what)).collect();
    let (one, two) = ("one".to_owned(), "two".to_owned());
    use Happening::{Activated, Disabled, Enabled};
    let all = [
        (one.clone(), Activated),
        (one.clone(), Disabled),
        (one.clone(), Activated),
        (two.clone(), Activated),
        (two, Disabled),
        (one, Enabled),
    ];
    assert_eq!(told, all);
    host.stop().await;
}

#[tokio::test]
async fn a_reload_on_demand_needs_no_watch() {
    let host = Host::load(|_| {}, |dir| echo("1").write(&dir.join("one"))).await;
    fs::write(host.path("one/assets/mark"), "2").expect("written");

    let report = host.engine.reload("one", Actor::default()).await.expect("reloaded");
    assert_eq!(report.previous.len(), 1);
    assert_eq!(host.mark("echo").await.as_deref(), Some("2"));

    fs::write(host.path("one/plugin.toml"), "id = [").expect("written");
    let report = host.engine.reload("one", Actor::default()).await.expect("looked at");
    assert_eq!(report.last_error.expect("an error").code, "plugin.toml.invalid");
    fs::remove_dir_all(host.path("one")).expect("removed");
    let gone = host.engine.reload("one", Actor::default()).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    let unknown = host.engine.reload("nobody", Actor::default()).await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
}

#[tokio::test]
async fn an_upload_is_judged_and_changes_nothing() {
    let host = Host::load(|_| {}, |dir| echo("1").write(&dir.join("one"))).await;
    assert!(host.mark("echo").await.is_some(), "an input to compare on");
    let before = host.engine.list();
    let log = host.memory.log().len();
    let validate =
        async |folder: Folder| host.engine.validate(folder.packed()).await.expect("judged");

    let fine = validate(echo("2")).await;
    assert_eq!((fine.id.as_deref(), fine.generation.state), (Some("one"), GenerationState::Live));
    assert_eq!(fine.node_types, ["echo"]);
    let compared = fine.generation.comparison.expect("compared").summary;
    assert_eq!(compared.to_string(), "1 of 1 manifests would change");

    let greedy = echo("2").toml(r#"["v1/ConfigMap"]"#, r#"["v1/ConfigMap", "v1/Secret"]"#);
    let greedy = validate(greedy).await.generation;
    assert_eq!((greedy.state, greedy.hold), (GenerationState::Waiting, Some(Hold::Consent)));

    let refused = |it: bowsprit_host_core::plugins::GenerationReport| {
        assert_eq!(it.state, GenerationState::Refused);
        it.failure.expect("a failure").stage
    };
    let taken = validate(plugin("two", "echo")).await.generation;
    assert_eq!(refused(taken), LoadStage::Activate);
    let wrong = echo("2").golden("view.json", "1");
    assert_eq!(refused(validate(wrong).await.generation), LoadStage::SelfTest);
    let module = echo("2").component(b"\0asm\x01\0\0\0".to_vec());
    assert_eq!(refused(validate(module).await.generation), LoadStage::Admit);
    let toml = validate(echo("2").toml("api = \"0.1\"", "api = \"9.9\"")).await;
    assert_eq!((toml.id.as_deref(), refused(toml.generation)), (Some("one"), LoadStage::Read));

    let invalid = host.engine.validate(Bytes::from_static(b"PK\x03\x04")).await;
    assert!(matches!(invalid, Err(Error::Invalid { .. })), "{invalid:?}");
    assert_eq!(host.engine.list(), before);
    assert_eq!(host.memory.log().len(), log);
    assert_eq!(host.mark("echo").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn one_function_can_be_tried() {
    let host = Host::load(
        |it: &mut EngineConfig| it.limits.calls = 4,
        |dir| {
            echo("1").write(&dir.join("one"));
            plugin("bad", "misbehave").write(&dir.join("bad"));
        },
    )
    .await;
    let input = |type_name: &str, data: Value| {
        json!({ "node": { "id": "it", "type": type_name, "data": data } }).to_string()
    };
    let good = input("echo", json!({}));

    let tried = host.engine.try_call("one", "render", &good).await.expect("an answer");
    assert_eq!(tried.answer["ok"]["manifests"][0]["body"]["data"]["mark"], "1");
    assert_eq!(Some(tried.generation), host.report("one").generation);
    assert!(tried.cost.micros > 0 && tried.cost.answer_bytes > 100, "{:?}", tried.cost);
    let named = input("echo", json!({ "name": "x" }));
    let tried = host.engine.try_call("one", "create", &named).await.expect("an answer");
    assert_eq!(tried.answer["ok"]["name"], "x");

    let bad = |wish: &str| input("misbehave", json!({ "do": wish }));
    let tried = host.engine.try_call("bad", "render", &bad("invalid")).await.expect("an answer");
    assert_eq!(tried.findings[0].code, "misbehave.on-purpose");
    assert!(tried.answer["invalid-input"].is_array(), "{:?}", tried.answer);
    let trap = host.engine.try_call("bad", "render", &bad("trap")).await.expect_err("a trap");
    assert_eq!(trap.code(), "plugin.trap");

    for (id, function, input, word) in [
        ("nobody", "render", good.as_str(), "nobody"),
        ("one", "explode", &good, "normalize"),
        ("one", "render", "{", "is not JSON"),
        ("one", "render", "{}", "missing field `node`"),
    ] {
        let error = host.engine.try_call(id, function, input).await.expect_err("refused");
        assert!(error.to_string().contains(word), "{error}");
    }
    let figures = host.report("one").figures;
    assert_eq!(figures.calls, 0, "trials are no calls of users");
}
