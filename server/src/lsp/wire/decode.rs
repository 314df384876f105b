//! Between the client and tower-lsp: takes messages apart, mends what can be mended, and lets through only what tower-lsp
//! can read.
//!
//! tower-lsp ends the conversation at the first message it cannot decode, and with it every result the user has. One such
//! message comes easily: a lone half of a surrogate pair, which JavaScript writes as `"\ud83d"`. Here it becomes U+FFFD;
//! what is beyond mending is logged and left out. Also the place that notices the end of the input.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::lifetime::Lifetime;

/// The longest line of a header.
const HEADER: u64 = 8 * 1024;

/// A method nobody has: what a request becomes whose id can be read and nothing else, so that it is answered.
const UNREADABLE: &str = "pxlens/unreadable";

/// Passes messages on from `from` to `to` until the client is gone, which the lifetime is told.
pub(in crate::lsp) async fn decode<R, W>(from: R, mut to: W, lifetime: &Lifetime)
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
        let Some(body) = mend(body) else { continue };
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
    loop {
        let mut line = Vec::new();
        (&mut *from).take(HEADER).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        match (line.split_once(':'), length) {
            (Some((name, value)), _) if name.trim().eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
            }
            (None, Some(length)) if line.is_empty() => {
                let mut body = Vec::new();
                // Grows with what comes: a header that lies about its length takes no memory.
                let read = from.take(length).read_to_end(&mut body).await?;
                let whole = u64::try_from(read).is_ok_and(|read| read == length);
                return Ok(whole.then_some(body));
            }
            // An empty line before any header, another header, or rubbish: read on to the next header that counts.
            _ => {}
        }
    }
}

/// A body that tower-lsp can read; `None` for what is beyond mending.
fn mend(body: Vec<u8>) -> Option<Vec<u8>> {
    if body.is_empty() {
        return None;
    }
    let (body, message) = match serde_json::from_slice::<Value>(&body) {
        Ok(message) => (body, message),
        Err(error) => {
            let mended = without_lone_surrogates(&String::from_utf8_lossy(&body));
            let Ok(message) = serde_json::from_str::<Value>(&mended) else {
                tracing::error!(%error, "a message of the client is no JSON and is left out");
                return None;
            };
            tracing::warn!(%error, "a message of the client was mended");
            (mended.into_bytes(), message)
        }
    };
    if is_rpc(&message) {
        return Some(body);
    }
    tracing::error!("a message of the client is no JSON-RPC 2.0 and is left out");
    let id = message.get("id").filter(|id| is_id(id) && !id.is_null())?;
    Some(serde_json::json!({ "jsonrpc": "2.0", "id": id, "method": UNREADABLE }).to_string().into_bytes())
}

/// Whether this is a request, a notification or a response, as tower-lsp reads them.
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

/// JSON text in which halves of surrogate pairs that stand alone are U+FFFD.
fn without_lone_surrogates(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match (half(rest), rest.get(6..).and_then(half)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            // Any other escape; `\\` is taken whole, so that what follows it is not read as one.
            _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    mended.push_str(rest);
    mended
}

/// The code unit of a `\uXXXX` at the beginning of a text.
fn half(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(body: &str, expected: Expect) {
        let mended = mend(body.as_bytes().to_vec());
        let mended =
            mended.map_or_else(|| "left out".into(), |body| String::from_utf8_lossy(&body).into_owned());
        expected.assert_eq(&mended);
    }

    #[test]
    fn lone_surrogates_are_mended_and_pairs_left_alone() {
        check(
            r#"{"jsonrpc":"2.0","method":"m","params":"\ud83d x \ud83d\ude00 \\ud83d \udc00"}"#,
            expect![[r#"{"jsonrpc":"2.0","method":"m","params":"\ufffd x \ud83d\ude00 \\ud83d \ufffd"}"#]],
        );
    }

    #[test]
    fn what_is_no_message_is_left_out_and_answered_where_it_has_an_id() {
        check("{not json", expect!["left out"]);
        check("[1]", expect!["left out"]);
        check("{}", expect!["left out"]);
        check(r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, expect!["left out"]);
        check(
            r#"{"jsonrpc":"1.0","id":7,"method":"m"}"#,
            expect![[r#"{"id":7,"jsonrpc":"2.0","method":"pxlens/unreadable"}"#]],
        );
    }

    #[test]
    fn messages_pass_as_they_are() {
        for body in [
            r#"{"jsonrpc":"2.0","id":"a","method":"m","params":[null]}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}"#,
        ] {
            assert_eq!(mend(body.as_bytes().to_vec()).as_deref(), Some(body.as_bytes()));
        }
    }

    async fn strained(input: &[u8]) -> String {
        let mut output = Vec::new();
        decode(input, &mut output, &Lifetime::default()).await;
        String::from_utf8_lossy(&output).into_owned()
    }

    #[tokio::test]
    async fn headers_may_be_written_in_any_way_and_a_short_body_ends_the_input() {
        let body = r#"{"jsonrpc":"2.0","method":"m"}"#;
        let length = body.len();
        let input = format!(
            "content-LENGTH : {length}\r\nContent-Type: x\r\nX: y\r\n\r\n{body}rubbish\r\nContent-Length: {length}\n\n{body}"
        );
        let one = format!("Content-Length: {length}\r\n\r\n{body}");
        assert_eq!(strained(input.as_bytes()).await, format!("{one}{one}"));
        assert_eq!(strained(b"Content-Length: 100000000000000\r\n\r\n{").await, "");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = without_lone_surrogates(&text);
            let _ = mend(bytes);
            let _ = mend(text.into_bytes());
        }
    }
}
