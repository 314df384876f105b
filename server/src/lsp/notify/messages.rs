//! Messages to the user (`window/showMessage`).
//!
//! They quote documents and engines, and VS Code makes `[text](command:…)` in a message a link that runs a command: nothing in them
//! may read as a link.

use lsp_types::MessageType;

/// Shows a message. Nobody waits for the user to read it.
pub(in crate::lsp) async fn show(client: &tower_lsp::Client, severity: MessageType, text: impl Into<String>) {
    #[expect(clippy::disallowed_methods, reason = "everywhere else a message goes through here")]
    client.show_message(severity, unlinked(&text.into())).await;
}

/// The text with a blank between the two halves of what may be a link.
fn unlinked(text: &str) -> String {
    text.replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_or_an_engine_says_is_no_link() {
        assert_eq!(unlinked("E: [click](command:x) f[0](1)"), "E: [click] (command:x) f[0] (1)");
        assert_eq!(unlinked("[0-3] interrupted (r7)"), "[0-3] interrupted (r7)");
    }
}
