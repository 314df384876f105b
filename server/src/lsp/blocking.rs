//! Work that takes a while, on a thread of its own: all handlers share one task.

/// Works off the loop. A panic goes on here, where the guard round the handler makes an answer of it.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // It is only cancelled when the whole process ends.
            Err(_) => std::future::pending().await,
        },
    }
}
