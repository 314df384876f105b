//! Estimates how many bytes of memory outputs take, besides the text of streams.

use serde_json::Value;

use super::{Output, OutputKind};
use crate::jupyter::content::MimeBundle;

/// What any text takes, however short and even if it was moved out of memory: its allocation.
const SMALL: usize = 64;

/// The weight of an output, without the text of a stream.
pub(super) fn of_output(kind: &OutputKind) -> usize {
    let more = match kind {
        OutputKind::Display { data, .. }
        | OutputKind::UpdateDisplay { data, .. }
        | OutputKind::Result { data, .. } => of_bundle(data),
        OutputKind::Error(error) => {
            error.evalue.len() + error.traceback.iter().map(String::len).sum::<usize>()
        }
        OutputKind::Unreadable(why) => why.len(),
        OutputKind::Stream(..) => SMALL,
        OutputKind::ClearOutput { .. } => 0,
    };
    size_of::<Output>() + more
}

/// The weight of a display, a value or a page.
pub(super) fn of_bundle(data: &MimeBundle) -> usize {
    data.iter().map(|(mime, value)| mime.len() + of_value(value)).sum()
}

fn of_value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(of_value).sum(),
        Value::Object(fields) => fields.iter().map(|(key, value)| key.len() + of_value(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}
