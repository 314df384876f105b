//! Work that takes a while, such as reading files or laying out much output, on a thread of its own: what awaits it holds
//! up nothing else meanwhile.

/// Does the work on a thread for such. A panic in it goes on in whoever awaits it.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // It is only cancelled when the whole process ends.
            Err(_) => std::future::pending().await,
        },
    }
}
