//! Runs slow work on another thread, since all handlers share one task.

/// Runs work on another thread. A panic is resumed here, so that the guard around the handler can answer it.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Blocking work is only cancelled when the whole process ends.
            Err(_) => std::future::pending().await,
        },
    }
}
