//! How the system's allocator keeps memory: the one place that tells it.
//!
//! glibc keeps what is free, and each thread in an arena of its own, where it is of no use to the others: after thousands of runs the
//! server held 220 MB in place of 60 (`cargo xtask bench soak`). Other allocators need no telling.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "these functions of C take a number, and there is no other way to them")
)]

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// The most arenas that glibc makes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ARENAS: i32 = 2;

/// How long after work memory is given back, so that it happens once for much work.
const PAUSE: Duration = Duration::from_secs(1);

/// Has threads share the memory that is free. Call it before there are threads.
pub fn share_between_threads() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` may be called at any time; it only sets a number.
    unsafe {
        nix::libc::mallopt(nix::libc::M_ARENA_MAX, ARENAS);
    }
}

/// Gives what is free back to the system, a moment after the work that freed it.
pub(crate) fn give_back_soon() {
    static IS_DUE: AtomicBool = AtomicBool::new(false);
    if cfg!(all(target_os = "linux", target_env = "gnu")) && !IS_DUE.swap(true, Ordering::Relaxed) {
        tokio::spawn(async {
            tokio::time::sleep(PAUSE).await;
            IS_DUE.store(false, Ordering::Relaxed);
            _ = tokio::task::spawn_blocking(give_back).await;
        });
    }
}

fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `malloc_trim` may be called at any time, and takes nothing that is in use.
    unsafe {
        nix::libc::malloc_trim(0);
    }
}
