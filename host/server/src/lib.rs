//! The host process: settings, wiring, start and stop.
//!
//! Nothing here decides anything a user could notice, except in which order
//! things start and stop.

mod cli;
mod commands;
mod flags;
mod keys;
mod logging;
mod output;
mod registries;
mod settings;
mod start;
mod store;
mod supervisor;

pub use cli::{Cli, run};
pub use settings::{Flags, Loaded, SettingError, Settings, to_markdown as settings_markdown};
pub use start::{Host, Patience};
