//! The one place where the time of events is read. What is below it takes times as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::run::Time;

/// The present moment. A clock before 1970 reads as 1970.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
