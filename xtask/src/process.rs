//! Child processes that never outlive us.
//!
//! Each child leads its own process group, so that ending it ends what it
//! started; and the kernel ends it when we die without a chance to (`SIGKILL`).
//! A signal to us (Ctrl-C, `SIGTERM`) only sets a flag: every wait in this
//! crate looks at it and fails, so values are dropped in order and clean up.

use std::io::{self, BufRead};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
/// How long a condition is left alone between two looks at it.
const POLL: Duration = Duration::from_millis(20);

/// Turns Ctrl-C, `SIGTERM` and `SIGHUP` into [`interrupted`]; a second one ends
/// the process at once.
pub(crate) fn watch_signals() -> Result<()> {
    let flag = Arc::clone(INTERRUPTED.get_or_init(Arc::default));
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // The order matters: at the first signal the flag is still false.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag))?;
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(())
}

/// Whether we were asked to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Fails once we were asked to stop.
pub(crate) fn check_interrupted() -> Result<()> {
    if interrupted() {
        bail!("interrupted");
    }
    Ok(())
}

/// Waits until `done` answers `Some`, at most `limit`.
pub(crate) fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut done: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = done()? {
            return Ok(value);
        }
        check_interrupted()?;
        if start.elapsed() > limit {
            bail!("{what} took more than {} s", limit.as_secs());
        }
        thread::sleep(POLL);
    }
}

/// A running child; dropping it ends its whole process group.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// What to call it in messages.
    name: String,
    /// How long it may take to end by itself.
    patience: Duration,
}

impl Running {
    /// Starts `command` in a group of its own.
    pub(crate) fn start(name: &str, mut command: Command) -> Result<Self> {
        command.process_group(0);
        die_with_parent(&mut command);
        let program = command.get_program().to_string_lossy().into_owned();
        let child = spawn(command).with_context(|| format!("cannot start `{program}`"))?;
        Ok(Self { child, name: name.to_owned(), patience: Duration::from_secs(5) })
    }

    /// Changes how long the child may take to end by itself when dropped.
    pub(crate) fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The child itself, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Fails if the child has ended, which a server should not do.
    pub(crate) fn check_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!("{} ended by itself ({status})", self.name),
            None => Ok(()),
        }
    }

    /// Waits for the end of a child that is expected to end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            check_interrupted()?;
            thread::sleep(POLL);
        }
    }

    /// Asks the group to end, and makes it when that takes too long.
    fn stop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        self.signal(libc::SIGTERM);
        let start = Instant::now();
        while start.elapsed() < self.patience {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            thread::sleep(POLL);
        }
        self.signal(libc::SIGKILL);
        // A child that was killed can always be reaped.
        let _ = self.child.wait();
    }

    fn signal(&self, signal: i32) {
        // Fails only where nothing is left of the group.
        let _ = kill(self.child.id(), signal, true);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs `command` to its end; fails if it does.
pub(crate) fn run(name: &str, command: Command) -> Result<()> {
    let status = Running::start(name, command)?.wait()?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(())
}

/// Runs `command` to its end, hands on each line of its standard output as it
/// comes, and answers how it ended. Fails if that takes longer than `limit`.
pub(crate) fn lines(
    name: &str,
    mut command: Command,
    limit: Duration,
    mut each: impl FnMut(&str),
) -> Result<ExitStatus> {
    command.stdout(Stdio::piped());
    let mut running = Running::start(name, command)?;
    let lines = receive_lines(running.child().stdout.take().context("no pipe")?);
    let start = Instant::now();
    loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => each(&line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return running.wait(),
        }
        check_interrupted()?;
        if start.elapsed() > limit {
            bail!("{name} took more than {} min", limit.as_secs() / 60);
        }
    }
}

/// The lines of a pipe, read on a thread that ends with the pipe.
pub(crate) fn receive_lines(pipe: impl io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in io::BufReader::new(pipe).lines().map_while(io::Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Runs `command` to its end and answers its standard output.
pub(crate) fn output(name: &str, mut command: Command) -> Result<String> {
    command.stdout(Stdio::piped());
    let mut running = Running::start(name, command)?;
    let pipe = running.child().stdout.take().context("no pipe")?;
    let reader = thread::spawn(move || io::read_to_string(pipe));
    let status = running.wait()?;
    let text = reader.join().map_err(|_| anyhow::anyhow!("the reader of {name} panicked"))??;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    Ok(text)
}

/// Asks a process that is not our child to end.
pub(crate) fn terminate(pid: u32) -> Result<()> {
    kill(pid, libc::SIGTERM, false).with_context(|| format!("cannot stop process {pid}"))
}

#[expect(unsafe_code, reason = "the standard library cannot send a signal other than SIGKILL")]
fn kill(pid: u32, signal: i32, group: bool) -> io::Result<()> {
    let number = i32::try_from(pid).map_err(io::Error::other)?;
    // SAFETY: both calls take plain numbers. A group's number stays taken for
    // as long as one of its members lives.
    let outcome =
        unsafe { if group { libc::killpg(number, signal) } else { libc::kill(number, signal) } };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Asks the kernel to end the child when its parent dies.
#[expect(unsafe_code, reason = "only code between fork and exec can set the parent-death signal")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: prctl is async-signal-safe and the closure allocates nothing.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

type Order = (Command, Sender<io::Result<Child>>);

/// Spawns on one thread that lives as long as we do: the parent-death signal
/// is bound to the *thread* that forked, so a child started by a short-lived
/// worker would die with that worker.
fn spawn(command: Command) -> io::Result<Child> {
    static ORDERS: OnceLock<Sender<Order>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<Order>();
        thread::spawn(move || {
            while let Ok((mut command, answer)) = receiver.recv() {
                // Whoever asked may have been interrupted; dropping the
                // answer would leak the child, so it is ended instead.
                if let Err(mpsc::SendError(Ok(mut child))) = answer.send(command.spawn()) {
                    let _ = child.kill();
                    let _ = child.wait();
                }
            }
        });
        sender
    });
    let (answer, result) = mpsc::channel();
    let gone = || io::Error::other("the spawning thread is gone");
    orders.send((command, answer)).map_err(|_| gone())?;
    result.recv().map_err(|_| gone())?
}
