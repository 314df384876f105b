//! Waiting with a limit, so that a test whose event does not come fails with a sentence that names it.

use std::{
    fmt::Display,
    panic::Location,
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

/// How long a test waits for one event before it fails.
///
/// It is a guard against hanging, never a measure: a busy machine must stay far below it.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Awaits an event for [`PATIENCE`] at most. Panics with what was `awaited` when it does not come.
#[track_caller]
pub fn within<F: Future>(awaited: impl Display, event: F) -> impl Future<Output = F::Output> {
    within_limit(PATIENCE, awaited, event)
}

/// Like [`within`], with another limit: for tests whose clock is paused and moves as far as the next timer.
#[track_caller]
pub fn within_limit<F: Future>(
    limit: Duration,
    awaited: impl Display,
    event: F,
) -> impl Future<Output = F::Output> {
    let caller = Location::caller();
    async move {
        match tokio::time::timeout(limit, event).await {
            Ok(output) => output,
            Err(_) => panic!("{caller}: waited {limit:?} in vain for {awaited}"),
        }
    }
}

/// Waits for the end of a child; `None` if it still runs at the deadline.
pub fn exit_status(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        let ended = child.try_wait().expect("a child can be waited for");
        if ended.is_some() || Instant::now() > deadline {
            return ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_event_that_does_not_come_is_named_with_the_place_of_the_wait() {
        assert_eq!(within("the answer", async { 42 }).await, 42);
        let limit = Duration::from_millis(1);
        let waiting = tokio::spawn(within_limit(limit, "the end", std::future::pending::<()>()));
        let panic = waiting.await.expect_err("the end never comes").into_panic();
        let message = panic.downcast::<String>().expect("the message of a panic");
        assert!(
            message.contains("waits.rs:") && message.ends_with("waited 1ms in vain for the end"),
            "{message}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_child_that_does_not_end_has_no_exit_status() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().expect("sleep is everywhere");
        assert_eq!(exit_status(&mut child, Instant::now()), None);
        child.kill().expect("it runs");
        let status = exit_status(&mut child, Instant::now() + PATIENCE).expect("it was killed");
        assert!(!status.success());
    }
}
