//! Components that mean harm, from the table `tests/guests/hostile`: each is
//! stopped where the table says, with its code; a neighbour goes on as fast as
//! before; nothing of it stays.

mod forge;
pub(crate) mod guest;
mod neighbour;

use std::{collections::BTreeMap, path::Path, time::Duration};

use bowsprit_host_core::node_types::{CallError, Context, Node, NodeTypes, Rendered};
use bowsprit_host_engine::{Occupancy, Trust};
use serde::Deserialize;

pub(crate) use forge::{NODE_TYPES, importing};
use guest::Guest;
use neighbour::Neighbour;

use crate::support::{Folder, Host, plugin};

/// Calls of the neighbour that are waited for in each phase.
const CALLS: usize = 3;

#[derive(Deserialize)]
struct Table {
    fixture: Vec<Fixture>,
}

/// One line of the table; the file says what each key means.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    name: String,
    does: String,
    wat: Option<BTreeMap<String, String>>,
    manifest: Option<String>,
    order: Option<u8>,
    at: Option<String>,
    wish: Option<String>,
    describe: Option<String>,
    made: Option<String>,
    imports: Option<Vec<String>>,
    #[serde(default)]
    toml: Vec<[String; 2]>,
    stopped: String,
    code: Option<String>,
}

fn fixtures() -> Vec<Fixture> {
    let file = "../../tests/guests/hostile/fixtures.toml";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(file).expect("the table is there");
    toml::from_str::<Table>(&text).expect("the table is right").fixture
}

impl Fixture {
    fn folder(&self) -> Folder {
        let plain = || plugin("hostile", "echo");
        let folder = if let Some(name) = &self.made {
            forge::made(name, plain().component(Guest::default().component()))
        } else if let Some(imports) = &self.imports {
            plain().component(importing(imports, NODE_TYPES))
        } else if self.wish.is_some() || self.describe.is_some() {
            let describe = self.describe.clone().unwrap_or_default();
            plugin("hostile", "misbehave").asset("describe", describe)
        } else {
            plain().component(self.guest().component())
        };
        self.toml.iter().fold(folder, |folder, [from, to]| folder.toml(from, to))
    }

    fn guest(&self) -> Guest {
        let plain = Guest::default();
        Guest {
            parts: self.wat.clone().unwrap_or_default(),
            manifest: self.manifest.clone().unwrap_or(plain.manifest),
            order: self.order.unwrap_or(plain.order),
            at: self.at.clone(),
            names: plain.names,
        }
    }

    /// Has it render.
    async fn render(&self, host: &Host) -> Result<Rendered, CallError> {
        let wish = self.wish.as_deref().unwrap_or("nothing");
        let type_name = if self.wish.is_some() { "misbehave" } else { "hostile" };
        let node = Node {
            id: "it".into(),
            type_name: type_name.into(),
            data: format!(r#"{{"do":"{wish}","namespace":"drawn"}}"#),
        };
        let identity_labels = vec![
            ("bowsprit.dev/workflow".into(), "64b000000000000000000009".into()),
            ("bowsprit.dev/node".into(), "it".into()),
        ];
        let context = Context { identity_labels, ..Context::default() };
        host.engine.catalogue().render(&node, &context).await
    }

    /// Where it was stopped, and with what code.
    async fn suffered(&self, host: &Host) -> (String, Option<String>) {
        self.folder().write(&host.path("hostile"));
        host.until(&format!("an outcome of `{}`", self.name), |all| {
            all.iter().any(|it| it.id == "hostile")
        })
        .await;
        if let Some(failure) = host.report("hostile").last_error {
            let stage = serde_json::to_value(failure.stage).expect("a word");
            let stage = stage.as_str().expect("a word").to_owned();
            assert!(!failure.message.is_empty() && !failure.fix.is_empty(), "{}", self.name);
            return (stage, Some(failure.code));
        }
        match self.render(host).await {
            Ok(rendered) => {
                self.check(&rendered);
                ("nowhere".into(), None)
            }
            Err(CallError::Failed(error)) => ("render".into(), Some(error.code().into())),
            Err(other) => panic!("{}: {other:?}", self.name),
        }
    }

    /// What does no harm has its answer.
    fn check(&self, rendered: &Rendered) {
        assert_eq!(rendered.manifests.len(), 1, "{}", self.name);
        if self.at.is_some() {
            let at = rendered.findings[0].at.as_deref();
            assert_eq!(at, Some("/nowhere"), "what leads nowhere is cut off");
        }
    }
}

/// Waits until the neighbour has been answered a few times more.
async fn answered(neighbour: &Neighbour, disturbed: bool) {
    let wanted = neighbour.calls(disturbed) + CALLS;
    while neighbour.calls(disturbed) < wanted {
        tokio::task::yield_now().await;
    }
}

async fn withdrawn(host: &Host) {
    std::fs::remove_dir_all(host.path("hostile")).expect("removed");
    host.until("the plugin gone", |all| all.iter().all(|it| it.id != "hostile")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_component_is_stopped_where_it_should_be_and_nobody_else_suffers() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 32, "{} fixtures", fixtures.len());
    // They all go by one id: none waits for consent to what it wants.
    let host = Host::start_with(
        |config| config.trust = Trust::Everything,
        |dir| plugin("echo", "echo").asset("mark", "fine").write(&dir.join("echo")),
    )
    .await;
    let neighbour = Neighbour::start(host.engine.clone());
    let mut wrong = Vec::new();

    for fixture in &fixtures {
        answered(&neighbour, false).await;
        neighbour.disturbed(true);
        let (stopped, code) = fixture.suffered(&host).await;
        answered(&neighbour, true).await;
        neighbour.disturbed(false);
        if stopped != fixture.stopped || code != fixture.code {
            let Fixture { name, does, stopped: wanted, .. } = fixture;
            wrong.push(format!("{name} ({does}): {stopped} {code:?} instead of {wanted}"));
        }
        withdrawn(&host).await;
        let _silence = neighbour.silenced().await;
        let left = host.engine.occupancy();
        assert_eq!(left, Occupancy::default(), "{} leaves something behind", fixture.name);
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (calm, beside) = neighbour.finish().await;
    // Compiling and looping guests share two processors with it and with other
    // tests; a guest that kept the threads would cost seconds.
    let bound = (calm * 20).max(Duration::from_millis(200));
    assert!(beside <= bound, "p99 {beside:?} beside the others, {calm:?} alone");
    host.stop().await;
}
