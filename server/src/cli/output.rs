//! Writes to the terminal: results to stdout, messages about them to stderr.

use std::{collections::HashMap, io, path::PathBuf, sync::Arc};

use serde::Serialize;

use super::{Failure, Status, images, in_shell};
use crate::{
    cells::{CellKind, PxCell, Spelling},
    engines::{RankSet, Targets},
    jupyter::content::StreamName,
    plan::ProgressAfter,
    render::{self, Cursor, GroupBy, Live, PromptColor, Style, visible_name},
    run::{Run, RunId, Time},
    session::{CellView, DocumentView, Level, ResultSource, RunHandle, now},
    streams::{Stream, Text},
};

/// The longest time in milliseconds between two lines that say how far a run is, where none can be repainted.
const LINES_APART: u64 = 10 * 60 * 1000;

/// The width of such a line.
const LINE: usize = 160;

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// pxlens' own layout.
    Grouped,
    /// ipyparallel's.
    Plain,
    /// One object per event.
    Json,
}

/// Writes runs in one [`Form`].
pub(super) struct Screen {
    form: Form,
    /// From the flag; overrides the grouping that a cell asks for.
    group_by: Option<GroupBy>,
    /// Whether stdout takes colours, and how many columns it has.
    color: bool,
    width: usize,
    /// Where pictures are saved.
    images: Option<PathBuf>,
    /// The file's name and its document, for line numbers.
    file: String,
    document: Arc<DocumentView>,
    /// Whether stderr is a terminal on which a line can be repainted.
    repaints: bool,
    /// Whether a progress line is on the terminal now.
    progress: bool,
    /// Where none can be repainted: the run whose progress was told last, and the age in milliseconds at which it is told next.
    next_line: Option<(RunId, u64)>,
    cursors: HashMap<RunId, Cursor>,
    /// What has been shown of the run that streams.
    live: Option<Live>,
    /// Runs as they were when they were shown.
    shown: HashMap<RunId, Arc<Run>>,
}

impl Screen {
    pub(super) fn new(
        form: Form,
        group_by: Option<GroupBy>,
        images: Option<PathBuf>,
        file: String,
        document: Arc<DocumentView>,
    ) -> Self {
        let color = Stream::Stdout.takes_color();
        let width = width();
        let repaints =
            Stream::Stderr.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            form,
            group_by,
            color,
            width,
            images,
            file,
            document,
            repaints,
            progress: false,
            next_line: None,
            cursors: HashMap::new(),
            live: None,
            shown: HashMap::new(),
        }
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// Shows a run that is over or is no longer waited for.
    pub(super) fn result(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        self.shown.insert(handle.id, handle.now());
        if let Some(mut live) = self.live.take() {
            self.write_live(&mut live, &handle.now())?;
            if handle.plan.group_by.is_none() {
                let end = render::terminal_end(&handle.now(), self.style(Some(&self.place(handle))));
                self.out(Text::Colored(&end))?;
                return self.save_images(handle);
            }
        }
        self.show(handle, &title(handle), first_line(&handle.px_cell, &handle.plan.code), None)?;
        self.save_images(handle)
    }

    /// Shows the run of a `%pxresult`, in that line's own grouping.
    pub(super) fn pxresult(&mut self, source: &ResultSource, by: &CellView) -> Result<(), Failure> {
        let group_by = by.cell.magic.options.own.group_outputs.map(GroupBy::from);
        let place = self.document.place_of(by);
        let title = format!("px cell {} · {place} · {}", by.cell.ordinal + 1, source.line());
        self.shown.insert(source.run.id, source.run.now());
        self.show(&source.run, &title, "", group_by)?;
        // The pictures of a run that was waited for were saved where it was shown.
        if source.run.plan.blocking { Ok(()) } else { self.save_images(&source.run) }
    }

    /// The heading above the results of `--noblock` cells that no `%pxresult` has shown.
    pub(super) fn heading_of_unshown(&mut self, count: usize) -> Result<(), Failure> {
        let what = if count == 1 { "a --noblock cell" } else { "--noblock cells" };
        let line = self.title(&format!("output of {what} that no %pxresult shows"), "");
        self.line(&line)
    }

