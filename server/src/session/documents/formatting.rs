//! What a formatter leaves of code.

/// Whether code is the same but for its formatting.
pub(super) fn is_formatted(one: &str, other: &str) -> bool {
    one == other || without_formatting(one.chars()).eq(without_formatting(other.chars()))
}

/// The characters of code that a formatter keeps.
fn without_formatting(code: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    code.filter(|c| !c.is_whitespace()).map(|c| if c == '\'' { '"' } else { c })
}
