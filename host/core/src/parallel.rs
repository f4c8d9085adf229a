//! A few futures at a time.

use futures::{StreamExt as _, future::BoxFuture};

/// Runs `calls`, `at_once` of them at a time; answers in their order.
///
/// Boxed, because the compiler cannot yet prove streams of borrowing closures
/// `Send` (rust-lang/rust#102211).
pub(crate) async fn in_order<T: Send>(calls: Vec<BoxFuture<'_, T>>, at_once: usize) -> Vec<T> {
    futures::stream::iter(calls).buffered(at_once).collect().await
}