    /// Shows one of these results. In the plain form it only says how the run ended, since ipyparallel would show nothing.
    pub(super) fn unshown_result(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        if self.form != Form::Plain {
            return self.result(handle);
        }
        let (place, said) = (&handle.place_name, render::outcome(&handle.now()));
        let hint = format!("add a %pxresult{} below it to print its output", handle.suffix);
        self.err(&format!("pxlens: {place}: {said}; {hint}\n"))?;
        self.save_images(handle)
    }

    /// Shows what processes that a cell started wrote after it had been shown.
    pub(super) fn late_output(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let Some(seen) = self.shown.get(&handle.id) else { return Ok(()) };
        let run = handle.now();
        match self.form {
            Form::Grouped => {
                let Some(text) = render::terminal_since(&run, seen, self.style(None)) else { return Ok(()) };
                self.line(&self.title(&format!("{} · output after its end", title(handle)), ""))?;
                self.out(Text::Colored(&text))
            }
            Form::Plain => {
                let style = Style { color: false, ..self.style(None) };
                let Some(text) = render::terminal_since(&run, seen, style) else { return Ok(()) };
                self.err(&format!("pxlens: {}: output after its end:\n{text}", handle.place_name))
            }
            // Every event was written when it came.
            Form::Json => Ok(()),
        }
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
                let text =
                    render::terminal(&run, wish.unwrap_or_default(), self.style(Some(&self.place(handle))));
                let title = self.title(title, code);
                self.line(&title)?;
                self.line(&text)
            }
            Form::Json => self.events(handle),
        }
    }

    /// Names a line of a run's code by its file and line.
    fn place<'a>(&'a self, handle: &'a RunHandle) -> impl Fn(u32) -> Option<String> + 'a {
        |line| {
            let start = handle.px_cell.code_range(line)?.start;
            Some(format!("{} {}", self.file, self.document.line_name(start)))
        }
    }

    fn style<'a>(&self, place: Option<&'a dyn Fn(u32) -> Option<String>>) -> Style<'a> {
        Style { color: self.color, width: self.width, place }
    }

    fn save_images(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let Some(folder) = self.images.clone() else { return Ok(()) };
        let title = format!("{} · {}", self.file, title(handle));
        let saved = images::save(&handle.now(), handle.number, &title, &folder).map_err(|error| {
            Failure::new(Status::Usage, format!("--images: {}: {error}", folder.display()))
        })?;
        for line in saved {
            self.note(&line)?;
        }
        Ok(())
    }

    /// Says that a run was sent, if nothing waits for it or its cell asks for that (`--verbose`).
    pub(super) fn announce(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let heading = render::heading(&handle.now());
        match self.form {
            Form::Grouped if !handle.plan.blocking => {
                let line = self.title(&format!("{} · {heading}", title(handle)), "");
                self.line(&line)
            }
            // The heading of its output says so too, but only once the run is over.
            Form::Grouped if handle.plan.verbose => self.err(&format!("pxlens: {heading}\n")),
            Form::Plain if handle.plan.verbose => {
                let line = upstream_heading(handle);
                self.line(&line)
            }
            _ => Ok(()),
        }
    }

    /// Begins to stream a run if its cell asks for that (`--stream`). Returns whether it does.
    pub(super) fn begin_live(&mut self, handle: &RunHandle) -> Result<bool, Failure> {
        if self.form != Form::Grouped || !handle.plan.stream {
            return Ok(false);
        }
        let lines = (
            self.title(&title(handle), first_line(&handle.px_cell, &handle.plan.code)),
            render::heading(&handle.now()),
        );
        self.line(&lines.0)?;
        self.line(&lines.1)?;
        self.live = Some(Live::default());
        Ok(true)
    }

    /// Shows what failed on these engines while others still work. ipyparallel would not, so the plain form does it on stderr, and
    /// only where somebody waits.
    pub(super) fn failures(&mut self, handle: &RunHandle, engines: &RankSet) -> Result<(), Failure> {
        self.end_progress()?;
        let run = handle.now();
        let place = self.place(handle);
        match self.form {
            Form::Grouped => {
                self.line(&self.title(&title(handle), ""))?;
                let style = self.style(Some(&place));
                self.out(Text::Colored(&render::terminal_failures(&run, engines, style)))
            }
            Form::Plain if !handle.plan.blocking => Ok(()),
            Form::Plain => {
                let style = Style { color: Stream::Stderr.takes_color(), ..self.style(Some(&place)) };
                let failures = render::terminal_failures(&run, engines, style);
                let text = format!("pxlens: {}:\n{failures}", handle.place_name);
                unless_closed(Stream::Stderr.write(Text::Colored(&text)))
            }
            // Every event was written when it came.
            Form::Json => Ok(()),
        }
    }

    /// Shows the new output of the run that streams.
    pub(super) fn live(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let Some(mut live) = self.live.take() else { return Ok(()) };
        let written = self.write_live(&mut live, &handle.now());
        self.live = Some(live);
        written
    }

    fn write_live(&mut self, live: &mut Live, run: &Run) -> Result<(), Failure> {
        let lines = live.lines(run, self.color);
        if lines.is_empty() {
            return Ok(());
        }
        self.end_progress()?;
        lines.iter().try_for_each(|line| self.line(line))
    }

    /// Says why a cell was not sent.
    pub(super) fn not_run(&mut self, cell: &CellView, why: &str) -> Result<(), Failure> {
        self.end_progress()?;
        self.err(&format!("pxlens: {}: {}\n", self.document.place_of(cell), in_shell(why)))
    }

    /// Writes a message about the results, but in the plain form.
    pub(super) fn note(&mut self, text: &str) -> Result<(), Failure> {
        if self.form != Form::Plain {
            self.end_progress()?;
            self.err(&format!("pxlens: {text}\n"))?;
        }
        Ok(())
    }

    /// Writes a message for a person at the terminal; none without a terminal.
    pub(super) fn hint(&mut self, text: &str) {
        if self.repaints {
            self.progress = false;
            // Over what the terminal has just echoed, `^C`. A terminal that has gone needs no hint.
            let _ = Stream::Stderr.repaint(&format!("pxlens: {text}\n"));
        }
    }

    /// Repaints the progress line of a run, or writes a line now and then where none can be repainted. `busy`: the engines that
    /// have not begun with it, since they are busy with something else. `after`: when the line appears (`--progress-after`).
    pub(super) fn progress(
        &mut self,
        run: &Run,
        busy: &RankSet,
        after: ProgressAfter,
    ) -> Result<(), Failure> {
        let after = match after {
            ProgressAfter::Milliseconds(milliseconds) => milliseconds,
            ProgressAfter::Never => return Ok(()),
        };
        let age = now().since(run.created);
        if !self.repaints {
            // In the plain form, stderr holds what engines write there.
            return match self.form != Form::Plain && self.is_line_due(run.id, age, after) {
                true => self.err(&format!("pxlens: {}\n", progress_line(run, now(), busy, LINE))),
                false => Ok(()),
            };
        }
        if age < after {
            return Ok(());
        }
        let line = progress_line(run, now(), busy, Stream::Stderr.columns().unwrap_or(80));
        self.progress = true;
        unless_closed(Stream::Stderr.repaint(&line))
    }

    /// Whether a line says now how far a run of this age is: first when it is ten times as old as it must be for a progress line
    /// on a terminal, then whenever its age has doubled, or [`LINES_APART`].
    fn is_line_due(&mut self, run: RunId, age: u64, after: u64) -> bool {
        let next = match self.next_line {
            Some((last, next)) if last == run => next,
            _ => after.saturating_mul(10),
        };
        let is_due = age >= next;
        self.next_line = Some((run, if is_due { next_line(age) } else { next }));
        is_due
    }

    /// Erases the progress line.
    pub(super) fn end_progress(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.progress) {
            unless_closed(Stream::Stderr.repaint(""))?;
        }
        Ok(())
    }

    /// Writes the new events of a run as JSON.
    pub(super) fn events(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let cursor = self.cursors.entry(handle.id).or_insert_with(|| Cursor::of_cell(handle.number));
        let events = cursor.delta(&handle.now());
        events.iter().try_for_each(|event| self.out(Text::Json(&json_line(event)?)))
    }

    /// Writes the last events of a run, and saves its pictures.
    pub(super) fn last_events(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        self.events(handle)?;
        self.save_images(handle)
    }

    /// Writes a result to stdout.
    fn out(&self, text: Text<'_>) -> Result<(), Failure> {
        Ok(Stream::Stdout.write(text)?)
    }

    /// Writes a line of a result in pxlens' own form.
    fn line(&self, line: &str) -> Result<(), Failure> {
        self.out(Text::Colored(&format!("{line}\n")))
    }

    /// Writes to stderr.
    fn err(&self, text: &str) -> Result<(), Failure> {
        unless_closed(Stream::Stderr.write(Text::Words(text)))
    }

    fn plain(&self, run: &Run, group_by: GroupBy) -> Result<(), Failure> {
        let color = if self.color { PromptColor::Red } else { PromptColor::None };
        for (stream, text) in render::plain(run, group_by, color).events() {
            match stream {
                StreamName::Stdout => self.out(Text::Exact(&text))?,
                StreamName::Stderr => unless_closed(Stream::Stderr.write(Text::Exact(&text)))?,
            }
        }
        Ok(())
    }

    /// The line above a run: its title, then the beginning of its code.
    fn title(&self, title: &str, code: &str) -> String {
        let plain = anstyle::Style::new();
        let (bold, dim) = if self.color { (plain.bold(), plain.dimmed()) } else { (plain, plain) };
        let title = format!("── {}", visible_name(title));
        let room = self.width.min(80).saturating_sub(title.chars().count() + 3);
        if code.is_empty() || room < 10 {
            return format!("{bold}{title}{bold:#}");
        }
        format!("{bold}{title}{bold:#}{dim} · {}{dim:#}", cut(code, room))
    }
}

