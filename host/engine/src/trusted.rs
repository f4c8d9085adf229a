//! The one unsafe step of the engine: taking compiled code at its word.

#![expect(unsafe_code, reason = "wasmtime cannot check machine code, only we know who wrote it")]

use wasmtime::{Engine, component::Component};

/// Turns code from the cache back into a component. The bytes are copied, so
/// a later change of the file changes nothing here.
pub(crate) fn component(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `Cache::read` hands out only bytes that `Cache::store` wrote from
    // `Component::serialize`: the folder has mode 0700 and is ours, the file is
    // a regular one of ours that nobody else may write, and its checksum holds.
    // Wasmtime itself refuses code of another version, setting or processor.
    unsafe { Component::deserialize(engine, code) }
}

/// Compiles `bytes` by one engine to run on another.
pub(crate) fn compiled_by(
    compiler: &Engine,
    engine: &Engine,
    bytes: &[u8],
) -> wasmtime::Result<Component> {
    let code = compiler.precompile_component(bytes)?;
    // SAFETY: nothing but the line above has touched the code, and wasmtime
    // refuses it if the two engines do not agree in what has to be the same.
    unsafe { Component::deserialize(engine, code) }
}
