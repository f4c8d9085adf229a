//! The pages for plugin authors: what they show works, and they show it all.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use bowsprit_host_server::Cli;
use bowsprit_tests::TestHost;
use bowsprit_tests::{code_cache_dir, guests_dir};
use clap::CommandFactory as _;
use serde_json::Value;

use crate::process::binary;

/// What a reader may have to wait, without compilers.
const LIMIT: Duration = Duration::from_secs(60);

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins").join(name);
    fs::read_to_string(path).unwrap()
}

/// The blocks of a page that are for a shell.
fn blocks(page: &str) -> Vec<&str> {
    let shells = page.split("```sh\n").skip(1);
    shells.map(|it| it.split_once("```").unwrap().0).collect()
}

/// Whether a block waits for a compiler.
fn compiles(block: &str) -> bool {
    ["plugin build", "plugin dev", "cargo "].iter().any(|it| block.contains(it))
}

/// One script that runs the blocks and says how long each took.
fn script(blocks: &[&str]) -> String {
    let mut script = String::from("set -eu -o pipefail\ntrap 'kill $(jobs -p) || true' EXIT\n");
    for (number, block) in blocks.iter().enumerate() {
        writeln!(script, "begun=$(date +%s%N)\n{block}").unwrap();
        writeln!(script, "echo \"took {number} $(( ($(date +%s%N) - begun) / 1000000 ))\" >&2")
            .unwrap();
    }
    script
}

