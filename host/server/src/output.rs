//! Lines on standard output.

use std::{fmt, io::Write as _};

/// Prints a line. Whoever closed the other end does not want it; that ends
/// nothing, least of all a host that serves.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    drop(writeln!(std::io::stdout(), "{line}"));
}
