//! Defaults, asks, caps, and the counting of memory, at their edges.

use super::*;

fn limits(asks: &Asks) -> CallLimits {
    CallLimits::of(&Limits::default(), &Caps::default(), asks)
}

#[test]
fn a_plugin_that_asks_for_nothing_gets_the_defaults() {
    let got = limits(&Asks::default());
    let default = Limits::default();
    assert_eq!(got.deadline, default.deadline);
    assert_eq!((got.memory, got.output), (default.memory, default.output));
    assert_eq!((got.list_entries, got.log_lines), (default.list_entries, default.log_lines));
    assert_eq!((got.host_calls, got.instances), (default.host_calls, default.instances));
    assert_eq!(got.calls, default.calls_per_plugin);
}

#[test]
fn what_is_asked_for_is_given_up_to_the_cap() {
    let asks = |n: u32| Asks {
        memory_mib: Some(n),
        deadline_ms: Some(n),
        output_kib: Some(n),
        list_entries: Some(n),
        log_lines: Some(n),
        host_calls: Some(n),
        instances: Some(n),
        calls: Some(n),
    };
    let little = limits(&asks(1));
    assert_eq!(little.deadline, Duration::from_millis(1));
    assert_eq!((little.memory, little.output), (MIB, 1 << 10));
    assert_eq!((little.list_entries, little.log_lines, little.host_calls), (1, 1, 1));
    assert_eq!((little.instances, little.calls), (1, 1));

    let (much, caps) = (limits(&asks(u32::MAX)), Caps::default());
    assert_eq!(much.deadline, caps.deadline);
    assert_eq!((much.memory, much.output), (caps.memory, caps.output));
    assert_eq!((much.list_entries, much.log_lines), (caps.list_entries, caps.log_lines));
    assert_eq!((much.host_calls, much.instances), (caps.host_calls, caps.instances));
    assert_eq!(much.calls, caps.calls_per_plugin);
}

#[test]
fn a_default_above_the_cap_is_capped_too() {
    let caps = Caps { deadline: Duration::from_millis(10), calls_per_plugin: 2, ..Caps::default() };
    let got = CallLimits::of(&Limits::default(), &caps, &Asks::default());
    assert_eq!((got.deadline, got.calls), (Duration::from_millis(10), 2));
}

#[test]
fn memories_and_tables_are_counted_together_to_the_byte() {
    let limits = CallLimits { memory: 1_000, ..limits(&Asks::default()) };
    let mut account = MemoryAccount::new(&limits, Arc::default());
    assert!(account.memory_growing(0, 600, None).is_ok());
    assert!(account.table_growing(0, 25, None).is_ok(), "25 elements are 400 bytes");
    assert!(account.memory_growing(600, 600, None).is_ok(), "no growth at all");
    let error = account.memory_growing(600, 601, None).expect_err("one byte too many");
    assert!(error.is::<MemoryExceeded>());
    assert!(account.table_growing(25, usize::MAX, None).is_err(), "no overflow");
}
