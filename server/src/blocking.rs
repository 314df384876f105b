//! Runs slow work, such as reading files or laying out much output, on another thread, so that it does not hold up the
//! async tasks.

/// Runs work on another thread. A panic in it is resumed in the task that awaits it.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Blocking work is only cancelled when the whole process ends.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Does work here that may wait for long, such as writing for a reader that does not read, while the other tasks of this thread
/// go on elsewhere: a task that was woken last is otherwise stuck to its thread.
pub(crate) fn in_place<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};

    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // Outside of a runtime, or in one that has only this thread.
        _ => work(),
    }
}
