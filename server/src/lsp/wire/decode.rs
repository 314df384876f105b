//! Between the client and tower-lsp: splits the input into messages, repairs what can be repaired, and passes on only
//! what tower-lsp can decode.
//!
//! tower-lsp ends the connection at the first message it cannot decode, and the user would lose all results. Such a
//! message is easily sent: JavaScript writes a lone half of a surrogate pair as `"\ud83d"`. Here it becomes U+FFFD;
//! messages that cannot be repaired are logged and skipped. This is also where the end of the input is noticed.

use std::io;

use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tower_lsp::jsonrpc::Error;

use super::lifetime::Lifetime;
use crate::json;

/// The longest line of a header.
const HEADER: u64 = 8 * 1024;

/// The longest body in bytes. What announces more is taken for a mistake: it would be waited for, and kept, for ever.
const LONGEST: u64 = 1 << 30;

/// What cannot be read as a message becomes a request of this method, so that it is answered: with its id, or `null` if that
/// cannot be read.
pub(in crate::lsp) const UNREADABLE: &str = "pxlens/unreadable";

/// Passes messages from `from` on to `to` until the client is gone, and then ends the lifetime.
pub(crate) async fn decode<R, W>(from: R, mut to: W, lifetime: &Lifetime)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut from = BufReader::new(from);
    let why = loop {
        let body = match next(&mut from).await {
            Ok(Some(body)) => body,
            Ok(None) => break "the client closed its end".to_owned(),
            Err(error) => break format!("reading from the client failed: {error}"),
        };
        let Some(body) = repair(body) else { continue };
        let header = format!("Content-Length: {}\r\n\r\n", body.len());
        if to.write_all(header.as_bytes()).await.is_err() || to.write_all(&body).await.is_err() {
            break "the server reads no more".to_owned();
        }
    };
    lifetime.end(&why);
}

/// The body of the next message; `None` at the end of the input.
async fn next(from: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length: Option<u64> = None;
    while let Some(line) = header_line(from).await? {
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        match (content_length(line), length) {
            (Some(announced), _) => {
                length = announced.parse().ok().filter(|length| *length <= LONGEST);
                if length.is_none() {
                    let announced: String = announced.chars().take(40).collect();
                    tracing::error!(
                        announced,
                        "the Content-Length of a message cannot be used, so the message is skipped"
                    );
                }
            }
            (None, Some(length)) if line.is_empty() => {
                let mut body = Vec::new();
                // The buffer grows with the input, so a header with a wrong length takes no memory.
                let read = from.take(length).read_to_end(&mut body).await?;
                let whole = u64::try_from(read).is_ok_and(|read| read == length);
                return Ok(whole.then_some(body));
            }
            // An empty line before any header, another header, or garbage: continue to the next header that matters.
            _ => {}
        }
    }
    Ok(None)
}

/// The next line; of one that is longer than any header, the end. `None` at the end of the input.
async fn header_line(from: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    while (&mut *from).take(HEADER).read_until(b'\n', &mut line).await? > 0 {
        if line.ends_with(b"\n") {
            return Ok(Some(line));
        }
        let too_much = line.len().saturating_sub(usize::try_from(HEADER).unwrap_or(usize::MAX));
        line.drain(..too_much);
    }
    Ok((!line.is_empty()).then_some(line))
}

/// What a line gives as the length of the next body.
///
/// The header need not stand at its beginning: if the body before it had a wrong length or none, the rest of that body does,
/// and without this no later message would be read.
fn content_length(line: &str) -> Option<&str> {
    const NAME: &str = "content-length";
    let at = line.to_ascii_lowercase().rfind(NAME)?;
    Some(line[at + NAME.len()..].trim_start().strip_prefix(':')?.trim())
}

/// A body that tower-lsp can decode, be it a request to answer that it cannot be read; `None` if there is nobody to answer.
fn repair(body: Vec<u8>) -> Option<Vec<u8>> {
    if body.is_empty() {
        return None;
    }
    let (body, message) = match serde_json::from_slice::<Value>(&body) {
        Ok(message) => (body, message),
        Err(error) => {
            let repaired = json::acceptable(&body);
            let Ok(message) = serde_json::from_str::<Value>(&repaired) else {
                tracing::error!(%error, "a message from the client is not JSON");
                return Some(unreadable(&Value::Null, Error::parse_error()));
            };
            tracing::warn!(%error, "a message from the client was repaired");
            (repaired.into_bytes(), message)
        }
    };
    if is_rpc(&message) {
        // Of a field that is there twice `Value` takes the last; tower-lsp would take neither.
        let is_plain = serde_json::from_slice::<Envelope>(&body).is_ok();
        return Some(if is_plain { body } else { message.to_string().into_bytes() });
    }
    tracing::error!("a message from the client is not JSON-RPC 2.0, or a batch");
    // A response is not answered.
    let is_response = message.get("result").or(message.get("error")).is_some();
    let id = message.get("id").filter(|id| is_id(id)).unwrap_or(&Value::Null);
    (!is_response).then(|| unreadable(id, Error::invalid_request()))
}

/// A request that is answered with this error.
fn unreadable(id: &Value, error: Error) -> Vec<u8> {
    let message = json!({ "jsonrpc": "2.0", "id": id, "method": UNREADABLE, "params": error });
    message.to_string().into_bytes()
}

