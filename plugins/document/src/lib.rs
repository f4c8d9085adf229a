//! What files that describe node types have in common.
//!
//! Two plugins interpret such files: `resource-template`, whose files are a
//! node type each, and `resource-catalogue`, whose files are the custom
//! resources of an operator. Values of these files are expressions that are
//! put into a tree parsed beforehand, never into text.
//!
//! - [`yaml`], [`table`] and [`mistake`] read files and say what is wrong where;
//!   [`number`] reads decimals.
//! - [`expression`] is the language, [`template`] values with expressions in
//!   them, [`field`] what a user enters.
//! - [`definition`] is a whole node type, [`node_type`] what it answers when
//!   the host asks.
//! - `testing` (natively only) checks what is told about files that do not load.

pub mod definition;
pub mod expression;
pub mod field;
pub mod mistake;
pub mod node_type;
pub mod number;
pub mod table;
pub mod template;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod yaml;
