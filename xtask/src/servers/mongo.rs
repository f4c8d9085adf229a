//! A server that speaks MongoDB's protocol: MongoDB itself where it is
//! installed or a container engine answers, else FerretDB on PostgreSQL.

mod container;
mod documentdb;
mod ping;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::Environment;
use super::child::{Server, folder, free_port};
use crate::paths;
use crate::progress::Step;

/// How long a server may take until it answers a query.
const LIMIT: Duration = Duration::from_secs(60);

/// A database server; dropping it ends what was started for it.
pub(super) struct Mongo {
    /// Where to connect to.
    uri: String,
    /// In the order in which they are to end.
    servers: Vec<Server>,
    _container: Option<container::Container>,
    _folder: Option<TempDir>,
}

impl Mongo {
    /// The first way that works: a given server, an installed one, a
    /// container, FerretDB.
    pub(super) fn obtain() -> Result<Self> {
        if let Ok(uri) = std::env::var("BOWSPRIT_TEST_MONGODB_URI") {
            eprintln!("  mongodb: using `BOWSPRIT_TEST_MONGODB_URI`");
            return Ok(Self { uri, servers: Vec::new(), _container: None, _folder: None });
        }
        let port = free_port()?;
        let (name, mut mongo) = if let Some(program) = paths::on_path("mongod") {
            ("mongod", Self::mongod(&program, port)?)
        } else if let Some(engine) = container::Engine::answering() {
            ("MongoDB in a container", Self::container(&engine, port)?)
        } else {
            ("FerretDB on PostgreSQL", Self::ferretdb(port)?)
        };
        let step = Step::start(format!("starting {name}"));
        if let Some(server) = mongo.servers.first_mut() {
            server.wait_until("starting the database", LIMIT, || ping::answers(port))?;
        }
        step.done(&format!("ready at {}", mongo.uri));
        Ok(mongo)
    }

    /// What tests are told about it.
    pub(super) fn environment(&self) -> Environment {
        Environment::from([("BOWSPRIT_TEST_MONGODB_URI".to_owned(), self.uri.clone())])
    }

    /// Fails if one of its processes has ended.
    pub(super) fn check_alive(&mut self) -> Result<()> {
        self.servers.iter_mut().try_for_each(Server::check_alive)
    }

    fn mongod(program: &Path, port: u16) -> Result<Self> {
        let folder = folder("mongo")?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        let mut command = Command::new(program);
        command.args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--port", &port.to_string()]);
        command.arg("--dbpath").arg(&data);
        let servers = vec![Server::start("mongod", command, folder.path())?];
        Ok(Self { uri: uri(port), servers, _container: None, _folder: Some(folder) })
    }

    fn container(engine: &container::Engine, port: u16) -> Result<Self> {
        let folder = folder("mongo")?;
        let (container, command) = engine.prepare(port)?;
        let servers = vec![Server::start("container", command, folder.path())?];
        let container = Some(container);
        Ok(Self { uri: uri(port), servers, _container: container, _folder: Some(folder) })
    }

    fn ferretdb(port: u16) -> Result<Self> {
        let tools = documentdb::Tools::obtain().context(
            "set `BOWSPRIT_TEST_MONGODB_URI`, put `mongod` on `PATH`, or start Docker or Podman",
        )?;
        let folder = folder("mongo")?;
        let inner = free_port()?;
        let postgres = tools.start_postgres(folder.path(), inner)?;
        let ferretdb = tools.start_ferretdb(folder.path(), port, inner)?;
        let servers = vec![ferretdb, postgres];
        Ok(Self { uri: uri(port), servers, _container: None, _folder: Some(folder) })
    }
}

fn uri(port: u16) -> String {
    format!("mongodb://127.0.0.1:{port}/?directConnection=true")
}