/// The fields of a message, each at most once.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "only looked for")]
struct Envelope {
    jsonrpc: Option<IgnoredAny>,
    id: Option<IgnoredAny>,
    method: Option<IgnoredAny>,
    params: Option<IgnoredAny>,
    result: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

/// Whether tower-lsp can decode this as a request, a notification or a response.
fn is_rpc(message: &Value) -> bool {
    let id = message.get("id");
    let is_call = message.get("method").is_some_and(Value::is_string) && id.is_none_or(is_id);
    let answers = message.get("result").is_some()
        || message.get("error").is_some_and(|error| error["code"].is_i64() && error["message"].is_string());
    message["jsonrpc"] == "2.0" && (is_call || (id.is_some_and(is_id) && answers))
}

fn is_id(id: &Value) -> bool {
    id.is_string() || id.is_i64() || id.is_null()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(body: &str, expected: Expect) {
        let repaired = repair(body.as_bytes().to_vec());
        let repaired =
            repaired.map_or_else(|| "skipped".into(), |body| String::from_utf8_lossy(&body).into_owned());
        expected.assert_eq(&repaired);
    }

    #[test]
    fn what_serde_refuses_is_replaced() {
        check(
            r#"{"jsonrpc":"2.0","method":"m","params":"\ud83d x \ud83d\ude00 \\ud83d \udc00"}"#,
            expect![[r#"{"jsonrpc":"2.0","method":"m","params":"\ufffd x \ud83d\ude00 \\ud83d \ufffd"}"#]],
        );
    }

    #[test]
    fn of_a_field_that_is_there_twice_the_last_counts() {
        check(
            r#"{"jsonrpc":"2.0","id":88,"id":89,"method":"m","params":{"a":1,"a":2}}"#,
            expect![[r#"{"id":89,"jsonrpc":"2.0","method":"m","params":{"a":2}}"#]],
        );
        check(
            r#"{"jsonrpc":"2.0","method":"m","params":{"a":1,"a":2}}"#,
            expect![[r#"{"jsonrpc":"2.0","method":"m","params":{"a":1,"a":2}}"#]],
        );
    }

    #[test]
    fn invalid_messages_are_answered_with_their_id_if_it_can_be_read_and_invalid_responses_are_skipped() {
        check(
            "{not json",
            expect![[
                r#"{"id":null,"jsonrpc":"2.0","method":"pxlens/unreadable","params":{"code":-32700,"message":"Parse error"}}"#
            ]],
        );
        for body in ["[1]", "[]", "{}", r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#] {
            check(
                body,
                expect![[
                    r#"{"id":null,"jsonrpc":"2.0","method":"pxlens/unreadable","params":{"code":-32600,"message":"Invalid request"}}"#
                ]],
            );
        }
        check(
            r#"{"jsonrpc":"1.0","id":7,"method":"m"}"#,
            expect![[
                r#"{"id":7,"jsonrpc":"2.0","method":"pxlens/unreadable","params":{"code":-32600,"message":"Invalid request"}}"#
            ]],
        );
        check(r#"{"jsonrpc":"2.0","id":7,"error":{}}"#, expect!["skipped"]);
    }

    #[test]
    fn valid_messages_pass_unchanged() {
        for body in [
            r#"{"jsonrpc":"2.0","id":"a","method":"m","params":[null]}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#,
        ] {
            assert_eq!(repair(body.as_bytes().to_vec()).as_deref(), Some(body.as_bytes()));
        }
    }

    async fn decoded(input: &[u8]) -> String {
        let mut output = Vec::new();
        decode(input, &mut output, &Lifetime::default()).await;
        String::from_utf8_lossy(&output).into_owned()
    }

    #[tokio::test]
    async fn headers_are_read_leniently_and_a_short_body_ends_the_input() {
        let body = r#"{"jsonrpc":"2.0","method":"m"}"#;
        let length = body.len();
        let input = format!(
            "content-LENGTH : {length}\r\nContent-Type: x\r\nX: y\r\n\r\n{body}rubbish\r\nContent-Length: {length}\n\n{body}"
        );
        let one = format!("Content-Length: {length}\r\n\r\n{body}");
        assert_eq!(decoded(input.as_bytes()).await, format!("{one}{one}"));
        assert_eq!(decoded(b"Content-Length: 100000000000000\r\n\r\n{").await, "");
    }

    #[tokio::test]
    async fn after_a_length_that_is_none_the_next_message_is_read() {
        let body = r#"{"jsonrpc":"2.0","method":"m"}"#;
        let good = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let long = format!(r#"{{"jsonrpc":"2.0","method":"m","params":"{}"}}"#, "x".repeat(100_000));
        for wrong in ["-1", "-30", "x", "", "1e3", "30 bytes", "99999999999999999999", "2000000000"] {
            for skipped in [body, &long, "", "{\n\n}", "Content-Length"] {
                let input = format!("Content-Length: {wrong}\r\n\r\n{skipped}{good}{good}");
                assert_eq!(decoded(input.as_bytes()).await, format!("{good}{good}"), "{wrong:?}");
            }
        }
        // Too small, as where characters are counted instead of bytes: the rest of the body stands before the next header.
        let input = format!("Content-Length: {}\r\n\r\n{body}{good}", body.len() - 3);
        let answered = String::from_utf8_lossy(&unreadable(&Value::Null, Error::parse_error())).into_owned();
        let answered = format!("Content-Length: {}\r\n\r\n{answered}", answered.len());
        assert_eq!(decoded(input.as_bytes()).await, format!("{answered}{good}"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = repair(bytes);
            let _ = repair(text.into_bytes());
        }
    }
}
