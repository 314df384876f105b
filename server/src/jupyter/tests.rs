//! Framing and signing, against what a real cluster said and against each other.

use std::path::PathBuf;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn golden(name: &str) -> String {
    let folder = std::env::var_os("PXLENS_GOLDEN").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden")),
        PathBuf::from,
    );
    let path = folder.join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The frames of every recorded message, with the socket it went over, and the key they were signed with.
fn raw_frames() -> (Signer, Vec<(String, Vec<Bytes>)>) {
    let text = golden("wire/raw_frames.jsonl");
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let key = lines.next().unwrap();
    let signer =
        Signer::new(key["signature_scheme"].as_str().unwrap(), key["key"].as_str().unwrap()).unwrap();
    let messages = lines.map(|line| {
        let frame = |frame: &Value| Bytes::from(BASE64_STANDARD.decode(frame.as_str().unwrap()).unwrap());
        let frames = line["frames_b64"].as_array().unwrap().iter().map(frame).collect();
        (line["socket"].as_str().unwrap().to_owned(), frames)
    });
    (signer, messages.collect())
}

#[test]
fn golden_raw_frames_decode_and_their_signatures_fit() {
    let (signer, messages) = raw_frames();
    assert_eq!(messages.len(), 148);
    for (socket, frames) in messages {
        let message = decode(&signer, frames).unwrap_or_else(|error| panic!("{socket}: {error}"));
        // To and from engines the uuid goes ahead, iopub has a topic, and the Hub nothing.
        let expected = usize::from(matches!(socket.as_str(), "mux" | "control" | "iopub"));
        assert_eq!(message.prefix.len(), expected, "{socket} {}", message.header.msg_type);
        assert!(!message.header.msg_id.0.is_empty());
    }
}

#[test]
fn golden_raw_frames_with_one_bit_changed_are_refused() {
    let (signer, messages) = raw_frames();
    for (socket, mut frames) in messages {
        // Not the last frame: buffers are not signed.
        let content = 5 + frames.iter().position(|frame| frame.as_ref() == b"<IDS|MSG>").unwrap();
        let mut changed = frames[content].to_vec();
        changed[0] ^= 1;
        frames[content] = changed.into();
        let refused = decode(&signer, frames);
        assert!(matches!(refused, Err(FrameError::Signature(SigningError::Mismatch))), "{socket}");
    }
}

fn header(msg_id: &str) -> Header {
    Header {
        msg_id: msg_id.into(),
        msg_type: "execute_request".into(),
        session: "s".into(),
        username: "u".into(),
        date: "2026-11-22T15:35:59.931177Z".into(),
        version: "5.3".into(),
    }
}

#[test]
fn an_empty_key_signs_with_nothing_and_checks_nothing() {
    let signer = Signer::new("hmac-sha256", "").unwrap();
    let mut frames = encode(&signer, &[b"engine"], &header("1"), "{}", Bytes::from_static(b"{}"));
    assert!(frames[2].is_empty());
    frames[2] = Bytes::from_static(b"anything");
    assert_eq!(decode(&signer, frames).unwrap().prefix, [b"engine".as_slice()]);
}

#[test]
fn what_is_no_message_says_why() {
    let signer = Signer::new("hmac-sha256", "key").unwrap();
    let frames = encode(&signer, &[], &header("1"), "{}", Bytes::from_static(b"{}"));
    let why = |frames: Vec<Bytes>| decode(&signer, frames).unwrap_err().to_string();
    assert_eq!(why(Vec::new()), "no <IDS|MSG> frame among 0 frames");
    assert_eq!(why(frames[1..].to_vec()), "no <IDS|MSG> frame among 5 frames");
    assert_eq!(why(frames[..5].to_vec()), "only 4 frames after <IDS|MSG>, 5 are needed");
    let other = Signer::new("hmac-sha256", "another key").unwrap();
    assert_eq!(decode(&other, frames).unwrap_err().to_string(), "the signature does not match");
    let signature = signer.sign([b"[]", b"{}", b"{}", b"{}"]);
    let unreadable = [b"<IDS|MSG>".as_slice(), signature.as_bytes(), b"[]", b"{}", b"{}", b"{}"];
    let text = why(unreadable.map(Bytes::copy_from_slice).to_vec());
    assert!(text.starts_with("unreadable header: "), "{text}");
}

#[test]
fn a_signer_does_not_show_its_key() {
    let signer = Signer::new("hmac-sha256", "b87ce583").unwrap();
    assert!(!format!("{signer:?}").contains("b87"));
    assert!(Signer::new("hmac-md5", "b87ce583").is_err());
}

proptest! {
    #[test]
    fn decoding_gives_back_what_was_encoded(
        key in ".{0,20}",
        prefix in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..3),
        id in ".{1,30}",
        content in ".{0,200}",
    ) {
        prop_assume!(prefix.iter().all(|frame| frame != b"<IDS|MSG>"));
        let signer = Signer::new("hmac-sha256", &key).unwrap();
        let prefix: Vec<&[u8]> = prefix.iter().map(Vec::as_slice).collect();
        let header = header(&id);
        let frames = encode(&signer, &prefix, &header, "{}", content.clone().into());
        let message = decode(&signer, frames).unwrap();
        prop_assert_eq!(message.prefix, prefix);
        prop_assert_eq!(message.header, header);
        prop_assert_eq!(message.content, content.as_bytes());
        prop_assert_eq!(message.parent, ParentHeader::default());
    }

    #[test]
    fn frames_of_any_kind_never_panic(frames in prop::collection::vec(prop_oneof![
        Just(b"<IDS|MSG>".to_vec()),
        Just(b"{}".to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ], 0..10)) {
        let signer = Signer::new("hmac-sha256", "").unwrap();
        let _ = decode(&signer, frames.into_iter().map(Bytes::from).collect());
    }
}

#[test]
fn a_counter_that_code_has_bent_loses_no_message() {
    for count in [json!(-1), json!(1.5), json!("3"), json!(null), json!(u64::MAX)] {
        let ok = json!({"status": "ok", "execution_count": count});
        let ok: content::ExecuteReply = serde_json::from_value(ok).unwrap();
        assert!(matches!(ok, content::ExecuteReply::Ok { execution_count: None, .. }), "{count}");
        let error = json!({"status": "error", "ename": "E", "execution_count": count});
        let error: content::ExecuteReply = serde_json::from_value(error).unwrap();
        assert!(matches!(error, content::ExecuteReply::Error { execution_count: None, .. }), "{count}");
        let result = json!({"data": {"text/plain": "1"}, "execution_count": count});
        let result: content::ExecuteResult = serde_json::from_value(result).unwrap();
        assert_eq!(result.execution_count, 0, "{count}");
    }
}
