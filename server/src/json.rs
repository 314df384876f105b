//! JSON as others write it, which is more than serde_json accepts.
//!
//! | what is written | by whom | as what it is read |
//! |---|---|---|
//! | bytes that are not UTF-8 | `jupyter_client`, for file names in another encoding (`surrogateescape`) | U+FFFD |
//! | half of a surrogate pair, `"\udce9"` | JavaScript, and Python where it escapes what is not ASCII | U+FFFD |
//! | a control character in a string | writers that escape quotes and nothing else | the character |
//! | `NaN`, `Infinity`, `-Infinity` | Python's `json` | a string with that text |
//! | a number that no `f64` holds, `10**400` | Python's `json` | a string with its digits |
//! | arrays and objects in more than [`MOST_LEVELS`] others | Python's `json` | a string with their JSON |
//!
//! Text that serde_json accepts costs nothing more. All other text is first made acceptable, in one pass without recursion, since
//! the sender chooses how deep it is.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// How many arrays and objects may stand in each other. serde_json reads 128; the difference lets others write what was read
/// into messages and files of their own.
pub(crate) const MOST_LEVELS: usize = 100;

/// Reads a value from text that anybody may have written.
///
/// # Errors
/// Serde's, if the text is not JSON in this wider sense either, or has another shape.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> serde_json::Result<T> {
    match serde_json::from_slice(text) {
        Err(error) if error.is_syntax() => serde_json::from_str(&acceptable(text)),
        read => read,
    }
}

/// The text in a form that serde_json accepts. What is not JSON in the wider sense either stays as it is.
pub(crate) fn acceptable(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut output = String::with_capacity(text.len());
    let (mut rest, mut levels) = (&*text, 0_usize);
    while let Some(token) = Token::first(rest) {
        let is_too_deep = matches!(token, Token::Open(_)) && levels == MOST_LEVELS;
        let length = if is_too_deep { value_length(rest) } else { token.text().len() };
        match token {
            Token::Open(_) if is_too_deep => push_quoted(&mut output, &rest[..length]),
            Token::String(string) => push_string(&mut output, string),
            Token::Scalar(number) if is_refused_number(number) => push_quoted(&mut output, number),
            _ => output.push_str(token.text()),
        }
        match token {
            Token::Open(_) if !is_too_deep => levels += 1,
            Token::Close(_) => levels = levels.saturating_sub(1),
            _ => {}
        }
        rest = &rest[length..];
    }
    output
}

/// The text with zeros and blanks in place of `NaN` and its like, so that each byte of the rest stays where it is. For readers
/// that are after nothing but strings, and their places.
pub(crate) fn without_odd_numbers(text: &str) -> String {
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(token) = Token::first(rest) {
        let text = token.text();
        match token {
            Token::Scalar(number) if is_refused_number(number) => {
                output.push('0');
                output.extend(std::iter::repeat_n(' ', number.len() - 1));
            }
            _ => output.push_str(text),
        }
        rest = &rest[text.len()..];
    }
    output
}

/// A piece of JSON text. Together the tokens are the whole text, whatever it is.
#[derive(Clone, Copy)]
enum Token<'a> {
    /// A string with its quotes; the last one may lack an end.
    String(&'a str),
    Open(&'a str),
    Close(&'a str),
    /// A number or a name.
    Scalar(&'a str),
    /// Blanks, commas, colons, and what has no place in JSON.
    Other(&'a str),
}

impl<'a> Token<'a> {
    /// The token that a text begins with; `None` for an empty text.
    fn first(text: &'a str) -> Option<Self> {
        let first = *text.as_bytes().first()?;
        let while_it = |is: fn(u8) -> bool| {
            // All bytes that tokens begin with are ASCII, so this is the border of a character.
            &text[..text.bytes().position(|byte| !is(byte)).unwrap_or(text.len())]
        };
        Some(match first {
            b'"' => Self::String(&text[..string_length(text)]),
            b'[' | b'{' => Self::Open(&text[..1]),
            b']' | b'}' => Self::Close(&text[..1]),
            byte if is_of_scalar(byte) => Self::Scalar(while_it(is_of_scalar)),
            _ => Self::Other(while_it(|byte| !is_of_scalar(byte) && !b"\"[]{}".contains(&byte))),
        })
    }

    fn text(self) -> &'a str {
        match self {
            Self::String(text)
            | Self::Open(text)
            | Self::Close(text)
            | Self::Scalar(text)
            | Self::Other(text) => text,
        }
    }
}

fn is_of_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)
}

/// Whether serde_json refuses what others take for a number.
fn is_refused_number(text: &str) -> bool {
    text.parse::<f64>().is_ok() && serde_json::from_str::<f64>(text).is_err()
}

/// The length in bytes of the string that a text begins with, its quotes included.
fn string_length(text: &str) -> usize {
    let mut at = 1;
    while let Some(found) = text.as_bytes().get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if text.as_bytes()[at] == b'"' {
            return at + 1;
        }
        // The escaped character may be a quote.
        at += 2;
    }
    text.len()
}

/// The length in bytes of the array or object that a text begins with.
fn value_length(text: &str) -> usize {
    let (mut at, mut levels) = (0, 0_usize);
    while let Some(token) = Token::first(&text[at..]) {
        at += token.text().len();
        match token {
            Token::Open(_) => levels += 1,
            Token::Close(_) if levels == 1 => break,
            Token::Close(_) => levels -= 1,
            _ => {}
        }
    }
    at
}

