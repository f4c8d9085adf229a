//! FerretDB in front of PostgreSQL with the `DocumentDB` extension.
//!
//! The extension is packaged for Debian's next release only, so a root file
//! system of that release is kept in the cache and PostgreSQL runs inside it.
//! That needs root. Everything happens in mount and process namespaces of its
//! own: the kernel unmounts and kills when the last process goes, whatever
//! happens to us.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::progress::Step;
use crate::servers::child::Server;
use crate::servers::tools;
use crate::{paths, process};

const FERRETDB: &str = "v2.7.0";
/// The Debian release and the packages taken from it.
const RELEASE: &str = "forky";
const PACKAGES: &str = "postgresql-18,postgresql-18-documentdb";

/// Prepares a database in `/data` and serves it on a socket in there. The
/// shell stays, as the namespace's first process: it alone is told by the
/// kernel when we die, and with it everything else in the namespace.
const SERVE: &str = r#"
set -eu
mount --bind "$DATA" "$ROOT/data"
mount --rbind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
inside() {
    chroot --userspec=postgres:postgres "$ROOT" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 "$@"
}
bin=/usr/lib/postgresql/18/bin
chroot "$ROOT" chown postgres:postgres /data
inside $bin/initdb -D /data -A trust --no-sync -E UTF8 --locale=C.UTF-8
cat "$CONFIGURATION" >> "$DATA/postgresql.conf"
inside $bin/pg_ctl -D /data -w -l /data/log start
inside $bin/psql -h /data -p "$PORT" -d postgres -c 'CREATE EXTENSION documentdb CASCADE'
touch "$READY"
while inside $bin/pg_ctl -D /data status > /dev/null; do sleep 1; done
exit 1
"#;

/// A throw-away database: no syncing, background workers for the extension's
/// own jobs (time-to-live). It listens on the loopback because the extension
/// builds indexes over a connection to `localhost` of its own.
const CONFIGURATION: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = '/data'
unix_socket_permissions = 0777
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
cron.use_background_workers = on
max_worker_processes = 24
dynamic_shared_memory_type = mmap
fsync = off
synchronous_commit = off
full_page_writes = off
";

/// What is needed to run FerretDB.
pub(super) struct Tools {
    ferretdb: PathBuf,
    root: PathBuf,
}

impl Tools {
    /// Finds or makes both; fails at once where it cannot work.
    pub(super) fn obtain() -> Result<Self> {
        if fs::metadata("/proc/self")?.uid() != 0 {
            bail!("running FerretDB needs root, for a root file system with PostgreSQL in it");
        }
        let root =
            tools::tool("documentdb", &format!("18-{RELEASE}"), |folder, _| make_root(folder))?;
        let ferretdb = match paths::on_path("ferretdb") {
            Some(path) => path,
            None => tools::tool("ferretdb", FERRETDB, |folder, _| {
                tools::go_install("github.com/FerretDB/FerretDB/v2/cmd/ferretdb", FERRETDB, folder)
            })?
            .join("ferretdb"),
        };
        Ok(Self { ferretdb, root: root.join("root") })
    }

    /// Starts PostgreSQL with its data and its socket in `folder`.
    pub(super) fn start_postgres(&self, folder: &Path, port: u16) -> Result<Server> {
        let data = folder.join("data");
        fs::create_dir(&data)?;
        let configuration = folder.join("postgresql.conf");
        fs::write(&configuration, format!("{CONFIGURATION}port = {port}\n"))?;
        let ready = folder.join("ready");
        let mut command = namespaced();
        command.args(["sh", "-c", SERVE]);
        command.env("ROOT", &self.root).env("DATA", &data);
        command.env("CONFIGURATION", &configuration).env("READY", &ready);
        command.env("PORT", port.to_string());
        let step = Step::start("starting PostgreSQL");
        let mut server = Server::start("postgresql", command, folder)?;
        server.wait_until("starting PostgreSQL", Duration::from_secs(60), || ready.exists())?;
        step.done("ready");
        Ok(server)
    }

    /// Starts FerretDB in front of the PostgreSQL of the same `folder`.
    pub(super) fn start_ferretdb(&self, folder: &Path, port: u16, postgres: u16) -> Result<Server> {
        let socket = folder.join("data");
        let mut command = Command::new(&self.ferretdb);
        command
            .arg(format!(
                "--postgresql-url=postgres://postgres@/postgres?host={}&port={postgres}",
                socket.display()
            ))
            .arg(format!("--listen-addr=127.0.0.1:{port}"))
            .args(["--debug-addr=", "--no-auth", "--telemetry=disable", "--log-level=warn"])
            .arg(format!("--state-dir={}", folder.join("state").display()));
        fs::create_dir(folder.join("state"))?;
        Server::start("ferretdb", command, folder)
    }
}

/// A command whose mounts, processes and shared memory go when it goes.
fn namespaced() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--ipc", "--fork", "--kill-child=SIGKILL", "--"]);
    command
}

/// Makes `<folder>/root`: Debian with PostgreSQL and the extension.
fn make_root(folder: &Path) -> Result<()> {
    let (program, library) = debootstrap(folder)?;
    let root = folder.join("root");
    let log = fs::File::create(folder.join("debootstrap.log"))?;
    let mut command = namespaced();
    command
        .arg(program)
        .args(["--variant=minbase", "--include", PACKAGES, RELEASE])
        .args([root.as_os_str(), mirror().as_ref()])
        .env("DEBOOTSTRAP_DIR", library)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    process::run("debootstrap", command).with_context(|| {
        let log = fs::read_to_string(folder.join("debootstrap.log")).unwrap_or_default();
        log.lines().last().unwrap_or_default().to_owned()
    })?;
    fs::create_dir(root.join("data"))?;
    Ok(())
}

/// The program and its scripts, unpacked from Debian's package: installing it
/// would change the machine for the sake of one run.
fn debootstrap(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    if paths::on_path("apt-get").is_none() {
        bail!("FerretDB's PostgreSQL comes from Debian packages, and there is no `apt-get` here");
    }
    if download(folder).is_err() {
        // A fresh machine has no package lists yet.
        let mut update = Command::new("apt-get");
        update.args(["update", "--quiet"]).stdout(Stdio::null());
        process::run("`apt-get update`", update)?;
        download(folder)?;
    }
    let package = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let package = package.into_iter().find(|path| path.extension().is_some_and(|it| it == "deb"));
    let unpacked = folder.join("debootstrap");
    let mut unpack = Command::new("dpkg-deb");
    unpack.arg("--extract").arg(package.context("no package was downloaded")?).arg(&unpacked);
    process::run("`dpkg-deb --extract`", unpack)?;
    let library = unpacked.join("usr/share/debootstrap");
    let script = library.join("scripts").join(RELEASE);
    if !script.exists() {
        // An older package does not know the release; all recent ones share
        // one script.
        symlink("sid", script)?;
    }
    Ok((unpacked.join("usr/sbin/debootstrap"), library))
}

fn download(folder: &Path) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.args(["download", "--quiet", "debootstrap"]).current_dir(folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    process::run("`apt-get download debootstrap`", command)
}

/// The mirror this machine already uses for Debian, else Debian's own.
fn mirror() -> String {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    let more = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten();
    files.extend(more.filter_map(|entry| Some(entry.ok()?.path())));
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let found = texts.flat_map(|text| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let words: Vec<_> = lines.flat_map(str::split_whitespace).map(str::to_owned).collect();
        words
    });
    let mut mirrors = found
        .filter(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian"));
    mirrors.next().unwrap_or_else(|| "http://deb.debian.org/debian".to_owned())
}
