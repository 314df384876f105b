//! Connection files.

use serde_json::Value;

use crate::{
    cluster::{ConnectionInfo, transport::Channel},
    json,
};

/// The input: the content of a connection file.
///
/// What is accepted leads to ports of this machine and signs messages; neither it nor an error shows the key.
pub fn connections(data: &[u8]) {
    let result = ConnectionInfo::of_bytes(data);
    let shown = match &result {
        Ok(info) => format!("{info:?} {}", info.warning().unwrap_or_default()),
        Err(error) => format!("{error} {error:?}"),
    };
    if let Ok(info) = &result {
        for channel in Channel::ALL {
            let address = info.address(channel);
            assert!(address.ip().is_loopback() && address.port() > 0, "{address}");
        }
        let signature = info.signer().sign([b"{}"; 4]);
        assert_eq!(info.signer().verify(signature.as_bytes(), [b"{}"; 4]), Ok(()));
    }
    let Ok(Value::Object(file)) = json::read::<Value>(data) else { return };
    let Some(key) = file.get("key").and_then(Value::as_str) else { return };
    // A key that is a piece of another value, or a word of pxlens' own, is shown as that.
    let others = file.iter().filter(|(name, _)| *name != "key");
    let elsewhere =
        others.fold(OWN_WORDS.to_owned(), |all, (name, value)| format!("{all} {name} {value} {value:?}"));
    if key.len() >= 8 && !elsewhere.contains(key) {
        assert!(!shown.contains(key) && !shown.contains(&format!("{key:?}")), "{shown}");
    }
}

/// What an error and an accepted file have in common with no key that anybody chooses.
const OWN_WORDS: &str = "ConnectionInfo BadValue MissingKeys registration notification interface \
                         not a port number; the file for clients is ipcontroller-client.json, not -engine.json";
