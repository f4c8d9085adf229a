//! The settings' defaults are the engine's own, and each reaches it.

use std::time::Duration;

use bowsprit_host_engine::{Caps, Limits};

use crate::{Flags, Settings};

fn read(variables: &[(&str, &str)]) -> Settings {
    let variables = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Settings::load(None, variables, Flags::default()).unwrap()
}

#[test]
fn defaults_are_those_of_the_engine() {
    let config = read(&[]).plugins.engine_config();
    assert_eq!(format!("{:?}", config.limits), format!("{:?}", Limits::default()));
    assert_eq!(format!("{:?}", config.caps), format!("{:?}", Caps::default()));
}

#[test]
fn each_reaches_the_engine_in_its_unit() {
    let settings = read(&[
        ("BOWSPRIT_PLUGINS_LIMITS_DEADLINE_MS", "7"),
        ("BOWSPRIT_PLUGINS_LIMITS_MEMORY_MIB", "3"),
        ("BOWSPRIT_PLUGINS_LIMITS_CALLS_PER_PLUGIN", "5"),
        ("BOWSPRIT_PLUGINS_CAPS_OUTPUT_KIB", "9"),
        ("BOWSPRIT_PLUGINS_CAPS_HOST_CALLS", "11"),
    ]);
    let config = settings.plugins.engine_config();
    assert_eq!(config.limits.deadline, Duration::from_millis(7));
    assert_eq!((config.limits.memory, config.limits.calls_per_plugin), (3 << 20, 5));
    assert_eq!((config.caps.output, config.caps.host_calls), (9 << 10, 11));
}
