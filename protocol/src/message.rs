//! All messages in one list, for the generators and for tests.

use lsp_types::{MessageDirection, Notification, Request};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use ts_rs::{Config, TS};

/// Whether a message is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is.
    Request,
    /// It is not.
    Notification,
}

type RoundTrip = fn(&Value) -> std::result::Result<Value, serde_json::Error>;
type Describe = fn(&mut SchemaGenerator) -> schemars::Schema;

/// What is known about a message without looking at its type.
#[derive(Clone, Debug)]
pub struct Message {
    /// The name of its type, such as `Run`.
    pub name: &'static str,
    /// Its method, such as `px/run`.
    pub method: String,
    /// Whether it is answered.
    pub kind: Kind,
    /// Who sends it.
    pub direction: MessageDirection,
    /// The name of its parameters' type.
    pub params: String,
    /// The name of its result's type; `None` for a notification.
    pub result: Option<String>,
    /// Reads parameters and writes them again.
    pub read_params: RoundTrip,
    /// Reads a result and writes it again.
    pub read_result: Option<RoundTrip>,
    pub(crate) params_schema: Describe,
    pub(crate) result_schema: Option<Describe>,
}

fn round_trip<T: DeserializeOwned + Serialize>(
    value: &Value,
) -> std::result::Result<Value, serde_json::Error> {
    serde_json::to_value(T::deserialize(value)?)
}

fn request<R: Request>(name: &'static str) -> Message
where
    R::Params: TS + JsonSchema,
    R::Result: TS + JsonSchema,
{
    let config = Config::new();
    Message {
        name,
        method: R::METHOD.to_string(),
        kind: Kind::Request,
        direction: R::MESSAGE_DIRECTION,
        params: R::Params::name(&config),
        result: Some(R::Result::name(&config)),
        read_params: round_trip::<R::Params>,
        read_result: Some(round_trip::<R::Result>),
        params_schema: SchemaGenerator::subschema_for::<R::Params>,
        result_schema: Some(SchemaGenerator::subschema_for::<R::Result>),
    }
}

fn notification<N: Notification>(name: &'static str) -> Message
where
    N::Params: TS + JsonSchema,
{
    Message {
        name,
        method: N::METHOD.to_string(),
        kind: Kind::Notification,
        direction: N::MESSAGE_DIRECTION,
        params: N::Params::name(&Config::new()),
        result: None,
        read_params: round_trip::<N::Params>,
        read_result: None,
        params_schema: SchemaGenerator::subschema_for::<N::Params>,
        result_schema: None,
    }
}

/// Every message, in the order of the specification.
pub fn messages() -> Vec<Message> {
    vec![
        request::<crate::Run>("Run"),
        request::<crate::Interrupt>("Interrupt"),
        request::<crate::Cells>("Cells"),
        request::<crate::Result>("Result"),
        request::<crate::Page>("Page"),
        request::<crate::ShowRun>("ShowRun"),
        request::<crate::Runs>("Runs"),
        request::<crate::Compare>("Compare"),
        request::<crate::Clear>("Clear"),
        request::<crate::Content>("Content"),
        request::<crate::Export>("Export"),
        request::<crate::Engines>("Engines"),
        notification::<crate::EnginesChanged>("EnginesChanged"),
        request::<crate::Clusters>("Clusters"),
        request::<crate::Connect>("Connect"),
        request::<crate::StartCluster>("StartCluster"),
        request::<crate::StopCluster>("StopCluster"),
        request::<crate::Console>("Console"),
        request::<crate::RunLocal>("RunLocal"),
        notification::<crate::Outputs>("Outputs"),
        notification::<crate::RefreshOutputs>("RefreshOutputs"),
        notification::<crate::AckOutputs>("AckOutputs"),
        request::<crate::RunNotebookCell>("RunNotebookCell"),
        request::<crate::NotebookOutputs>("NotebookOutputs"),
        notification::<crate::Trust>("Trust"),
        request::<crate::WriteSetting>("WriteSetting"),
        request::<crate::CopyText>("CopyText"),
    ]
}
