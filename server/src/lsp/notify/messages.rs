//! Messages to the user (`window/showMessage`).
//!
//! Messages quote documents and engines, and VS Code turns `[text](command:…)` in a message into a link that runs a
//! command, so nothing in them may look like a link.

use lsp_types::MessageType;

/// Shows a message, without waiting for the user to read it.
pub(in crate::lsp) async fn show(client: &tower_lsp::Client, severity: MessageType, text: impl Into<String>) {
    #[expect(clippy::disallowed_methods, reason = "all other code shows messages through this function")]
    client.show_message(severity, unlinked(&text.into())).await;
}

/// The text with a blank between the two halves of a possible link.
fn unlinked(text: &str) -> String {
    text.replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_documents_and_engines_is_never_a_link() {
        assert_eq!(unlinked("E: [click](command:x) f[0](1)"), "E: [click] (command:x) f[0] (1)");
        assert_eq!(unlinked("[0-3] interrupted (r7)"), "[0-3] interrupted (r7)");
    }
}
