//! The port through which runs are counted.

use std::time::Duration;

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything was applied.
    Completed,
    /// Something was not.
    Failed,
    /// Its host stopped or died.
    Interrupted,
}

impl Ending {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Completed, Self::Failed, Self::Interrupted];

    /// The word for it in figures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Counts runs.
pub trait Meter: Send + Sync {
    /// A run has begun here.
    fn started(&self);

    /// A run was recorded as ended here, so long after its beginning.
    fn ended(&self, ending: Ending, took: Duration);
}