/// If stderr is closed, nobody reads it; any other error is a failure.
fn unless_closed(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Objects as JSON, one per line.
pub(super) fn lines_of<T: Serialize>(objects: &[T]) -> io::Result<String> {
    objects.iter().map(json_line).collect()
}

fn json_line(object: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string(object)? + "\n")
}

/// The title of a run above its output.
fn title(handle: &RunHandle) -> String {
    format!("px cell {} · {} · {}", handle.number, handle.place_name, handle.magic_line)
}

/// The line with which ipyparallel announces a run; the engines as Python prints the view's targets.
fn upstream_heading(handle: &RunHandle) -> String {
    let engines = match &handle.plan.targets {
        targets @ (Targets::All | Targets::One(_)) => targets.to_string(),
        _ => {
            let ids: Vec<String> = handle.engines.iter().map(ToString::to_string).collect();
            match ids.as_slice() {
                [a, b, c, d, .., w, x, y, z] if ids.len() > 10 => {
                    format!("[{a}, {b}, {c}, {d}, ..., {w}, {x}, {y}, {z}]")
                }
                ids => format!("[{}]", ids.join(", ")),
            }
        }
    };
    let word = if handle.plan.blocking { "Parallel" } else { "Async parallel" };
    format!("{word} execution on engine(s): {engines}")
}

