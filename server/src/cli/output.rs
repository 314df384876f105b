//! Where the shell's face writes: results to stdout, words about them to stderr.

use std::{
    collections::HashMap,
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use super::{Failure, Status, images};
use crate::{
    engines::RankSet,
    jupyter::content::StreamName,
    render::{self, Cursor, GroupBy, PromptColor, Style},
    run::{Run, RunId, Time},
    session::{CellView, Level, RunHandle, now},
    text::Document,
};

/// What the output looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// pxlens' own layout.
    Grouped,
    /// ipyparallel's.
    Plain,
    /// One object per event.
    Json,
}

/// A run that takes longer than this gets a progress line.
const PROGRESS_AFTER: u64 = 1_000;

/// Writes runs in one [`Form`].
pub(super) struct Screen {
    form: Form,
    /// From the flag; else each cell's own wish counts, else the default.
    group_by: Option<GroupBy>,
    /// Whether stdout takes colours, and how many columns it has.
    color: bool,
    width: usize,
    /// Where pictures are saved.
    images: Option<PathBuf>,
    /// The file's name, and its text, for the lines that errors name.
    file: String,
    text: Document,
    /// Whether stderr is a terminal that can be painted on.
    paints: bool,
    /// Whether a progress line stands on the terminal.
    progress: bool,
    cursors: HashMap<RunId, Cursor>,
}

impl Screen {
    pub(super) fn new(
        form: Form,
        group_by: Option<GroupBy>,
        images: Option<PathBuf>,
        file: String,
        text: Document,
    ) -> Self {
        // Knows NO_COLOR, CLICOLOR_FORCE and whether this is a terminal.
        let color = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let width = width();
        let paints = io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            form,
            group_by,
            color,
            width,
            images,
            file,
            text,
            paints,
            progress: false,
            cursors: HashMap::new(),
        }
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// A run that is over, or that is no longer waited for.
    pub(super) fn result(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let title = format!("px cell {} · line {} · {}", handle.number, handle.line + 1, handle.title.trim());
        self.show(handle, &title, first_line(handle), None)?;
        self.save_images(handle)
    }

    /// A run that a `%pxresult` shows again, with that line's own grouping.
    pub(super) fn result_again(
        &mut self,
        handle: &RunHandle,
        by: &CellView,
        group_by: Option<GroupBy>,
    ) -> Result<(), Failure> {
        let magic = &by.cell.magic;
        let title = format!("px cell {} · line {} · ", by.cell.ordinal + 1, by.line + 1)
            + &format!("%{}{} of px cell {}", magic.name, magic.suffix, handle.number);
        self.show(handle, &title, "", group_by)
    }

    fn show(
        &mut self,
        handle: &RunHandle,
        title: &str,
        code: &str,
        group_by: Option<GroupBy>,
    ) -> Result<(), Failure> {
        let run = handle.now();
        let wish = self.group_by.or(group_by).or(handle.plan.group_by);
        match self.form {
            Form::Plain => self.plain(&run, wish.unwrap_or(GroupBy::Type)),
            Form::Grouped => {
                let place = |line: u32| {
                    let start = handle.place.code_range(line)?.start;
                    Some(format!("{} line {}", self.file, self.text.line_of(start) + 1))
                };
                let by = wish.unwrap_or(GroupBy::Fold);
                let style = Style { color: self.color, width: self.width, place: Some(&place) };
                let text = render::terminal(&run, by, style);
                let mut out = io::stdout().lock();
                writeln!(out, "{}\n{text}", self.title(title, code))?;
                Ok(out.flush()?)
            }
            Form::Json => self.events(handle),
        }
    }

    fn save_images(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let Some(folder) = self.images.clone() else { return Ok(()) };
        let saved = images::save(&handle.now(), handle.number, &folder).map_err(|error| {
            Failure::new(Status::Usage, format!("--images: {}: {error}", folder.display()))
        })?;
        for (ranks, path) in saved {
            self.note(&format!("picture of {ranks}: {}", path.display()))?;
        }
        Ok(())
    }

    /// A run that does not block was sent.
    pub(super) fn submitted(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        if self.form == Form::Grouped {
            self.note(&format!("line {}: sent without waiting (--noblock)", handle.line + 1))?;
        }
        Ok(())
    }

    /// A cell that sends nothing.
    pub(super) fn not_run(&mut self, cell: &CellView, why: &str) -> Result<(), Failure> {
        self.end_progress()?;
        Ok(writeln!(io::stderr(), "pxlens: line {}: {why}", cell.line + 1)?)
    }

    /// A word beside the results.
    pub(super) fn note(&mut self, text: &str) -> Result<(), Failure> {
        if self.form != Form::Plain {
            self.end_progress()?;
            writeln!(io::stderr(), "pxlens: {text}")?;
        }
        Ok(())
    }

    /// A word for whoever sits before the terminal, if somebody does.
    pub(super) fn aside(&mut self, text: &str) -> Result<(), Failure> {
        if self.paints {
            self.end_progress()?;
            // The terminal has just echoed ^C.
            writeln!(io::stderr(), "\rpxlens: {text}")?;
        }
        Ok(())
    }

