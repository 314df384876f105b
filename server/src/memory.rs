//! How the system's allocator keeps memory: the one place that tells it.

/// The most arenas that glibc makes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ARENAS: i32 = 2;

/// Has threads share the memory that is free. Call it before there are threads.
///
/// glibc gives each thread an arena of its own, up to eight for each processor, and what is free in one is of no use to the
/// others: after thousands of runs the server held 220 MB in place of 60 (`cargo xtask bench soak`). Other allocators need no telling.
pub fn share_between_threads() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "it is C's interface, and there is no other; it only sets a number")]
    // SAFETY: `mallopt` may be called at any time, and no thread allocates meanwhile.
    unsafe {
        nix::libc::mallopt(nix::libc::M_ARENA_MAX, ARENAS);
    }
}