/// The first line of a cell magic's body, given what is sent; empty where the magic's line shows the code itself.
fn first_line<'a>(cell: &PxCell, code: &'a str) -> &'a str {
    let has_body = match cell.spelling {
        Spelling::Call { .. } => false,
        Spelling::Plain | Spelling::Comment | Spelling::Bang | Spelling::Databricks => {
            cell.kind == CellKind::CellMagic
        }
    };
    let mut lines = code.lines().map(str::trim).filter(|line| has_body && !line.is_empty());
    lines.next().unwrap_or_default()
}

/// Cuts a text to at most `room` characters.
fn cut(text: &str, room: usize) -> String {
    let text = render::terminal_text(text, false);
    if text.chars().count() <= room {
        return text;
    }
    text.chars().take(room - 1).chain(['…']).collect()
}

/// The progress line, in at most `columns` so that it can be repainted.
fn progress_line(run: &Run, at: Time, busy: &RankSet, columns: usize) -> String {
    // The hourglass is two columns wide, and a terminal may wrap after its last column.
    let room = columns.saturating_sub(2).max(10);
    let line = render::inline_within(run, at, room);
    if busy.is_empty() {
        return line;
    }
    let why = format!(" · {busy} busy with other work");
    if line.chars().count() + why.chars().count() <= room { line + &why } else { line }
}

