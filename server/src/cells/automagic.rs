//! Lines that IPython's automagic takes for px magics: `px print(1)`, `autopx`. pxlens runs none of them, since they are
//! magics only where no variable has that name and the line is all of its cell; it says so.

use super::magic::MagicKind;

/// Words with which Python goes on behind a value.
const OPERATORS: [&str; 8] = ["and", "else", "for", "if", "in", "is", "not", "or"];

/// The name that a statement begins with, if it reads as a px magic without its percent sign, and as no Python that
/// somebody would write.
pub(super) fn name(statement: &str) -> Option<&str> {
    let is_of_name = |c: char| c == '_' || c.is_alphanumeric();
    let (name, rest) = statement.split_at(statement.find(|c| !is_of_name(c)).unwrap_or(statement.len()));
    let (kind, suffix) = MagicKind::of(name, false)?;
    let is_suffix = suffix.is_empty() || suffix.starts_with(|c: char| c == '_' || c.is_ascii_digit());
    let behind = rest.trim_start();
    let is_apart = behind.len() < rest.len();
    let word = &behind[..behind.find(|c| !is_of_name(c)).unwrap_or(behind.len())];
    let is_code =
        is_apart && !OPERATORS.contains(&word) && (!word.is_empty() || behind.starts_with(['"', '\'']));
    let is_magic = match kind {
        MagicKind::LinePx => is_code,
        // The word is not `px`, which other packages are often called, so no more is asked of what follows.
        MagicKind::PxConfig => is_apart && behind.starts_with('-'),
        MagicKind::PxResult if name.starts_with("px") => {
            behind.is_empty() || is_apart && behind.starts_with('-')
        }
        MagicKind::Autopx => behind.is_empty(),
        _ => false,
    };
    (is_magic && is_suffix).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_python_is_and_begins_with_a_px_magic_reads_as_one() {
        for line in [
            "px print(1)",
            "px x = 1",
            "px 1/0",
            "px 'a'",
            "px_even y",
            "px0 y",
            "pxconfig --block",
            "pxconfig_even -t 0",
            "pxresult",
            "pxresult -e",
            "autopx",
            "autopx_even",
        ] {
            assert_eq!(name(line), line.split(' ').next(), "{line}");
        }
    }

    #[test]
    fn python_with_variables_of_such_names_reads_as_python() {
        for line in [
            "px",
            "px.scatter(x)",
            "px = 1",
            "px: int = 1",
            "px(x)",
            "px [0]",
            "px - 1",
            "px if a else b",
            "px in y",
            "px not in y",
            "px; x",
            "pxl x",
            "pxconfig = 2",
            "pxconfig(x)",
            "result",
            "autopx()",
            "autopx = 1",
        ] {
            assert_eq!(name(line), None, "{line}");
        }
    }
}
