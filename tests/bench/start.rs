//! From a start to the first answer, and the memory that takes, with as many
//! plugins as a full installation has.

use std::{fs, path::Path, time::Instant};

use bowsprit_tests::{Sample, Store, copy_folder, guests_dir, plugins_dir};

use crate::{
    host::{Place, administrator},
    limits::Limits,
    plugins::salted,
    report::{Figure, Measured, Report, Target},
};

const GROUP: &str = "start";
const FIRST: &str = "first answer, 75 cached plugins";
/// A full installation: the core types, importers, checks and 57 catalogue
/// entries.
const PLUGINS: usize = 75;
const ROUNDS: usize = 7;

/// Measures starts on a store that was made before.
pub(crate) async fn measure(report: &mut Report) {
    let prepare = async {
        let plugins = tempfile::tempdir().unwrap();
        fill(plugins.path());
        let place = Place::with_plugins(Store::Embedded, plugins.path().to_owned());
        // Compiles, makes the store, and says whether all plugins are there.
        let server = place.start().await;
        let user = administrator(&server).await;
        let answer = user.get("/admin/plugins").await.expect(200);
        let all = answer["plugins"].as_array().unwrap();
        assert!(all.len() >= PLUGINS, "{} plugins", all.len());
        let is_live = |it: &&serde_json::Value| it["state"] == "live";
        assert_eq!(all.iter().filter(is_live).count(), all.len(), "{answer}");
        server.stop().await;
        place.compile().await;
        (plugins, place)
    };
    let Some((_plugins, place)) = report.prepare(GROUP, &[FIRST], prepare).await else { return };
    let starts = async {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut memory, mut least) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (server, took) = place.start_timed().await;
            ours.push(took.as_secs_f64() * 1e3);
            memory.push(server.process.resident_kib() / 1024.0);
            server.stop().await;
            let begun = Instant::now();
            let limits = Limits::start().await;
            limits.canned.first_answer("/100").await;
            theirs.push(begun.elapsed().as_secs_f64() * 1e3);
            least.push(limits.canned.process.resident_kib() / 1024.0);
        }
        let (ours, theirs) = (Sample::new(ours), Sample::new(theirs));
        let (memory, least) = (Sample::new(memory), Sample::new(least));
        let figures = vec![
            Figure::new("p50", ours.p50(), "ms").beside(theirs.p50()).aims(Target::AtMost(80.0)),
            Figure::new("most", ours.most(), "ms").beside(theirs.most()),
            Figure::new("memory", memory.p50(), "MiB")
                .beside(least.p50())
                .aims(Target::AtMost(50.0)),
        ];
        let note = format!("embedded store, {ROUNDS} starts");
        Measured { limit: "a process that only listens and answers", note, figures }
    };
    report.row(GROUP, FIRST, starts).await;
}

/// Those of our plugins that bring a component, and as many others as are
/// missing, each with code of its own.
fn fill(folder: &Path) {
    let mut count = 0;
    for entry in fs::read_dir(plugins_dir()).unwrap() {
        let entry = entry.unwrap();
        if entry.path().join("plugin.wasm").is_file() {
            copy_folder(&entry.path(), &folder.join(entry.file_name()));
            count += 1;
        }
    }
    let echo = guests_dir().join("echo");
    let component = fs::read(echo.join("plugin.wasm")).unwrap();
    let manifest = fs::read_to_string(echo.join("plugin.toml")).unwrap();
    for number in count..PLUGINS {
        let name = format!("echo-{number}");
        let plugin = folder.join(&name);
        fs::create_dir_all(plugin.join("assets")).unwrap();
        let manifest = manifest.replace("id = \"echo\"", &format!("id = \"{name}\""));
        fs::write(plugin.join("plugin.toml"), manifest).unwrap();
        fs::write(plugin.join("assets/names"), &name).unwrap();
        fs::write(plugin.join("plugin.wasm"), salted(&component, number as u32)).unwrap();
    }
}
