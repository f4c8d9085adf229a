//! Where documents are kept: two adapters for the store port of `core`.
//!
//! [`EmbeddedStore`] is a file beside the process, [`MongoStore`] a server that
//! speaks MongoDB's wire protocol. Both promise what [`conformance`] checks and
//! nothing more; a third store is finished when it passes.
//!
//! Absent on purpose: transactions over several documents, change streams,
//! collation, full-text search. Not every server has them.

mod checks;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod embedded;
pub mod mongo;
pub mod transfer;

pub use embedded::EmbeddedStore;
pub use mongo::MongoStore;
