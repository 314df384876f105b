//! `px/content`: an output as a document, for clients without `workspace/textDocumentContent`; and showing one.

use lsp_types::{LspRequestMethod, MessageDirection, Request};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{GroupBy, RunId};

/// Gives the text behind a `px-output:` address. Sends nothing to engines.
#[derive(Debug)]
pub enum Content {}

impl Request for Content {
    type Params = ContentParams;
    type Result = ContentResult;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::new("px/content");
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ClientToServer;
}

/// Which document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContentParams {
    /// A `px-output:` address.
    pub uri: String,
}

/// The document as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContentResult {
    /// Its text: at most 5,000,000 bytes of UTF-8, without escape sequences and control characters.
    pub text: String,
    /// Whether the run still goes on, so that there may be more of it.
    #[serde(default)]
    pub goes_on: bool,
}

/// Which output to show: of these engines, or of one, or what is other than in another run; else of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowOutputParams {
    /// The run.
    pub run: RunId,
    /// The grouping of all of it; the one that the cell asks for, or the setting `pxlens.groupBy`, if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub group_by: Option<GroupBy>,
    /// Only these engines, as a rank set; folded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ranks: Option<String>,
    /// Only what this engine wrote, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub engine: Option<u32>,
    /// Only what engines gave otherwise than in this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub compared_with: Option<RunId>,
}

impl ShowOutputParams {
    /// All of a run.
    pub fn whole(run: RunId, group_by: Option<GroupBy>) -> Self {
        Self { run, group_by, ranks: None, engine: None, compared_with: None }
    }

    /// What engines gave otherwise than in another run.
    pub fn compared(run: RunId, with: RunId) -> Self {
        Self { compared_with: Some(with), ..Self::whole(run, None) }
    }
}

/// Where the output is that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShowOutputResult {
    /// Its `px-output:` address.
    pub uri: String,
    /// A file with it, for a client that cannot show the address. It goes when the run is forgotten or the server ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub file: Option<String>,
}
