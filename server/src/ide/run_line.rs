//! The run that a px cell shows, in one line: as it is painted, and as a hint for clients that paint nothing.

use crate::{
    render::{HINT, InlineLine, inline, inline_timeless},
    run::Run,
    session::{CellView, RunHandle, Snapshot},
};

/// The shortest length, in characters, that a hint is cut to.
const LEAST: usize = 12;

/// Stands before the hint of a run of other code than stands there now, as in the Neovim plugin.
const STALE_MARK: &str = "≈ ";

/// What the line says.
pub(super) struct RunLine<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) cell: &'a CellView,
    pub(super) handle: &'a RunHandle,
    /// Its newest state.
    pub(super) run: &'a Run,
}

impl RunLine<'_> {
    /// As it is painted. `source`: the place of the cell whose run a `%pxresult` shows; `note`: what else is said of the run.
    pub(super) fn painted(&self, source: Option<&str>, note: Option<&str>) -> InlineLine {
        let InlineLine { text, severity } = inline(self.run, self.snapshot.at);
        let mut text = match (self.withheld(), source) {
            (Some(state), _) => format!("{state} · %pxresult{} or hover shows it", self.handle.suffix),
            (None, Some(source)) => format!("{source}: {text}"),
            (None, None) => text,
        };
        if let Some(why) = self.snapshot.why_kept(self.cell) {
            text = format!("not run again, since {why} · {text}");
        }
        if let Some(note) = note {
            text.push_str(&format!(" · {note}"));
        }
        InlineLine { text, severity }
    }

    /// As a hint, beside so many characters that are `taken` on its line. A run of other code begins with [`STALE_MARK`].
    pub(super) fn hint(&self, taken: impl FnOnce() -> usize) -> String {
        let mark = if self.snapshot.is_stale(self.cell) { STALE_MARK } else { "" };
        let text = self.withheld().unwrap_or_else(|| {
            let room = HINT.saturating_sub(taken() + mark.chars().count()).max(LEAST);
            inline_timeless(self.run, self.snapshot.at, room)
        });
        format!("{mark}{text}")
    }

    /// The state of a run whose output is withheld until the user asks for it.
    fn withheld(&self) -> Option<String> {
        if !self.snapshot.is_withheld(self.cell, self.run) {
            return None;
        }
        let of = self.run.parts().len();
        let ended = self.run.parts().filter(|part| part.ending().is_some()).count();
        Some(if self.run.is_over() { format!("✓ {of} done") } else { format!("⏳ {ended}/{of}") })
    }
}
