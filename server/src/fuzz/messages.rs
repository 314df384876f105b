//! Jupyter messages: their frames, and what is in them.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::SEPARATOR;
use crate::{
    json,
    jupyter::{
        Header, Message, ParentHeader, Signer, SigningError,
        content::{
            ClearOutput, DisplayData, ErrorContent, ExecuteInput, ExecuteReply, ExecuteResult, Status,
            Stream, UsageReply,
        },
        decode, encode,
    },
};

/// The input: frames with [`SEPARATOR`] between them.
///
/// What is decoded is the same once it is encoded and decoded again. Signed frames are accepted with their signature, and with no
/// bit of it or of them changed.
pub fn frames(data: &[u8]) {
    let frames: Vec<Bytes> = data.split(|byte| *byte == SEPARATOR).map(Bytes::copy_from_slice).collect();
    let unsigned = signer("");
    let signed = signer("a-key");
    let decoded = decode(&unsigned, frames.clone());
    if let Ok(message) = &decoded {
        check_encoding(&unsigned, message);
        check_encoding(&signed, message);
    }
    let Some(at) = frames.iter().position(|frame| frame.as_ref() == b"<IDS|MSG>") else {
        assert!(decoded.is_err());
        return;
    };
    let Some(parts) = frames.get(at + 2..at + 6) else { return assert!(decoded.is_err()) };
    let parts: [&[u8]; 4] = [&parts[0], &parts[1], &parts[2], &parts[3]];
    let signature = signed.sign(parts);
    assert_eq!(signed.verify(signature.as_bytes(), parts), Ok(()));
    assert_eq!(signer("another key").verify(signature.as_bytes(), parts), Err(SigningError::Mismatch));
    if frames[at + 1] != signature.to_uppercase() && frames[at + 1] != signature {
        assert!(decode(&signed, frames.clone()).is_err());
    }
    let mut again = frames.clone();
    again[at + 1] = Bytes::from(signature.clone());
    assert_eq!(decode(&signed, again).is_ok(), decoded.is_ok());
    for changed in 0..4 {
        let mut bytes = parts[changed].to_vec();
        let Some(byte) = bytes.first_mut() else { continue };
        *byte ^= 1;
        let mut others = parts;
        others[changed] = &bytes;
        assert_eq!(signed.verify(signature.as_bytes(), others), Err(SigningError::Mismatch));
    }
}

fn signer(key: &str) -> Signer {
    Signer::new("hmac-sha256", key).expect("the scheme is known")
}

fn check_encoding(signer: &Signer, message: &Message) {
    let prefix: Vec<&[u8]> = message.prefix.iter().map(Bytes::as_ref).collect();
    let metadata = String::from_utf8_lossy(&message.metadata);
    let frames = encode(signer, &prefix, &message.header, &metadata, message.content.clone());
    let again = decode(signer, frames).expect("what was encoded is decoded");
    assert_eq!((&again.prefix, &again.header), (&message.prefix, &message.header));
    assert_eq!((&again.parent, again.metadata.as_ref()), (&ParentHeader::default(), metadata.as_bytes()));
    assert_eq!(again.content, message.content);
}

/// The input: the JSON of a header or of a content, as an engine might send it.
///
/// What serde_json reads is read as the same; what is read beyond that can be written, and read by serde_json.
pub fn messages(data: &[u8]) {
    let plain: Result<Value, _> = serde_json::from_slice(data);
    let read: Result<Value, _> = json::read(data);
    match (&plain, &read) {
        (Ok(plain), read) => assert_eq!(Some(plain), read.as_ref().ok()),
        (Err(_), Ok(value)) => {
            let written = value.to_string();
            let again: Value = serde_json::from_str(&written).expect("others read what was written");
            assert_eq!(shape(again), shape(value.clone()));
        }
        (Err(_), Err(_)) => {}
    }
    if let Ok(text) = std::str::from_utf8(data) {
        // What is nested deeper than that is shortened, if something else makes it necessary to look at the text.
        if plain.as_ref().is_ok_and(|value| levels(value) <= json::MOST_LEVELS) {
            assert_eq!(json::acceptable(data), text);
        }
        let same_length = json::without_odd_numbers(text);
        assert_eq!(same_length.len(), text.len());
    }
    content::<Header>(data).iter().for_each(check_round_trip);
    content::<ParentHeader>(data).iter().for_each(check_round_trip);
    content::<ErrorContent>(data).iter().for_each(check_round_trip);
    let _ = (content::<ExecuteReply>(data), content::<UsageReply>(data), content::<Status>(data));
    let _ = (content::<Stream>(data), content::<DisplayData>(data), content::<ExecuteResult>(data));
    let _ = (content::<ClearOutput>(data), content::<ExecuteInput>(data));
}

fn content<T: DeserializeOwned>(data: &[u8]) -> Option<T> {
    json::read(data).ok()
}

fn check_round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_vec(value).expect("it can be written");
    assert_eq!(&content::<T>(&text).expect("what was written is read"), value);
}

/// How many arrays and objects stand in each other.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(levels).max().unwrap_or_default(),
        Value::Object(map) => 1 + map.values().map(levels).max().unwrap_or_default(),
        _ => 0,
    }
}

/// The value with zeros for its fractions: their last digit may change on the way.
fn shape(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => Value::from(0),
        Value::Array(values) => values.into_iter().map(shape).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, shape(value))).collect(),
        other => other,
    }
}
