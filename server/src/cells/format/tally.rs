//! What the content of a script says of its format: how many lines of which kind it has outside of strings.
//!
//! Whether a line stands in a string depends on all lines above it. So a piece of a script is counted for each state in
//! which it may begin, and the tally of a script is put together from its pieces.

use crate::cells::{
    jupytext::{Language, Strings},
    lines::{is_space, line_at},
    magic::MagicKind,
    markers,
};

/// A kind of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// `# %%`, `# <codecell>`, `# In[1]`.
    Percent,
    /// A magic that stands there as it is.
    Magic,
    /// A px magic that stands there as it is.
    Px,
    /// Twenty number signs.
    Twenty,
    /// `# {{{`
    Fold,
    /// `# region`
    Region,
    /// `#%%Title`
    Title,
    /// `# +`
    Plus,
    /// `# COMMAND ----------`
    Command,
}

const KINDS: usize = 9;

/// How many lines of each kind a text has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally([u32; KINDS]);

impl Tally {
    pub(crate) fn of(&self, count: Count) -> u32 {
        self.0[count as usize]
    }

    fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine += theirs);
    }
}

/// A piece of a script: for each state in which it may begin, what it counts and in which state it ends. `None` for most,
/// which count nothing and end as they begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piece(Option<Box<[(Tally, Strings); 3]>>);

impl Piece {
    /// Counts the lines of a piece. Px magics count in code alone: what stands in a cell of text is none, though jupytext takes it
    /// for a magic where it guesses the format.
    pub(crate) fn of(text: &str, is_code: bool) -> Self {
        let mut states = Strings::ALL.map(|state| (Tally::default(), state));
        let mut at = 0;
        while let Some((line, next)) = line_at(text, at) {
            at = next;
            let kinds = Kinds::of(line, is_code);
            let has_quotes = memchr::memchr2(b'"', b'\'', line.as_bytes()).is_some();
            if kinds.is_empty() && !has_quotes {
                continue;
            }
            for (tally, state) in &mut states {
                let was_open = state.is_open();
                state.read(line, Language::Python);
                // Jupytext counts what ends a string; a magic there is none.
                let counts = |count: &Count| match count {
                    Count::Px => !was_open,
                    _ => !state.is_open(),
                };
                kinds
                    .0
                    .iter()
                    .flatten()
                    .filter(|count| counts(count))
                    .for_each(|count| tally.0[*count as usize] += 1);
            }
        }
        let is_nothing = (0..)
            .zip(&states)
            .all(|(number, (tally, state))| *tally == Tally::default() && state.number() == number);
        Self((!is_nothing).then(|| Box::new(states)))
    }

    /// Adds the piece to what was counted above it; `state` is how that ended, and then how the piece does.
    pub(crate) fn add_to(&self, tally: &mut Tally, state: &mut Strings) {
        let Some(states) = &self.0 else { return };
        let (own, end) = &states[state.number()];
        tally.add(own);
        *state = *end;
    }
}

/// What a line counts as.
struct Kinds([Option<Count>; 3]);

impl Kinds {
    fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    fn of(line: &str, is_code: bool) -> Self {
        let mut kinds = Self([None; 3]);
        let text = line.trim_start_matches(is_space);
        // Most lines are neither a comment nor a magic.
        let Some(first) = text.bytes().next() else { return kinds };
        if first != b'#' {
            let may_be =
                matches!(first, b'%' | b'!' | b'?') || line.contains(['%', '!']) || is_short_word(line);
            if may_be && !line.starts_with('#') && Language::Python.is_magic(line, false) {
                kinds.0[0] = Some(Count::Magic);
            }
            if is_code && line.contains('%') && is_live_px(text) {
                kinds.0[1] = Some(Count::Px);
            }
            return kinds;
        }
        kinds.0[0] = title(line).then_some(Count::Title);
        if !line.starts_with('#') {
            // Jupytext takes a magic in a comment for a live one where the comment is indented.
            kinds.0[1] = (text.contains(['%', '!', '?']) && Language::Python.is_magic(line, false))
                .then_some(Count::Magic);
            return kinds;
        }
        let behind = &line[1..];
        let text = behind.trim_start_matches(is_space);
        kinds.0[1] = match () {
            () if is_percent(behind) => Some(Count::Percent),
            () if text.starts_with("{{{") => Some(Count::Fold),
            () if text.starts_with("region") => Some(Count::Region),
            () if is_twenty(line) => Some(Count::Twenty),
            () if text.starts_with('+') => Some(Count::Plus),
            () if is_command(line) => Some(Count::Command),
            () => None,
        };
        kinds
    }
}

/// Whether a line may begin with a command of the shell.
fn is_short_word(line: &str) -> bool {
    matches!(line.as_bytes().first(), Some(b'c' | b'm' | b'r' | b'd' | b'e' | b'l'))
}

/// What divides a notebook of Databricks.
pub(crate) fn is_command(line: &str) -> bool {
    line.trim_end() == "# COMMAND ----------"
}

/// `# %%` and its like as jupytext counts them to guess a format, behind the comment sign.
fn is_percent(behind: &str) -> bool {
    let text = behind.strip_prefix(' ').unwrap_or(behind);
    if let Some(rest) = text.strip_prefix("%%") {
        return rest.is_empty() || rest.starts_with(is_space);
    }
    let Some(text) = behind.strip_prefix(' ') else { return false };
    text.starts_with("<codecell>") || markers::prompt(text).is_some()
}

/// Twenty number signs, the first of which may stand apart.
pub(crate) fn is_twenty(line: &str) -> bool {
    let Some(rest) = line.strip_prefix('#') else { return false };
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let behind = rest.trim_start_matches('#');
    rest.len() - behind.len() >= 19 && behind.chars().all(is_space)
}

/// `#%%Title`, which begins a cell in Spyder and in VS Code and is no magic.
pub(crate) fn title(line: &str) -> bool {
    let Some(rest) = line.trim_start_matches(is_space).strip_prefix('#') else { return false };
    let Some(rest) = rest.trim_start_matches([' ', '\t']).strip_prefix("%%") else { return false };
    let rest = rest.trim_start_matches('%');
    let begins = rest.starts_with(|c: char| c == '[' || c == '_' || c.is_alphanumeric());
    begins && !markers::is_cell_magic(rest)
}

/// A px magic that stands there as it is, also behind another magic or assigned.
fn is_live_px(text: &str) -> bool {
    let is_px = |text: &str| {
        let Some(name) = text.strip_prefix('%') else { return false };
        let name = name.strip_prefix('%').unwrap_or(name);
        let length = name.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(name.len());
        MagicKind::of(&name[..length], true).or(MagicKind::of(&name[..length], false)).is_some()
    };
    if text.starts_with('%') {
        return is_px(text) || text.split([' ', '\t']).skip(1).any(is_px);
    }
    let Some((_, value)) = text.split_once('=') else { return false };
    is_px(value.trim_start_matches([' ', '\t']))
}
