//! The connection info of a bound kernel: found in what the engine printed, checked, and turned into a connection file.

use std::{fmt, net::IpAddr};

use serde_json::{Map, Value};

use crate::engines::EngineUuid;

/// Fields that pxlens adds to a connection file; front ends ignore them.
const ENGINE: &str = "pxlens_engine";
const HOST: &str = "pxlens_host";

const PORTS: [&str; 5] = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"];

/// The connection info of a kernel. `Debug` does not show the key.
#[derive(Clone, PartialEq)]
pub(super) struct KernelInfo {
    /// The engine's fields, and those that pxlens adds.
    fields: Map<String, Value>,
}

impl fmt::Debug for KernelInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &str| self.fields.get(name).map(Value::to_string).unwrap_or_default();
        f.debug_struct("KernelInfo")
            .field("ip", &shown("ip"))
            .field("engine", &shown(ENGINE))
            .finish_non_exhaustive()
    }
}

impl KernelInfo {
    /// The first connection info in a text: `%connect_info` prints advice around it, and start-up files anything.
    pub(super) fn find(text: &str, engine: EngineUuid, host: Option<&str>) -> Option<Self> {
        text.match_indices('{').find_map(|(at, _)| {
            let value = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>().next()?.ok()?;
            let mut info = Self::check(value)?;
            info.fields.insert(ENGINE.to_owned(), engine.as_str().into());
            if let Some(host) = host {
                info.fields.insert(HOST.to_owned(), host.into());
            }
            Some(info)
        })
    }

    /// Reads a file that [`Self::to_file`] made.
    pub(super) fn from_file(text: &str) -> Option<Self> {
        Self::check(serde_json::from_str(text).ok()?).filter(|info| info.fields.contains_key(ENGINE))
    }

    fn check(value: Value) -> Option<Self> {
        let Value::Object(fields) = value else { return None };
        let port = |name: &str| {
            fields.get(name).and_then(Value::as_u64).is_some_and(|port| (1..=65535).contains(&port))
        };
        let text = |name: &str| fields.get(name).is_some_and(Value::is_string);
        let whole = PORTS.iter().all(|name| port(name)) && text("key") && text("ip");
        whole.then_some(Self { fields })
    }

    /// Whether it is the kernel of this engine: an engine that came later under the same number has another uuid.
    pub(super) fn is_of(&self, engine: &EngineUuid) -> bool {
        self.text(ENGINE) == Some(engine.as_str())
    }

    /// The connection file.
    pub(super) fn to_file(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.fields).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The machine to tunnel to: another one than this, on which the kernel listens for itself alone.
    pub(super) fn needs_tunnel(&self, here: Option<&str>) -> Option<String> {
        let host = self.text(HOST).filter(|host| is_host(host))?;
        let ip = self.text("ip")?;
        let is_loopback = ip == "localhost" || ip.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        (is_loopback && here.is_some_and(|here| !here.eq_ignore_ascii_case(host))).then(|| host.to_owned())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }
}

/// Whether a text can be the name of a machine: it becomes an argument of a command.
fn is_host(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    !text.is_empty() && !text.starts_with('-') && text.chars().all(fits)
}
