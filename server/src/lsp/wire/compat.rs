//! Repairs messages that clients are known to get wrong, before they are routed, and logs what cannot be repaired.
//!
//! The router silently drops a notification whose parameters it cannot parse: a whole notebook would be lost because of
//! one field that pxlens never reads.

use std::task::{Context, Poll};

use lsp_types::{ClientCapabilities, InitializeParams};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use tower::Service;
use tower_lsp::jsonrpc::Request;

/// A service that repairs incoming messages.
#[derive(Debug)]
pub(in crate::lsp) struct Compat<S> {
    inner: S,
}

impl<S> Compat<S> {
    pub(in crate::lsp) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S: Service<Request>> Service<Request> for Compat<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.inner.call(repair(request))
    }
}

fn repair(request: Request) -> Request {
    let (method, id, params) = request.into_parts();
    let params = repair_params(&method, params);
    let mut repaired = Request::build(method);
    if let Some(id) = id {
        repaired = repaired.id(id);
    }
    if let Some(params) = params {
        repaired = repaired.params(params);
    }
    repaired.finish()
}

fn repair_params(method: &str, params: Option<Value>) -> Option<Value> {
    match (method, params) {
        // These take no parameters; some clients send an empty object.
        ("shutdown" | "exit", _) => None,
        // Everything else takes an object; some clients send nothing, `null`, or wrap it in a list.
        (_, None | Some(Value::Null)) => Some(json!({})),
        (_, Some(Value::Array(list))) => Some(unwrap_list(list)),
        ("initialize", Some(Value::Object(object))) => Some(Value::Object(readable_initialize(object))),
        ("notebookDocument/didOpen" | "notebookDocument/didChange", Some(mut params)) => {
            drop_odd_execution_summaries(&mut params);
            Some(params)
        }
        (method, Some(Value::Object(mut object))) if method.starts_with("px/") => {
            drop_nulls(&mut object);
            Some(Value::Object(object))
        }
        (_, params) => params,
    }
}

/// Removes fields that are `null`: many languages cannot tell `null` from an absent field.
pub(in crate::lsp) fn drop_nulls(object: &mut Map<String, Value>) {
    object.retain(|_, value| !value.is_null());
}

fn unwrap_list(list: Vec<Value>) -> Value {
    match <[Value; 1]>::try_from(list) {
        Ok([object @ Value::Object(_)]) => object,
        Ok([Value::Null]) => json!({}),
        Ok([other]) => Value::Array(vec![other]),
        Err(list) if list.is_empty() => json!({}),
        Err(list) => Value::Array(list),
    }
}

/// A summary must have an `executionOrder`, but VS Code forks send `{}` for a cell that never ran. pxlens does not use
/// summaries.
fn drop_odd_execution_summaries(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("executionSummary").is_some_and(|summary| {
                summary
                    .get("executionOrder")
                    .and_then(Value::as_u64)
                    .is_none_or(|order| order > u32::MAX.into())
            }) {
                object.remove("executionSummary");
            }
            // Metadata can be large, and its keys are the notebook's own.
            object.iter_mut().filter(|(key, _)| *key != "metadata").for_each(|(_, value)| {
                drop_odd_execution_summaries(value);
            });
        }
        Value::Array(list) => list.iter_mut().for_each(drop_odd_execution_summaries),
        _ => {}
    }
}

/// Removes what cannot be parsed from `initialize`, so that a client with one odd capability is still served.
fn readable_initialize(params: Map<String, Value>) -> Map<String, Value> {
    if InitializeParams::deserialize(&Value::Object(params.clone())).is_ok() {
        return params;
    }
    let mut readable = Map::new();
    for (name, value) in params {
        let value = match value {
            Value::Object(capabilities) if name == "capabilities" => {
                Value::Object(readable_capabilities(capabilities))
            }
            value => value,
        };
        let mut alone = json!({ "capabilities": {} });
        alone[&name] = value.clone();
        match InitializeParams::deserialize(&alone) {
            Ok(_) => {
                readable.insert(name, value);
            }
            Err(error) => {
                tracing::warn!(name, %error, "a field of initialize does not conform to LSP and is ignored")
            }
        }
    }
    readable.entry("capabilities").or_insert_with(|| json!({}));
    readable
}

