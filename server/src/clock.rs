//! The one place that reads the clock for the times of events. Modules below it take times as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::run::Time;

/// The present moment. A clock before 1970 reads as 1970.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
