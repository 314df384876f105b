//! Lines as Python's `str.splitlines` makes them, which is how jupytext and IPython see a text: they end also at form feeds
//! and at Unicode's separators. And what Python takes for white space.

/// The line that begins at a byte of a text, without its end, and the first byte behind that end; `None` at the text's end.
pub(crate) fn line_at(text: &str, at: usize) -> Option<(&str, usize)> {
    let bytes = text.as_bytes();
    if at >= bytes.len() {
        return None;
    }
    let mut end = at;
    while end < bytes.len() {
        let length = separator(&bytes[end..]);
        if length > 0 {
            return Some((&text[at..end], end + length));
        }
        end += 1;
    }
    Some((&text[at..], bytes.len()))
}

/// The length of what ends a line, if bytes begin with that.
fn separator(bytes: &[u8]) -> usize {
    match bytes[0] {
        // All but a handful of bytes end here.
        b' '..=0xc1 | 0xc3..=0xe1 | 0xe3.. => 0,
        b'\r' if bytes.get(1) == Some(&b'\n') => 2,
        b'\n' | b'\r' | 0x0b | 0x0c | 0x1c..=0x1e => 1,
        0xc2 if bytes.get(1) == Some(&0x85) => 2,
        0xe2 if matches!(bytes.get(1..3), Some([0x80, 0xa8 | 0xa9])) => 3,
        _ => 0,
    }
}

/// Whether Python takes a character for white space.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// Whether a line holds white space alone, or nothing.
pub(crate) fn is_blank(line: &str) -> bool {
    line.chars().all(is_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_python_ends_them() {
        let text = "a\r\nb\rc\n\nd\x0ce\u{85}f\u{2028}g\u{2029}h\x1ci\x1fé\u{a0}";
        let mut at = 0;
        let lines = std::iter::from_fn(|| {
            let (line, next) = line_at(text, at)?;
            at = next;
            Some(line)
        });
        let found: Vec<&str> = lines.collect();
        assert_eq!(found, ["a", "b", "c", "", "d", "e", "f", "g", "h", "i\x1fé\u{a0}"]);
        assert!(is_blank(" \t\x1f\u{a0}") && !is_blank(" x"));
    }
}
