//! What comes from an editor.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::FutureExt;
use serde_json::Value;
use tokio::io::{AsyncRead, ReadBuf};

use super::pieces;
use crate::lsp::{Lifetime, decode};

/// The input: the bytes that a language client sends.
///
/// However they are cut into pieces on the way, the same messages come out, each a JSON-RPC message with a correct header, and these
/// come out unchanged if they come in again.
pub fn lsp(data: &[u8]) {
    let output = decoded(&[data]);
    check_messages(&output);
    // Cut where a text would be, with a byte for each.
    let bytes: String = data.iter().map(|byte| char::from(*byte)).collect();
    let mut rest = data;
    let mut cut = Vec::new();
    for piece in pieces(&bytes, 9) {
        let (piece, after) = rest.split_at(piece.chars().count());
        cut.push(piece);
        rest = after;
    }
    assert_eq!(decoded(&cut), output);
    assert_eq!(decoded(&[&output]), output);
}

fn decoded(pieces: &[&[u8]]) -> Vec<u8> {
    let mut output = Vec::new();
    let input = Pieces(pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| piece.to_vec()).collect());
    let lifetime = Lifetime::default();
    let decoding = decode(input, &mut output, &lifetime);
    decoding.now_or_never().expect("neither side makes it wait");
    output
}

fn check_messages(output: &[u8]) {
    let mut rest = output;
    while !rest.is_empty() {
        let header = rest.strip_prefix(b"Content-Length: ").expect("a header");
        let end = header.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("its end");
        let length = str::from_utf8(&header[..end]).ok().and_then(|length| length.parse().ok());
        let (body, after) = header[end + 4..].split_at(length.expect("a length"));
        let message: Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!(message["jsonrpc"], "2.0");
        let is_call = message["method"].is_string();
        assert!(is_call || message.get("result").is_some() || message.get("error").is_some(), "{message}");
        rest = after;
    }
}

/// Input that comes piece by piece.
struct Pieces(Vec<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if let Some(first) = self.0.first_mut() {
            let taken: Vec<u8> = first.drain(..first.len().min(buffer.remaining())).collect();
            buffer.put_slice(&taken);
            if first.is_empty() {
                self.0.remove(0);
            }
        }
        Poll::Ready(Ok(()))
    }
}
