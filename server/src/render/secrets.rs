//! The key of a kernel's connection info, hidden in what is shown beside the code.
//!
//! Whoever runs `%px %connect_info` gets the key in their own output. The shell and the text of `px/result` keep what the
//! engines printed, since that is what was asked for; hovers, lines beside the code, blocks and diagnostics come up by
//! themselves, are seen by whoever looks over a shoulder, and do not show it.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use regex::{Captures, Regex};

/// What stands in the key's place.
const HIDDEN: &str = "hidden";

/// How far from a key the words of a connection info may stand, in bytes.
const NEAR: usize = 1500;

/// Words that nothing but a connection info has together with a key.
const WORDS: [&str; 4] = ["shell_port", "iopub_port", "hb_port", "signature_scheme"];

/// `"key": "…"` in JSON or Python, also inside another string; a value that was cut off ends with its line.
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?P<name>\\?["']key\\?["']\s*:\s*b?\\?["'])(?P<value>[^"'\\\n]+)"#)
        .expect("it is constant, and tested")
});

/// A text of several lines, without the keys that stand near other words of a connection info.
pub(crate) fn without_keys(text: &str) -> Cow<'_, str> {
    if !WORDS.iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(text);
    }
    mask(text, |at, _| WORDS.iter().any(|word| around(text, &at).contains(word)))
}

/// A line, which may be the only one of a connection info that is shown, without what looks like a kernel's key: 16 or
/// more hexadecimal digits, with dashes or underscores.
pub(crate) fn without_key(line: &str) -> Cow<'_, str> {
    if !line.contains("key") {
        return Cow::Borrowed(line);
    }
    let has_words = WORDS.iter().any(|word| line.contains(word));
    mask(line, |_, value| has_words || looks_like_one(value))
}

fn mask(text: &str, is_secret: impl Fn(Range<usize>, &str) -> bool) -> Cow<'_, str> {
    KEY.replace_all(text, |found: &Captures<'_>| {
        let value = found.name("value").expect("the pattern has it");
        let shown = if !is_secret(value.range(), value.as_str()) {
            value.as_str().to_owned()
        } else if value.len() < HIDDEN.len() {
            // What is limited in length stays within its limit.
            "*".repeat(value.len())
        } else {
            HIDDEN.to_owned()
        };
        format!("{}{shown}", &found["name"])
    })
}

fn looks_like_one(value: &str) -> bool {
    // A line that was cut ends with a mark.
    let value = value.trim_end_matches('…');
    let digits = value.chars().filter(char::is_ascii_hexdigit).count();
    digits >= 16 && value.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | '_'))
}

fn around<'a>(text: &'a str, at: &Range<usize>) -> &'a str {
    let mut start = at.start.saturating_sub(NEAR);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (at.end + NEAR).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{GroupBy, Limits, block, inline, markdown, sample::Sample, terminal};

    const SECRET: &str = "eee2dd69-7dd3-4340-bf3e-7e2e22a62542";

    fn info() -> String {
        format!(
            "{{\n  \"shell_port\": 1,\n  \"ip\": \"127.0.0.1\",\n  \"key\": \"{SECRET}\",\n  \"transport\": \"tcp\",\n  \
             \"signature_scheme\": \"hmac-sha256\"\n}}\n"
        )
    }

    #[test]
    fn the_key_of_a_connection_info_is_hidden_however_it_is_written() {
        let written = [
            info(),
            format!("{{'shell_port': 1, 'key': b'{SECRET}'}}"),
            format!("'{{\\\"shell_port\\\": 1, \\\"key\\\": \\\"{SECRET}\\\"}}'"),
            format!("{{\"key\":\"{SECRET}"),
        ];
        for text in written {
            assert!(!without_key(&text).contains(SECRET), "{text}");
            assert!(text.ends_with(SECRET) || !without_keys(&text).contains(SECRET), "{text}");
        }
        assert_eq!(without_keys(&info()), info().replace(SECRET, HIDDEN), "nothing else is touched");
        assert_eq!(without_key(&format!("  \"key\": \"{}…", &SECRET[..20])), "  \"key\": \"hidden");
    }

    #[test]
    fn other_keys_are_data() {
        for text in
            ["{\"key\": \"abc\"}", "key: eee2dd69-7dd3-4340", "{\"key\": \"not a port\", \"port\": 1}"]
        {
            assert_eq!((without_keys(text), without_key(text)), (text.into(), text.into()));
        }
        let far = format!("{{\"key\": \"mine\"}}{}shell_port", "é".repeat(NEAR));
        assert_eq!(without_keys(&far), far);
    }

    #[test]
    fn what_is_shown_beside_the_code_hides_it_and_the_terminal_shows_what_was_printed() {
        let run = Sample::new(2).stdout(0, &info()).stdout(1, &info()).all_ok().run();
        let last = Sample::new(1).stdout(0, &format!("  \"key\": \"{SECRET}\",\n")).all_ok().run();
        for by in [GroupBy::Fold, GroupBy::Type, GroupBy::Engine, GroupBy::Order] {
            let page = markdown(&run, by, Limits::default());
            assert!(page.contains("\"key\": \"hidden\"") && !page.contains(SECRET), "{page}");
            let lines: String =
                block(&run, by, Limits::default()).iter().map(|line| line.text() + "\n").collect();
            assert!(lines.contains("\"key\": \"hidden\"") && !lines.contains(SECRET), "{lines}");
            assert!(terminal(&run, by, crate::render::Style::default()).contains(SECRET));
        }
        let line = inline(&last, last.created).text;
        assert!(line.contains("\"key\"") && !line.contains(&SECRET[..8]), "{line}");
    }
}