    /// Repaints the progress line of a run that takes long; only on a terminal. `behind`: engines that have not begun with
    /// it, since they work on something else.
    pub(super) fn progress(&mut self, run: &Run, behind: &RankSet) -> Result<(), Failure> {
        if !self.paints || now().since(run.created) < PROGRESS_AFTER {
            return Ok(());
        }
        let line = progress_line(run, now(), behind, terminal_columns());
        self.progress = true;
        let mut err = io::stderr().lock();
        write!(err, "\r\x1b[2K{line}")?;
        Ok(err.flush()?)
    }

    /// Takes the progress line away.
    pub(super) fn end_progress(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.progress) {
            write!(io::stderr(), "\r\x1b[2K")?;
        }
        Ok(())
    }

    /// What is new of a run, as JSON.
    pub(super) fn events(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let cursor = self.cursors.entry(handle.id).or_insert_with(|| Cursor::of_cell(handle.number));
        let mut out = io::stdout().lock();
        for event in cursor.delta(&handle.now()) {
            serde_json::to_writer(&mut out, &event).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Ok(out.flush()?)
    }

    fn plain(&self, run: &Run, group_by: GroupBy) -> Result<(), Failure> {
        let color = if self.color { PromptColor::Red } else { PromptColor::None };
        for (stream, text) in render::plain_in(run, group_by, color).events() {
            match stream {
                StreamName::Stdout => {
                    let mut out = io::stdout().lock();
                    out.write_all(text.as_bytes())?;
                    out.flush()?;
                }
                StreamName::Stderr => io::stderr().write_all(text.as_bytes())?,
            }
        }
        Ok(())
    }

    /// The line above a run: what it is, then how its code begins.
    fn title(&self, title: &str, code: &str) -> String {
        let plain = anstyle::Style::new();
        let (bold, dim) = if self.color { (plain.bold(), plain.dimmed()) } else { (plain, plain) };
        let title = format!("── {title}");
        let room = self.width.min(80).saturating_sub(title.chars().count() + 3);
        if code.is_empty() || room < 10 {
            return format!("{bold}{title}{bold:#}");
        }
        format!("{bold}{title}{bold:#}{dim} · {}{dim:#}", cut(code, room))
    }
}

/// How the body of a cell begins; a line magic shows its code itself.
fn first_line(handle: &RunHandle) -> &str {
    let body = if handle.title.trim_start().starts_with("%%") { handle.plan.code.as_ref() } else { "" };
    body.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// At most `room` characters.
fn cut(text: &str, room: usize) -> String {
    let text = render::settle(text, false);
    if text.chars().count() <= room {
        return text;
    }
    text.chars().take(room - 1).chain(['…']).collect()
}

/// One line of at most `columns`, so that it can be painted over.
fn progress_line(run: &Run, at: Time, behind: &RankSet, columns: usize) -> String {
    // The hourglass is two columns wide, and a terminal may wrap after its last column.
    let room = columns.saturating_sub(2).max(10);
    let line = render::inline_within(run, at, room);
    if behind.is_empty() {
        return line;
    }
    let why = format!(" · {behind} busy with other work");
    if line.chars().count() + why.chars().count() <= room { line + &why } else { line }
}

/// A sentence on stderr.
pub(super) fn say(level: Level, text: &str) {
    let word = match level {
        Level::Info => "",
        Level::Warning => "warning: ",
        Level::Error => "error: ",
    };
    // With stderr closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "pxlens: {word}{text}");
}

/// Columns that stdout has; 100 where it is no terminal.
fn width() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(100, |(columns, _)| usize::from(columns.0))
}

/// Columns that stderr has, now: a window may be resized.
fn terminal_columns() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(80, |(columns, _)| usize::from(columns.0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        engines::EngineId,
        jupyter::MsgId,
        run::{Event, EventKind, RunRequest, Slot},
    };

    /// A run that was sent to four engines 12 s ago.
    fn running() -> Run {
        let request =
            RunRequest { code: "code".into(), engines: (0..4).map(EngineId).collect(), single: false };
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0));
        (0..4).for_each(|slot| {
            run.apply(Event { slot: Slot(slot), at: Time(0), kind: EventKind::Sent(MsgId::from("m")) })
        });
        run
    }

    #[test]
    fn the_progress_line_says_which_engines_have_not_begun_and_why() {
        let behind = RankSet::from_iter([EngineId(2)]);
        assert_eq!(
            progress_line(&running(), Time(12_000), &behind, 80),
            "⏳ 0/4 · waiting on [0-3] · 12 s · [2] busy with other work"
        );
    }

    #[test]
    fn the_progress_line_fits_into_the_terminal() {
        let behind = RankSet::from_iter([EngineId(2)]);
        for columns in 14..80 {
            let line = progress_line(&running(), Time(12_000), &behind, columns);
            assert!(line.chars().count() + 2 <= columns, "{columns}: {line}");
        }
        assert_eq!(progress_line(&running(), Time(12_000), &behind, 40), "⏳ 0/4 · waiting on [0-3] · 12 s");
    }

    #[test]
    fn what_is_too_long_is_cut_with_an_ellipsis() {
        assert_eq!((cut("abcdef", 6), cut("abcdefg", 6)), ("abcdef".to_owned(), "abcde…".to_owned()));
    }
}