#[test]
fn every_block_of_the_tutorial_works_in_order() {
    let base = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let page = page("tutorial.md").replace("127.0.0.1:3000", &format!("127.0.0.1:{port}"));
    let blocks = blocks(&page);
    assert!(blocks.len() > 10, "{}", blocks.len());
    let mut path = vec![binary().parent().unwrap().to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let output = Command::new("bash")
        .arg("-c")
        .arg(script(&blocks))
        .current_dir(base.path())
        .env("PATH", std::env::join_paths(path).unwrap())
        // A reader has none of what `cargo test` passes on.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("BOWSPRIT_CONFIG")
        .env_remove("BOWSPRIT_PLUGINS_DIRS")
        .env_remove("BOWSPRIT_CODE_CACHE")
        .env("XDG_CACHE_HOME", base.path().join("cache"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let log = fs::read_to_string(base.path().join("host.log")).unwrap_or_default();
    assert!(output.status.success(), "{told}\n{}\n{log}", String::from_utf8_lossy(&output.stdout));
    let took = told.lines().filter_map(|it| it.strip_prefix("took ")).map(|it| {
        let (number, millis) = it.split_once(' ').unwrap();
        let block: usize = number.parse().unwrap();
        (block, Duration::from_millis(millis.parse().unwrap()))
    });
    let took: Vec<_> = took.collect();
    assert_eq!(took.len(), blocks.len());
    let waited: Duration =
        took.iter().filter(|(block, _)| !compiles(blocks[*block])).map(|(_, time)| *time).sum();
    assert!(waited < LIMIT, "{waited:?}: {took:?}");
}

#[test]
fn the_example_of_a_golden_file_is_one() {
    let page = page("golden-files.md");
    let example = page.split_once("```json\n").unwrap().1.split_once("```").unwrap().0;
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("one.json");
    fs::write(&file, example.replace("\"hello\"", "\"echo\"")).unwrap();
    for function in ["render", "status"] {
        let output = Command::new(binary())
            .args(["plugin", "try", function])
            .arg(guests_dir().join("echo"))
            .arg("--input")
            .arg(&file)
            .env("BOWSPRIT_CODE_CACHE", code_cache_dir())
            .output()
            .unwrap();
        assert!(output.status.success(), "{function}: {output:?}");
    }
    // Every key that is read is described.
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/engine/src/cases/input.rs");
    let source = fs::read_to_string(source).unwrap();
    let inputs = source.split("struct ").filter(|it| {
        ["Input {", "NodeInput {", "ContextInput {", "NeighbourInput {"]
            .iter()
            .any(|name| it.starts_with(name))
    });
    let mut keys = 0;
    for field in inputs.flat_map(|it| it.split_once("}\n").unwrap().0.lines().skip(1)) {
        let Some((name, _)) = field.trim().split_once(": ") else { continue };
        let key =
            name.trim_start_matches("pub(super) ").replace('_', "-").replace("type-name", "type");
        assert!(page.contains(&format!("`{key}`")), "{key} is missing");
        keys += 1;
    }
    assert!(keys > 15, "{keys}");
}

#[test]
fn every_verb_and_flag_is_in_the_reference() {
    let page = page("cli.md");
    let cli = Cli::command();
    let plugin = cli.find_subcommand("plugin").unwrap();
    for verb in plugin.get_subcommands().filter(|it| it.get_name() != "help") {
        let name = verb.get_name();
        assert!(page.contains(&format!("| `{name}")), "`{name}` is missing");
        for flag in verb.get_arguments().filter_map(|it| it.get_long()) {
            let flag = format!("--{flag}");
            assert!(flag == "--help" || page.contains(&flag), "`{name} {flag}` is missing");
        }
    }
}

/// What a page has between backticks, blocks left out.
fn words(page: &str) -> BTreeSet<String> {
    let texts = page.split("```").step_by(2);
    let words = texts.flat_map(|it| it.split('`').skip(1).step_by(2));
    words.map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// All constant texts of a schema.
fn constants(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(all) => {
            let listed = all.get("enum").and_then(Value::as_array).into_iter().flatten();
            let texts = listed.chain(all.get("const")).filter_map(Value::as_str);
            found.extend(texts.map(str::to_owned));
            all.values().for_each(|it| constants(it, found));
        }
        Value::Array(all) => all.iter().for_each(|it| constants(it, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_operators_page_has_all_routes_and_states_and_no_others() {
    let words = words(&page("operating.md"));
    let host = TestHost::start().await;
    let document = host.admin().await.get("/openapi.json").await.expect(200);
    let about = "/v1/api/admin/plugins";
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap().keys();
        let methods = methods.filter(|it| ["get", "post", "put", "delete"].contains(&it.as_str()));
        routes.extend(methods.map(|it| format!("{} {path}", it.to_uppercase())));
    }
    let shown = words.iter().filter(|it| it.contains(" /v1/api/"));
    let unknown: Vec<_> = shown.filter(|it| !routes.contains(*it)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let ours: Vec<_> = routes.iter().filter(|it| it.contains(about)).collect();
    assert!(ours.len() > 15, "{ours:?}");
    for route in ours {
        assert!(words.contains(route), "{route} is missing");
    }
    for schema in ["PluginState", "GenerationState", "Hold", "SwapPolicy", "Happening"] {
        let mut values = BTreeSet::new();
        constants(&document["components"]["schemas"][schema], &mut values);
        assert!(values.len() > 2, "{schema}: {values:?}");
        for value in values {
            assert!(words.contains(&value), "`{value}` of {schema} is missing");
        }
    }
    host.finish().await;
}

#[test]
fn every_key_the_host_reads_is_in_the_reference() {
    let page = page("plugin-toml.md");
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/engine/src/package/plugin_toml.rs");
    let source = fs::read_to_string(source).unwrap();
    let mut section = None;
    let mut keys = 0;
    for line in source.lines() {
        let bare = line.trim().trim_start_matches("pub(crate) ");
        if line == "}" {
            section = None;
        }
        if let Some(name) = bare.strip_prefix("struct ") {
            section = match name.split(' ').next().unwrap() {
                "PluginToml" => Some(""),
                "Wants" => Some("wants."),
                "Asks" => Some("limits."),
                "Palette" => Some("palette."),
                _ => None,
            };
            continue;
        }
        let field = bare.strip_suffix(',').and_then(|it| it.split_once(": "));
        let (Some(section), Some((field, kind))) = (section, field) else { continue };
        if matches!(kind, "Wants" | "Asks" | "Palette") || field.starts_with('#') {
            continue;
        }
        let key = format!("`{section}{}`", field.replace('_', "-"));
        assert!(page.contains(&format!("| {key} ")), "{key} is missing");
        keys += 1;
    }
    assert!(keys > 12, "{keys}");
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins");
    for entry in fs::read_dir(&folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for link in text.split("](").skip(1).filter_map(|it| it.split_once(')')) {
            let target = link.0;
            if !target.starts_with("http") {
                let path: PathBuf = folder.join(target.split('#').next().unwrap());
                assert!(path.exists(), "{target} leads nowhere");
            }
        }
    }
}
