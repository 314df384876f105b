//! What the two sides announce under `experimental.pxlens`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{JsonSchema, TS, commands};

/// What a client can do beyond LSP. All of it is off unless announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientCapabilities {
    /// It paints `px/outputs`. The server then sends it no result hints, and shows no run state in lenses but "■ Interrupt".
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub outputs: bool,
    /// It answers each `px/outputs` with `px/ackOutputs`.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub ack: bool,
    /// It paints `block` lines.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub blocks: bool,
    /// It follows `command:` links in Markdown that the server wrote.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub command_links: bool,
    /// It shows images in Markdown.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub images: bool,
    /// It runs the body of a `--local` cell in a kernel of its own.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub run_local: bool,
    /// It shows `px-output:` addresses, and asks for their text with `px/content`. A client that announced LSP's
    /// `workspace.textDocumentContent` does not need this.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub content: bool,
    /// It answers `px/writeSetting`.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub write_settings: bool,
    /// It answers `px/copy`.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub copy: bool,
    /// It wants `px/enginesChanged`. The server then answers `px/engines` at once, with what it knows.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub engines: bool,
    /// It shows runs in a panel, and answers `px/showRun`.
    #[serde(default)]
    #[ts(as = "Option<bool>", optional)]
    pub panel: bool,
}

impl ClientCapabilities {
    /// Reads `capabilities.experimental`. Whatever is absent, `null`, misspelt or not a boolean counts as not announced:
    /// clients of every age and language must be able to connect.
    pub fn from_experimental(experimental: Option<&Value>) -> Self {
        let announced = experimental.and_then(|value| value.get("pxlens"));
        let on = |name: &str| announced.and_then(|value| value.get(name)) == Some(&Value::Bool(true));
        Self {
            outputs: on("outputs"),
            ack: on("ack"),
            blocks: on("blocks"),
            command_links: on("commandLinks"),
            images: on("images"),
            run_local: on("runLocal"),
            content: on("content"),
            write_settings: on("writeSettings"),
            copy: on("copy"),
            engines: on("engines"),
            panel: on("panel"),
        }
    }
}

/// What the server can do beyond LSP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerCapabilities {
    /// The command ids it executes.
    #[serde(default)]
    pub commands: Vec<String>,
}

impl Default for ServerCapabilities {
    fn default() -> Self {
        Self { commands: commands::ALL.iter().copied().map(String::from).collect() }
    }
}

impl ServerCapabilities {
    /// The value of `capabilities.experimental`.
    pub fn to_experimental(&self) -> Value {
        serde_json::json!({ "pxlens": self })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_null_misspelt_or_no_boolean_is_not_announced() {
        let odd =
            json!({ "pxlens": { "outputs": true, "ack": null, "block": true, "images": "yes", "new": [1] } });
        assert_eq!(
            ClientCapabilities::from_experimental(Some(&odd)),
            ClientCapabilities { outputs: true, ..Default::default() }
        );
        for nothing in [json!(null), json!([]), json!({ "pxlens": null }), json!({ "pxlens": true })] {
            assert_eq!(ClientCapabilities::from_experimental(Some(&nothing)), ClientCapabilities::default());
        }
    }
}
