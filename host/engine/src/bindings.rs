//! The one place where code is generated from `wit/`: a module per WIT version.

pub(crate) mod v0_1;