fn push_quoted(output: &mut String, text: &str) {
    output.push_str(&Value::from(text).to_string());
}

/// Pushes a JSON string without what serde_json refuses in one.
fn push_string(output: &mut String, string: &str) {
    let mut rest = string;
    while let Some(at) = rest.find(|c| c == '\\' || c < ' ') {
        let (plain, special) = rest.split_at(at);
        let (length, replacement) = match (code_unit(special), special.get(6..).and_then(code_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
            (Some(0xd800..=0xdfff), _) => (6, Some("\\ufffd".to_owned())),
            // Any other escape. `\\` is passed over as a whole, so that the text after it is not taken for an escape.
            _ if special.starts_with('\\') => {
                (1 + special[1..].chars().next().map_or(0, char::len_utf8), None)
            }
            _ => (1, Some(format!("\\u{:04x}", special.as_bytes()[0]))),
        };
        let (special, after) = special.split_at(length);
        output.push_str(plain);
        output.push_str(replacement.as_deref().unwrap_or(special));
        rest = after;
    }
    output.push_str(rest);
}

/// The code unit of a `\uXXXX` escape at the start of a text.
fn code_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(text: impl AsRef<[u8]>, expected: Expect) {
        let value: Value = read(text.as_ref()).expect("it is JSON in the wider sense");
        expected.assert_eq(&value.to_string());
    }

    /// `value` in so many arrays.
    fn nested(levels: usize, value: &str) -> String {
        format!("{}{value}{}", "[".repeat(levels), "]".repeat(levels))
    }

    #[test]
    fn bytes_that_are_not_utf_8_cost_only_themselves() {
        check(b"{\"text\": \"before\\ncaf\xe9\\nafter\"}", expect![[r#"{"text":"before\ncaf�\nafter"}"#]]);
    }

    #[test]
    fn halves_of_surrogate_pairs_are_replaced_and_pairs_are_not() {
        check(r#"["caf\udce9", "\ud83d\ude00 \\ud83d \ud83d"]"#, expect![[r#"["caf�","😀 \\ud83d �"]"#]]);
    }

    #[test]
    fn control_characters_in_strings_are_kept() {
        check("[\"one\ntwo\t\u{1}\"]", expect![[r#"["one\ntwo\t\u0001"]"#]]);
    }

    #[test]
    fn numbers_that_serde_refuses_are_strings() {
        check(
            "[NaN, Infinity, -Infinity, 1e999, -1e999, 1e308, true, null]",
            expect![[r#"["NaN","Infinity","-Infinity","1e999","-1e999",1e+308,true,null]"#]],
        );
        let long = format!("1{}", "0".repeat(400));
        let value: Value = read(format!("{{\"a\": {long}}}").as_bytes()).unwrap();
        assert_eq!(value["a"], long);
    }

    #[test]
    fn a_value_that_is_nested_too_deep_is_the_string_of_its_json() {
        let deep = nested(200, r#"{"a": "]\""}"#);
        let mut value: Value =
            read(format!(r#"{{"plain": "hi", "deep": {deep}, "after": 1}}"#).as_bytes()).unwrap();
        assert_eq!((&value["plain"], &value["after"]), (&Value::from("hi"), &Value::from(1)));
        let mut inner = value["deep"].take();
        for _ in 1..MOST_LEVELS {
            inner = inner[0].take();
        }
        assert_eq!(inner, nested(200 - (MOST_LEVELS - 1), r#"{"a": "]\""}"#));
    }

    #[test]
    fn a_million_levels_overflow_no_stack() {
        let text = nested(1_000_000, "1");
        assert!(read::<Value>(text.as_bytes()).unwrap().is_array());
        assert!(read::<Value>(&text.as_bytes()[..1_000_000]).is_err(), "its end is missing");
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for text in ["", "{", "[1,]", "{not json}", "\"no end", "\u{fffd}"] {
            assert!(read::<Value>(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn without_odd_numbers_each_string_stays_where_it_was() {
        let text = r#"{"a": NaN, "b": [-Infinity, "NaN"], "c": true}"#;
        let accepted = without_odd_numbers(text);
        assert_eq!(accepted, r#"{"a": 0  , "b": [0        , "NaN"], "c": true}"#);
        assert!(serde_json::from_str::<Value>(&accepted).is_ok());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e300..1e300).prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..6).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_accepts_is_not_changed(value in json()) {
            let text = value.to_string();
            prop_assert_eq!(&acceptable(text.as_bytes()), &text);
            prop_assert_eq!(&without_odd_numbers(&text), &text);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".*") {
            let _ = read::<Value>(&bytes);
            let _ = read::<Value>(text.as_bytes());
            prop_assert_eq!(without_odd_numbers(&text).len(), text.len());
        }

        #[test]
        fn a_byte_of_a_string_may_be_any(at in 0_usize..5, byte in any::<u8>()) {
            let mut text = *br#"["hello", 1]"#;
            text[2 + at] = byte;
            let expected = !b"\"\\".contains(&byte);
            prop_assert_eq!(read::<Value>(&text).is_ok(), expected || serde_json::from_slice::<Value>(&text).is_ok());
        }
    }
}
