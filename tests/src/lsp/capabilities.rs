//! The capabilities that editors announce, from their sources, as far as they matter to pxlens.

use serde_json::{Value, json};

/// What VS Code announces with `vscode-languageclient` and the extension of pxlens.
pub(super) fn vscode() -> Value {
    json!({
        "workspace": {
            "applyEdit": true,
            "workspaceEdit": {"documentChanges": true, "resourceOperations": ["create", "rename", "delete"],
                "failureHandling": "textOnlyTransactional", "normalizesLineEndings": true,
                "changeAnnotationSupport": {"groupsOnLabel": true}},
            "configuration": true,
            "didChangeConfiguration": {"dynamicRegistration": true},
            "didChangeWatchedFiles": {"dynamicRegistration": true, "relativePatternSupport": true},
            "executeCommand": {"dynamicRegistration": true},
            "codeLens": {"refreshSupport": true},
            "semanticTokens": {"refreshSupport": true},
            "inlayHint": {"refreshSupport": true},
            "inlineValue": {"refreshSupport": true},
            "diagnostics": {"refreshSupport": true},
            "workspaceFolders": true,
            "symbol": {"dynamicRegistration": true},
            "textDocumentContent": {"dynamicRegistration": true}
        },
        "textDocument": {
            "publishDiagnostics": {"relatedInformation": true, "versionSupport": true,
                "tagSupport": {"valueSet": [1, 2]}, "codeDescriptionSupport": true, "dataSupport": true},
            "diagnostic": {"dynamicRegistration": true, "relatedDocumentSupport": false},
            "synchronization": {"dynamicRegistration": true, "willSave": true, "willSaveWaitUntil": true,
                "didSave": true},
            "hover": {"dynamicRegistration": true, "contentFormat": ["markdown", "plaintext"]},
            "codeAction": {"dynamicRegistration": true, "isPreferredSupport": true, "disabledSupport": true,
                "dataSupport": true, "resolveSupport": {"properties": ["edit", "command"]},
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor",
                    "refactor.extract", "refactor.inline", "refactor.rewrite", "source",
                    "source.organizeImports"]}},
                "honorsChangeAnnotations": true},
            "codeLens": {"dynamicRegistration": true, "resolveSupport": {"properties": ["command"]}},
            "inlayHint": {"dynamicRegistration": true, "resolveSupport": {"properties": ["tooltip", "textEdits",
                "label.tooltip", "label.location", "label.command"]}},
            "foldingRange": {"dynamicRegistration": true, "rangeLimit": 5000, "lineFoldingOnly": true}
        },
        "notebookDocument": {"synchronization": {"dynamicRegistration": true, "executionSummarySupport": true}},
        "window": {
            "showMessage": {"messageActionItem": {"additionalPropertiesSupport": true}},
            "showDocument": {"support": true},
            "workDoneProgress": true
        },
        "general": {
            "staleRequestSupport": {"cancel": true, "retryOnContentModified": []},
            "regularExpressions": {"engine": "ECMAScript", "version": "ES2020"},
            "markdown": {"parser": "marked", "version": "1.1.0"},
            "positionEncodings": ["utf-16"]
        },
        "experimental": {"pxlens": {"outputs": true, "ack": true, "commandLinks": true}}
    })
}

/// What Neovim 0.11 announces, with JSON nulls, which some clients write for what they do not support.
pub(super) fn neovim() -> Value {
    json!({
        "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"], "regularExpressions": null},
        "workspace": {
            "applyEdit": true,
            "workspaceEdit": {"resourceOperations": ["rename", "create", "delete"]},
            "configuration": true,
            "didChangeConfiguration": {"dynamicRegistration": false},
            "didChangeWatchedFiles": {"dynamicRegistration": false, "relativePatternSupport": true},
            "semanticTokens": {"refreshSupport": true},
            "inlayHint": {"refreshSupport": true},
            "workspaceFolders": true,
            "symbol": {"dynamicRegistration": false},
            "codeLens": null
        },
        "textDocument": {
            "publishDiagnostics": {"relatedInformation": true, "tagSupport": {"valueSet": [1, 2]},
                "dataSupport": true},
            "diagnostic": {"dynamicRegistration": false, "tagSupport": {"valueSet": [1, 2]}},
            "synchronization": {"dynamicRegistration": false, "willSave": true, "willSaveWaitUntil": true,
                "didSave": true},
            "hover": {"dynamicRegistration": true, "contentFormat": ["markdown", "plaintext"]},
            "codeAction": {"dynamicRegistration": true, "isPreferredSupport": true, "dataSupport": true,
                "resolveSupport": {"properties": ["edit", "command"]},
                "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor",
                    "refactor.extract", "refactor.inline", "refactor.rewrite", "source",
                    "source.organizeImports"]}}},
            "codeLens": {"dynamicRegistration": false, "resolveSupport": {"properties": ["command"]}},
            "inlayHint": {"dynamicRegistration": true,
                "resolveSupport": {"properties": ["textEdits", "tooltip", "location", "command"]}},
            "foldingRange": {"dynamicRegistration": false, "lineFoldingOnly": true}
        },
        "notebookDocument": null,
        "window": {
            "showMessage": {"messageActionItem": {"additionalPropertiesSupport": true}},
            "showDocument": {"support": true},
            "workDoneProgress": true
        },
        "experimental": null
    })
}