/// The age of a run at which a line says the next time how far it is.
fn next_line(age: u64) -> u64 {
    age + age.clamp(1, LINES_APART)
}

/// Writes a message to stderr.
pub(super) fn say(level: Level, text: &str) {
    let word = match level {
        Level::Info => "",
        Level::Warning => "warning: ",
        Level::Error => "error: ",
    };
    // If stderr is closed, nobody reads it.
    let _ = Stream::Stderr.write(Text::Words(&format!("pxlens: {word}{}\n", in_shell(text))));
}

/// The columns of stdout; 100 if it is not a terminal.
pub(super) fn width() -> usize {
    Stream::Stdout.columns().unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        cells::{Dialect, recognize},
        engines::EngineId,
        jupyter::MsgId,
        run::{Event, EventKind, RunRequest, Slot},
    };

    /// A run that was sent to four engines 12 s ago.
    fn running() -> Run {
        let request =
            RunRequest { code: "code".into(), engines: (0..4).map(EngineId).collect(), single: false };
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0), true);
        (0..4).for_each(|slot| {
            run.apply(Event { slot: Slot(slot), at: Time(0), kind: EventKind::Sent(MsgId::from("m")) })
        });
        run
    }

    #[test]
    fn the_progress_line_says_which_engines_have_not_begun_and_why() {
        let busy = RankSet::from_iter([EngineId(2)]);
        assert_eq!(
            progress_line(&running(), Time(12_000), &busy, 80),
            "⏳ 0/4 · waiting on [0-3] · 12 s · [2] busy with other work"
        );
    }

    /// It was missing where the magic is in a comment.
    #[test]
    fn only_the_title_of_a_cell_magic_goes_on_with_the_first_line_of_its_body() {
        for (text, expected) in [
            ("%%px\n\n  a = 1\nb = 2\n", "a = 1"),
            ("# %%\n# %%px\na = 1\n", "a = 1"),
            ("%px a = 1\n", ""),
            ("%autopx\n# %%\na = 1\n", ""),
            ("get_ipython().run_cell_magic('px', '', 'a = 1')\n", ""),
        ] {
            let cells = recognize(text, Dialect::Script).unwrap().cells;
            let cell = cells.last().unwrap();
            assert_eq!(first_line(cell, &cell.code), expected, "{text}");
        }
    }

    #[test]
    fn the_progress_line_fits_into_the_terminal() {
        let busy = RankSet::from_iter([EngineId(2)]);
        for columns in 14..80 {
            let line = progress_line(&running(), Time(12_000), &busy, columns);
            assert!(line.chars().count() + 2 <= columns, "{columns}: {line}");
        }
        assert_eq!(progress_line(&running(), Time(12_000), &busy, 40), "⏳ 0/4 · waiting on [0-3] · 12 s");
    }

    #[test]
    fn lines_of_progress_get_rarer_with_the_age_of_the_run_but_not_too_rare() {
        let hour = 60 * 60 * 1000;
        for (age, next) in [(0, 1), (10_000, 20_000), (hour, hour + LINES_APART)] {
            assert_eq!(next_line(age), next);
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_with_an_ellipsis() {
        assert_eq!((cut("abcdef", 6), cut("abcdefg", 6)), ("abcdef".to_owned(), "abcde…".to_owned()));
    }
}