fn readable_capabilities(capabilities: Map<String, Value>) -> Map<String, Value> {
    let can_read = |value: Value| ClientCapabilities::deserialize(value);
    let mut readable = Map::new();
    for (area, value) in capabilities {
        if can_read(json!({ &area: &value })).is_ok() {
            readable.insert(area, value);
            continue;
        }
        let mut kept = Map::new();
        for (name, value) in value.as_object().cloned().unwrap_or_default() {
            match can_read(json!({ &area: { &name: &value } })) {
                Ok(_) => {
                    kept.insert(name, value);
                }
                Err(error) => {
                    tracing::warn!(capability = format!("{area}.{name}"), %error, "a capability does not conform to LSP and is ignored");
                }
            }
        }
        readable.insert(area, Value::Object(kept));
    }
    readable
}

/// Parameters of a notification that may have failed to parse, so that the handler can log that.
#[derive(Debug)]
pub(in crate::lsp) struct Lenient<T>(Result<T, String>);

impl<T> Lenient<T> {
    /// The parameters, or `None` and an error in the log.
    pub(in crate::lsp) fn or_log(self, method: &str) -> Option<T> {
        self.0
            .inspect_err(|error| {
                tracing::error!(method, error, "a notification could not be parsed and is ignored");
            })
            .ok()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(Self(serde_json::from_value(value).map_err(|error| error.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_without_parameters_get_an_empty_object() {
        for absent in [None, Some(Value::Null), Some(json!([null])), Some(json!([])), Some(json!([{}]))] {
            assert_eq!(repair_params("px/engines", absent), Some(json!({})));
        }
    }

    #[test]
    fn a_null_in_our_own_messages_is_absent() {
        let params = json!({ "uri": "a", "scope": null, "targets": null });
        assert_eq!(repair_params("px/run", Some(params)), Some(json!({ "uri": "a" })));
    }

    #[test]
    fn shutdown_with_an_empty_object_is_shutdown() {
        assert_eq!(repair_params("shutdown", Some(json!({}))), None);
    }

    #[test]
    fn a_summary_without_an_order_is_removed_and_a_complete_one_kept() {
        let mut params = json!({ "notebookDocument": { "cells": [
            { "executionSummary": {} },
            { "executionSummary": { "success": true } },
            { "executionSummary": { "executionOrder": 3 }, "metadata": { "executionSummary": {} } },
        ] } });
        drop_odd_execution_summaries(&mut params);
        assert_eq!(
            params["notebookDocument"]["cells"],
            json!([{}, {}, { "executionSummary": { "executionOrder": 3 }, "metadata": { "executionSummary": {} } }])
        );
    }

    #[test]
    fn only_the_odd_capability_is_removed() {
        let params = json!({
            "processId": "none",
            "trace": "compact",
            "capabilities": {
                "textDocument": { "codeAction": { "resolveSupport": true }, "hover": { "contentFormat": ["markdown"] } },
                "window": null,
                "general": { "positionEncodings": ["utf-8"] },
                "colour": 1,
            },
        });
        let Value::Object(params) = params else { unreachable!("it is an object") };
        let readable = Value::Object(readable_initialize(params));
        assert_eq!(
            readable,
            json!({
                "trace": "compact",
                "capabilities": {
                    "textDocument": { "hover": { "contentFormat": ["markdown"] } },
                    "window": null,
                    "general": { "positionEncodings": ["utf-8"] },
                    "colour": 1,
                },
            })
        );
        assert!(InitializeParams::deserialize(&readable).is_ok());
    }
}
