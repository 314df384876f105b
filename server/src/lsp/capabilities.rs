//! The capabilities of the client, parsed leniently, and those that the server announces.

use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProvider, CodeLensOptions, CompletionOptions,
    ExecuteCommandOptions, FileOperationFilter, FileOperationOptions, FileOperationPattern,
    FileOperationPatternKind, FileOperationRegistrationOptions, Full, HoverProvider, InitializeParams,
    Notebook, NotebookCellLanguage, NotebookDocumentFilterWithNotebook, NotebookDocumentSyncOptions,
    PositionEncodingKind, SemanticTokensLegend, SemanticTokensOptions, SemanticTokensOptionsRange,
    ServerCapabilities, TextDocumentContentOptions, TextDocumentSyncKind, TextDocumentSyncOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceOptions,
};
use pxlens_protocol as protocol;

use crate::render::SCHEME;

/// The token types in the legend of semantic tokens, all defined by LSP.
pub(super) const TOKEN_TYPES: [&str; 6] = ["macro", "parameter", "number", "operator", "keyword", "string"];

/// The token modifiers in the legend: `autopx` is pxlens' own, for tokens in an `%autopx` region.
pub(super) const TOKEN_MODIFIERS: [&str; 1] = ["autopx"];

/// The capabilities of the client that matter to the server. Behaviour depends on these and never on the client's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// The negotiated unit of positions.
    pub(super) encoding: PositionEncodingKind,
    /// What it announced under `experimental.pxlens`.
    pub(super) extension: protocol::ClientCapabilities,
    /// It shows progress that the server creates.
    pub(super) progress: bool,
    /// It refreshes lenses on request.
    pub(super) lens_refresh: bool,
    /// It refreshes inlay hints on request.
    pub(super) hint_refresh: bool,
    /// It answers `workspace/configuration`.
    pub(super) configuration: bool,
    /// It lets the server register for `workspace/didChangeConfiguration`.
    pub(super) watches_configuration: bool,
    /// It prefers Markdown in hovers: clients list the formats by preference.
    pub(super) markdown: bool,
    /// It shows related information of diagnostics.
    pub(super) related_information: bool,
    /// It compares the version of diagnostics with that of the document.
    pub(super) diagnostic_versions: bool,
    /// It supports code action literals, not only commands.
    pub(super) action_literals: bool,
    /// It asks for semantic tokens.
    pub(super) semantic_tokens: bool,
    /// It supports a hierarchical outline.
    pub(super) nested_symbols: bool,
    /// The maximum number of folding ranges.
    pub(super) fold_limit: Option<u32>,
    /// It shows disabled code actions with the reason.
    pub(super) disabled_actions: bool,
    /// It requests the text of documents with the server's URI schemes.
    pub(super) text_document_content: bool,
    /// It shows a document on request.
    pub(super) shows_documents: bool,
    /// It supports versioned document edits.
    pub(super) versioned_edits: bool,
}

