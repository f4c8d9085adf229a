//! A thousand plugins made of twenty components.

use std::{fs, path::Path};

use bowsprit_tests::{Sample, Store, guests_dir};

use super::salted;
use crate::{
    host::{Place, administrator},
    report::{Figure, Measured, Report, Target},
};

const GROUP: &str = "plugin density";
const WARM: &str = "1,000 plugins of 20 components, warm start";
const PLUGINS: usize = 1000;
const COMPONENTS: usize = 20;
const ROUNDS: usize = 3;

/// Measures warm starts and the memory they take.
pub(crate) async fn measure(report: &mut Report) {
    let prepare = async {
        let plugins = tempfile::tempdir().unwrap();
        fill(plugins.path());
        let place = Place::with_plugins(Store::Embedded, plugins.path().to_owned());
        // Compiles, and says whether all plugins are there.
        let server = place.start().await;
        let user = administrator(&server).await;
        let answer = user.get("/admin/plugins").await.expect(200);
        let all = answer["plugins"].as_array().unwrap();
        let is_live = |it: &&serde_json::Value| it["state"] == "live";
        assert_eq!(all.iter().filter(is_live).count(), PLUGINS);
        server.stop().await;
        place.compile().await;
        (plugins, place)
    };
    let Some((_plugins, place)) = report.prepare(GROUP, &[WARM], prepare).await else { return };
    let starts = async {
        let (mut times, mut memory) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (server, took) = place.start_timed().await;
            times.push(took.as_secs_f64() * 1e3);
            memory.push(server.process.resident_kib() / 1024.0);
            server.stop().await;
        }
        let (times, memory) = (Sample::new(times), Sample::new(memory));
        let figures = vec![
            Figure::new("p50", times.p50(), "ms").aims(Target::AtMost(2000.0)),
            Figure::new("memory", memory.p50(), "MiB").aims(Target::AtMost(400.0)),
        ];
        let note = format!("to the first answer, embedded store, {ROUNDS} starts");
        Measured { limit: "none", note, figures }
    };
    report.row(GROUP, WARM, starts).await;
}

fn fill(folder: &Path) {
    let echo = guests_dir().join("echo");
    let component = fs::read(echo.join("plugin.wasm")).unwrap();
    let toml = fs::read_to_string(echo.join("plugin.toml")).unwrap();
    let components: Vec<Vec<u8>> = (0..COMPONENTS).map(|n| salted(&component, n as u32)).collect();
    for number in 0..PLUGINS {
        let name = format!("echo-{number}");
        let plugin = folder.join(&name);
        fs::create_dir_all(plugin.join("assets")).unwrap();
        let toml = toml.replace("id = \"echo\"", &format!("id = \"{name}\""));
        fs::write(plugin.join("plugin.toml"), toml).unwrap();
        fs::write(plugin.join("assets/names"), &name).unwrap();
        fs::write(plugin.join("plugin.wasm"), &components[number % COMPONENTS]).unwrap();
    }
}
