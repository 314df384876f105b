//! How a message is declared: once, together with its documentation.
//!
//! ```text
//! message! {
//!     /// The text of the specification, in Markdown: the prose, then the examples.
//!     request Run "px/run" client_to_server (RunParams) -> RunResult
//! }
//! message! {
//!     /// …
//!     notification AckOutputs "px/ackOutputs" client_to_server (AckOutputsParams) announced as "`ack`"
//! }
//! ```
//!
//! `announced as` names the client's capability that the message depends on, as the specification shows it. The first
//! `**Example` begins the examples; of the two kinds of JSON blocks there, one with `method` and `params` is a message, one
//! with `result` an answer.

use lsp_types::{MessageDirection, Notification, Request};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Declares a message: its type, its method, and what generators and tests need to know about it.
macro_rules! message {
    (
        $(#[doc = $text:literal])+
        request $name:ident $method:literal $direction:ident ($params:ident) -> $result:ident
        $(announced as $capability:literal)?
    ) => {
        $(#[doc = $text])+
        #[derive(Debug)]
        pub enum $name {}

        impl ::lsp_types::Request for $name {
            type Params = $params;
            type Result = $result;
            const METHOD: ::lsp_types::LspRequestMethod<'static> = ::lsp_types::LspRequestMethod::new($method);
            const MESSAGE_DIRECTION: ::lsp_types::MessageDirection = message!(@direction $direction);
        }

        impl $crate::message::Declared for $name {
            fn message() -> $crate::Message {
                $crate::message::request::<Self>($crate::message::Declaration {
                    name: stringify!($name),
                    params: stringify!($params),
                    result: Some(stringify!($result)),
                    text: concat!($($text, "\n"),+),
                    capability: message!(@capability $($capability)?),
                })
            }
        }
    };
    (
        $(#[doc = $text:literal])+
        notification $name:ident $method:literal $direction:ident ($params:ident)
        $(announced as $capability:literal)?
    ) => {
        $(#[doc = $text])+
        #[derive(Debug)]
        pub enum $name {}

        impl ::lsp_types::Notification for $name {
            type Params = $params;
            const METHOD: ::lsp_types::LspNotificationMethod<'static> =
                ::lsp_types::LspNotificationMethod::new($method);
            const MESSAGE_DIRECTION: ::lsp_types::MessageDirection = message!(@direction $direction);
        }

        impl $crate::message::Declared for $name {
            fn message() -> $crate::Message {
                $crate::message::notification::<Self>($crate::message::Declaration {
                    name: stringify!($name),
                    params: stringify!($params),
                    result: None,
                    text: concat!($($text, "\n"),+),
                    capability: message!(@capability $($capability)?),
                })
            }
        }
    };
    (@direction client_to_server) => { ::lsp_types::MessageDirection::ClientToServer };
    (@direction server_to_client) => { ::lsp_types::MessageDirection::ServerToClient };
    (@capability) => { None };
    (@capability $capability:literal) => { Some($capability) };
}

/// Re-exports the contents of the modules of messages, and lists the messages.
macro_rules! messages {
    ($($module:ident::$name:ident,)+) => {
        $(pub use $module::*;)+

        /// Every message, in the order of the specification.
        pub fn messages() -> Vec<Message> {
            vec![$(<$name as message::Declared>::message()),+]
        }
    };
}

/// Whether a message is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is answered.
    Request,
    /// Nothing answers it.
    Notification,
}

type RoundTrip = fn(&Value) -> std::result::Result<Value, serde_json::Error>;

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
    pub params: &'static str,
    /// The name of its result's type; `None` for a notification.
    pub result: Option<&'static str>,
    /// The client's capability that it depends on, in Markdown.
    pub capability: Option<&'static str>,
    /// What the specification says about it, in Markdown; each line begins with a space.
    pub text: &'static str,
    /// Reads parameters and writes them again.
    pub read_params: RoundTrip,
    /// Reads a result and writes it again.
    pub read_result: Option<RoundTrip>,
    #[cfg(feature = "codegen")]
    pub(crate) params_type: crate::types::Described,
    #[cfg(feature = "codegen")]
    pub(crate) result_type: Option<crate::types::Described>,
}

/// A type that [`message!`] made.
pub(crate) trait Declared {
    fn message() -> Message;
}

/// What a declaration adds to the type of the message.
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) params: &'static str,
    pub(crate) result: Option<&'static str>,
    pub(crate) text: &'static str,
    pub(crate) capability: Option<&'static str>,
}

fn round_trip<T: DeserializeOwned + Serialize>(
    value: &Value,
) -> std::result::Result<Value, serde_json::Error> {
    serde_json::to_value(T::deserialize(value)?)
}

pub(crate) fn request<R: Request>(declaration: Declaration) -> Message
where
    R::Params: Describe,
    R::Result: Describe,
{
    let Declaration { name, params, result, text, capability } = declaration;
    Message {
        name,
        method: R::METHOD.to_string(),
        kind: Kind::Request,
        direction: R::MESSAGE_DIRECTION,
        params,
        result,
        capability,
        text,
        read_params: round_trip::<R::Params>,
        read_result: Some(round_trip::<R::Result>),
        #[cfg(feature = "codegen")]
        params_type: crate::types::Described::of::<R::Params>(),
        #[cfg(feature = "codegen")]
        result_type: Some(crate::types::Described::of::<R::Result>()),
    }
}

pub(crate) fn notification<N: Notification>(declaration: Declaration) -> Message
where
    N::Params: Describe,
{
    let Declaration { name, params, result, text, capability } = declaration;
    Message {
        name,
        method: N::METHOD.to_string(),
        kind: Kind::Notification,
        direction: N::MESSAGE_DIRECTION,
        params,
        result,
        capability,
        text,
        read_params: round_trip::<N::Params>,
        read_result: None,
        #[cfg(feature = "codegen")]
        params_type: crate::types::Described::of::<N::Params>(),
        #[cfg(feature = "codegen")]
        result_type: None,
    }
}

/// What the generators require of a message's types. Without them, any type will do.
#[cfg(feature = "codegen")]
pub(crate) use crate::types::Describe;

#[cfg(not(feature = "codegen"))]
pub(crate) trait Describe {}

#[cfg(not(feature = "codegen"))]
impl<T> Describe for T {}
