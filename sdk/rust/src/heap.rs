//! The component's heap.
//!
//! Rust's own allocator for WebAssembly asks the host for more memory at the
//! first allocation. Each call has a fresh instance, so each call would ask,
//! and each time the host would change the protection of pages twice, which
//! stops all of its processors for a moment. Here the first pages are part of
//! the memory a component starts with; only a call that needs more asks.

#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use core::{
    alloc::Layout,
    arch::wasm32::{memory_grow, memory_size},
    mem::MaybeUninit,
    sync::atomic::{AtomicBool, Ordering},
};

use talc::{
    base::{Talc, binning::Binning},
    cell::TalcSyncCell,
    source::Source,
    wasm::WasmBinning,
};

/// Bytes a component starts with. Rendering a node takes a fifth of it; pages
/// that are not touched cost nothing.
const FIRST: usize = 256 << 10;
/// Bytes of a page of WebAssembly.
const PAGE: usize = 64 << 10;
/// What the allocator keeps of a region for itself, generously.
const KEPT: usize = 1 << 10;

static mut START: [MaybeUninit<u8>; FIRST] = [MaybeUninit::uninit(); FIRST];
static STARTED: AtomicBool = AtomicBool::new(false);

#[global_allocator]
static HEAP: TalcSyncCell<Memory, WasmBinning> = TalcSyncCell::new_wasm(Memory);

/// The memory a component starts with, then whatever the host grants.
#[derive(Debug)]
struct Memory;

// SAFETY: it allocates nothing.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        let (base, size) = if STARTED.swap(true, Ordering::Relaxed) {
            let least = (layout.size() + layout.align() + KEPT).div_ceil(PAGE);
            // By half of what there is, so that a call with much to do asks a
            // few times; by no more than it takes when that is refused.
            let ample = least.max(memory_size::<0>() / 2);
            let (end, pages) = match memory_grow::<0>(ample) {
                usize::MAX => (memory_grow::<0>(least), least),
                end => (end, ample),
            };
            if end == usize::MAX {
                return Err(());
            }
            ((end * PAGE) as *mut u8, pages * PAGE)
        } else {
            ((&raw mut START).cast(), FIRST)
        };
        // SAFETY: nobody else knows the region, and it is claimed once.
        unsafe { talc.claim(base, size) }.map(drop).ok_or(())
    }
}
