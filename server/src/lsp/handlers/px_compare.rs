//! `px/compare`, and the command of that name.

use lsp_types::MessageType;
use pxlens_protocol::{CompareParams, CompareResult, ShowOutputParams};
use tower_lsp::jsonrpc::{Error, Result};

use super::show_output;
use crate::lsp::{backend::Backend, facade::Session, messages};

/// How much of a comparison a message shows, in lines and in characters.
const LINES: usize = 12;
const CHARACTERS: usize = 1000;

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, params: CompareParams) -> Result<CompareResult> {
    backend.session.compare(params).await.map_err(Error::invalid_params)
}

/// The same, shown: as a document where the client opens such, else its beginning as a message.
pub(super) async fn command<S: Session>(
    backend: &Backend<S>,
    params: CompareParams,
) -> Result<CompareResult> {
    let result = handle(backend, params).await?;
    if let Some(with) = result.with
        && show_output::shows_addresses(backend)
    {
        show_output::show(backend, ShowOutputParams::compared(result.run, with)).await?;
        return Ok(result);
    }
    let said = result.message.clone().unwrap_or_else(|| beginning(&result.text));
    let client = backend.client.clone();
    tokio::spawn(async move { messages::show(&client, MessageType::Info, said).await });
    Ok(result)
}

/// As much as one reads in a message.
fn beginning(text: &str) -> String {
    let lines: Vec<&str> = text.lines().take(LINES + 1).collect();
    let shown = lines[..lines.len().min(LINES)].join("\n");
    let whole = lines.len() <= LINES && shown.chars().nth(CHARACTERS).is_none();
    let mut said: String = shown.chars().take(CHARACTERS).collect();
    if !whole {
        said.push_str(" …");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_holds_the_first_lines_and_says_that_there_is_more() {
        assert_eq!(beginning("summary\n[2] changed\n"), "summary\n[2] changed");
        let long = beginning(&"line\n".repeat(100));
        assert_eq!((long.lines().count(), long.ends_with(" …")), (LINES, true));
        assert!(beginning(&"é".repeat(5000)).chars().count() <= CHARACTERS + 2);
    }
}
