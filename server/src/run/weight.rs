//! About how many bytes of memory things take that engines gave, besides the text of their streams.

use serde_json::Value;

use super::{Output, OutputKind};
use crate::jupyter::content::MimeBundle;

/// What a text takes however short it is, also when it was moved out of memory: what was allocated for it.
const SMALL: usize = 64;

/// An output, without its text if it is one of a stream.
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

/// A display, a value or a page.
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