impl Client {
    /// Reads the capabilities from `initialize`.
    pub(super) fn read(params: &InitializeParams) -> Self {
        let all = &params.capabilities;
        let workspace = all.workspace.as_ref();
        let text = all.text_document.as_ref();
        let on = |flag: Option<bool>| flag == Some(true);
        Self {
            encoding: negotiate(
                all.general.as_ref().and_then(|general| general.position_encodings.as_deref()).unwrap_or(&[]),
            ),
            extension: protocol::ClientCapabilities::from_experimental(all.experimental.as_ref()),
            progress: on(all.window.as_ref().and_then(|window| window.work_done_progress)),
            lens_refresh: on(workspace.and_then(|w| w.code_lens.as_ref()?.refresh_support)),
            hint_refresh: on(workspace.and_then(|w| w.inlay_hint.as_ref()?.refresh_support)),
            configuration: on(workspace.and_then(|w| w.configuration)),
            watches_configuration: on(
                workspace.and_then(|w| w.did_change_configuration.as_ref()?.dynamic_registration)
            ),
            markdown: text
                .and_then(|text| text.hover.as_ref()?.content_format.as_ref())
                .and_then(|formats| formats.iter().find(|format| known_format(format)))
                == Some(&lsp_types::MarkupKind::Markdown),
            related_information: on(text.and_then(|text| {
                text.publish_diagnostics.as_ref()?.diagnostics_capabilities.related_information
            })),
            diagnostic_versions: on(text.and_then(|text| text.publish_diagnostics.as_ref()?.version_support)),
            action_literals: text
                .and_then(|text| text.code_action.as_ref()?.code_action_literal_support.as_ref())
                .is_some(),
            semantic_tokens: text.is_some_and(|text| text.semantic_tokens.is_some()),
            nested_symbols: on(
                text.and_then(|text| text.document_symbol.as_ref()?.hierarchical_document_symbol_support)
            ),
            fold_limit: text.and_then(|text| text.folding_range.as_ref()?.range_limit),
            disabled_actions: on(text.and_then(|text| text.code_action.as_ref()?.disabled_support)),
            text_document_content: workspace.is_some_and(|w| w.text_document_content.is_some()),
            shows_documents: all
                .window
                .as_ref()
                .and_then(|window| window.show_document)
                .is_some_and(|show| show.support),
            versioned_edits: on(workspace.and_then(|w| w.workspace_edit.as_ref()?.document_changes)),
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::read(&InitializeParams::default())
    }
}

/// The first encoding of the client's list that pxlens knows: clients list them by preference.
fn negotiate(offered: &[PositionEncodingKind]) -> PositionEncodingKind {
    let known = [PositionEncodingKind::UTF8, PositionEncodingKind::UTF16, PositionEncodingKind::UTF32];
    offered.iter().find(|kind| known.contains(kind)).cloned().unwrap_or(PositionEncodingKind::UTF16)
}

fn known_format(format: &lsp_types::MarkupKind) -> bool {
    [lsp_types::MarkupKind::Markdown, lsp_types::MarkupKind::PlainText].contains(format)
}

/// The files and folders whose new names the server wants to know.
fn renamed() -> Vec<FileOperationFilter> {
    let filter = |glob: &str, kind| FileOperationFilter {
        scheme: None,
        pattern: FileOperationPattern { glob: glob.to_owned(), matches: Some(kind), options: None },
    };
    let files = filter("**/*.{py,ipy,ipynb}", FileOperationPatternKind::File);
    vec![files, filter("**/*", FileOperationPatternKind::Folder)]
}

/// The capabilities that the server announces to this client.
pub(super) fn server(client: &Client) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(client.encoding.clone()),
        text_document_sync: Some(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::Incremental),
                ..Default::default()
            }
            .into(),
        ),
        notebook_document_sync: Some(
            NotebookDocumentSyncOptions {
                notebook_selector: vec![
                    NotebookDocumentFilterWithNotebook {
                        notebook: Notebook::String("jupyter-notebook".into()),
                        cells: Some(vec![NotebookCellLanguage { language: "python".into() }]),
                    }
                    .into(),
                ],
                save: None,
            }
            .into(),
        ),
        hover_provider: Some(HoverProvider::Bool(true)),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false), ..Default::default() }),
        code_action_provider: Some(code_actions(client)),
        inlay_hint_provider: Some(true.into()),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(["%", "-", "_", "=", ",", " "].map(String::from).into()),
            resolve_provider: Some(false),
            ..Default::default()
        }),
        folding_range_provider: Some(true.into()),
        document_symbol_provider: Some(true.into()),
        semantic_tokens_provider: client.semantic_tokens.then(|| {
            SemanticTokensOptions {
                legend: SemanticTokensLegend {
                    token_types: TOKEN_TYPES.map(String::from).into(),
                    token_modifiers: TOKEN_MODIFIERS.map(String::from).into(),
                },
                range: Some(SemanticTokensOptionsRange::Bool(true)),
                full: Some(Full::Bool(true)),
                ..Default::default()
            }
            .into()
        }),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: protocol::commands::ALL.iter().copied().map(String::from).collect(),
            ..Default::default()
        }),
        workspace: Some(WorkspaceOptions {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(true.into()),
            }),
            text_document_content: client
                .text_document_content
                .then(|| TextDocumentContentOptions { schemes: vec![SCHEME.to_owned()] }.into()),
            file_operations: Some(FileOperationOptions {
                did_rename: Some(FileOperationRegistrationOptions { filters: renamed() }),
                ..Default::default()
            }),
        }),
        experimental: Some(protocol::ServerCapabilities::default().to_experimental()),
        ..Default::default()
    }
}

/// LSP allows the kinds only to a client that supports code action literals.
fn code_actions(client: &Client) -> CodeActionProvider {
    if !client.action_literals {
        return true.into();
    }
    CodeActionOptions {
        // Actions that run code have the empty kind, which no request on saving asks for.
        code_action_kinds: Some(vec![
            CodeActionKind::QuickFix,
            CodeActionKind::RefactorRewrite,
            CodeActionKind::Empty,
        ]),
        ..Default::default()
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_known_encoding_of_the_client_is_used() {
        use PositionEncodingKind as Kind;
        assert_eq!(negotiate(&[]), Kind::UTF16);
        assert_eq!(negotiate(&[Kind::UTF8, Kind::UTF16, Kind::UTF32]), Kind::UTF8);
        assert_eq!(negotiate(&[Kind::new("utf-7"), Kind::UTF32, Kind::UTF8]), Kind::UTF32);
        assert_eq!(negotiate(&[Kind::new("utf-7")]), Kind::UTF16);
    }

    #[test]
    fn the_first_format_of_hovers_is_preferred() {
        let prefers_markdown = |formats: serde_json::Value| {
            let hover = serde_json::json!({ "textDocument": { "hover": { "contentFormat": formats } } });
            let params = serde_json::json!({ "processId": null, "rootUri": null, "capabilities": hover });
            Client::read(&serde_json::from_value(params).expect("parameters")).markdown
        };
        assert!(prefers_markdown(serde_json::json!(["markdown", "plaintext"])));
        assert!(prefers_markdown(serde_json::json!(["html", "markdown"])));
        assert!(!prefers_markdown(serde_json::json!(["plaintext", "markdown"])));
        assert!(!prefers_markdown(serde_json::json!([])));
    }

    #[test]
    fn the_kinds_of_code_actions_are_announced_only_to_a_client_with_literals() {
        let announced = |client: &Client| serde_json::json!(server(client).code_action_provider);
        assert_eq!(announced(&Client::default()), serde_json::json!(true));
        let client = Client { action_literals: true, ..Client::default() };
        let kinds = serde_json::json!({ "codeActionKinds": ["quickfix", "refactor.rewrite", ""] });
        assert_eq!(announced(&client), kinds);
    }

    #[test]
    fn a_client_that_announces_nothing_is_a_plain_one() {
        let plain = Client::default();
        assert_eq!(plain.encoding, PositionEncodingKind::UTF16);
        assert!(!plain.progress && !plain.lens_refresh && !plain.configuration && !plain.markdown);
        assert!(!plain.nested_symbols && server(&plain).semantic_tokens_provider.is_none());
        assert_eq!(plain.extension, protocol::ClientCapabilities::default());
    }
}
