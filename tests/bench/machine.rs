//! Where and of what a run is, so that figures of two runs can be told apart.

use std::{fmt, io::Write as _, time::Instant};

use bowsprit_tests::Sample;
use serde::Serialize;

/// The circumstances of a run.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    /// When it began, RFC 3339.
    pub(crate) at: String,
    revision: String,
    rustc: String,
    cores: usize,
    cpu: String,
    memory_mib: u64,
    /// What else was going on: processes ready to run in the last minute.
    load_average: f64,
    /// What makes each save as slow as it is: 4 KiB appended and synced, p50.
    durable_write_ms: f64,
}

impl Machine {
    /// This machine, now.
    pub(crate) fn here(revision: String, rustc: String) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg");
        let now = jiff::Timestamp::now().round(jiff::Unit::Second);
        Self {
            at: now.unwrap().to_string(),
            revision,
            rustc,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or("unknown").to_owned(),
            memory_mib: kib(&read("/proc/meminfo"), "MemTotal").unwrap_or_default() / 1024,
            load_average: load.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or_default(),
            durable_write_ms: durable_write_ms(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, revision, rustc, cores, cpu, memory_mib, .. } = self;
        write!(f, "{at}  {revision}  {rustc}\n{cores} cores, {cpu}, {memory_mib} MiB")?;
        let Self { load_average, durable_write_ms, .. } = self;
        writeln!(f, ", load average {load_average} at the start")?;
        writeln!(f, "4 KiB written and synced in {durable_write_ms:.2} ms")
    }
}

fn durable_write_ms() -> f64 {
    let mut file = tempfile::tempfile().unwrap();
    let write = |_: u32| {
        let begun = Instant::now();
        file.write_all(&[b'x'; 4096]).unwrap();
        file.sync_data().unwrap();
        begun.elapsed().as_secs_f64() * 1e3
    };
    Sample::new((0..100).map(write).collect()).p50()
}

/// A process of ours, as the kernel counts it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// CPU time since it began, µs, to the kernel's 10 ms tick.
    pub(crate) fn cpu_micros(self) -> f64 {
        // `USER_HZ` is 100 on all of Linux's common machines (time(7)).
        const TICK_MICROS: f64 = 10_000.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap();
        // The name in parentheses may hold anything; after it, utime and stime
        // are fields 14 and 15 (proc_pid_stat(5)).
        let (_, after) = stat.rsplit_once(')').unwrap();
        let ticks = after.split_whitespace().skip(11).take(2);
        ticks.map(|it| it.parse::<f64>().unwrap()).sum::<f64>() * TICK_MICROS
    }

    /// Resident memory now, KiB.
    pub(crate) fn resident_kib(self) -> f64 {
        self.status("VmRSS")
    }

    /// The most it ever was, KiB.
    pub(crate) fn peak_kib(self) -> f64 {
        self.status("VmHWM")
    }

    fn status(self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        kib(&status, name).unwrap() as f64
    }
}

/// The value of a `name: value` line.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|it| it.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn kib(text: &str, name: &str) -> Option<u64> {
    field(text, name)?.split(' ').next()?.parse().ok()
}
