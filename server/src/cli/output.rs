//! Where the shell's face writes: results to stdout, words about them to stderr.

use std::{
    collections::HashMap,
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use super::{Failure, images};
use crate::{
    jupyter::content::StreamName,
    render::{self, Cursor, GroupBy, PromptColor, Style},
    run::{Run, RunId},
    session::{CellView, Level, RunHandle, now},
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
    style: Style,
    /// Where pictures are saved.
    images: Option<PathBuf>,
    /// Whether a progress line stands on the terminal.
    progress: bool,
    cursors: HashMap<RunId, Cursor>,
}

impl Screen {
    pub(super) fn new(form: Form, group_by: Option<GroupBy>, images: Option<PathBuf>) -> Self {
        // Knows NO_COLOR, CLICOLOR_FORCE and whether this is a terminal.
        let color = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let style = Style { color, width: width() };
        Self { form, group_by, style, images, progress: false, cursors: HashMap::new() }
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// A run that is over.
    pub(super) fn result(&mut self, handle: &RunHandle, group_by: Option<GroupBy>) -> Result<(), Failure> {
        let run = handle.now();
        let wish = self.group_by.or(group_by).or(handle.plan.group_by);
        match self.form {
            Form::Plain => self.plain(&run, wish.unwrap_or(GroupBy::Type))?,
            Form::Grouped => {
                let title = self.title(handle);
                let text = render::terminal(&run, wish.unwrap_or(GroupBy::Fold), self.style);
                let mut out = io::stdout().lock();
                writeln!(out, "{title}\n{text}")?;
                out.flush()?;
            }
            Form::Json => self.events(handle)?,
        }
        self.save_images(handle)
    }

    fn save_images(&mut self, handle: &RunHandle) -> Result<(), Failure> {
        let Some(folder) = self.images.clone() else { return Ok(()) };
        for (ranks, path) in images::save(&handle.now(), handle.number, &folder)? {
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

    /// A cell that runs nothing.
    pub(super) fn not_run(&mut self, cell: &CellView, why: &str) -> Result<(), Failure> {
        self.note(&format!("line {}: {why}", cell.line + 1))
    }

    /// A word beside the results.
    pub(super) fn note(&mut self, text: &str) -> Result<(), Failure> {
        if self.form != Form::Plain {
            writeln!(io::stderr(), "pxlens: {text}")?;
        }
        Ok(())
    }

    /// Repaints the progress line of a run that takes long; only on a terminal.
    pub(super) fn progress(&mut self, run: &Run) -> Result<(), Failure> {
        if !io::stderr().is_terminal() || now().since(run.created) < PROGRESS_AFTER {
            return Ok(());
        }
        let line = render::inline(run, now());
        self.progress = true;
        let mut err = io::stderr().lock();
        write!(err, "\r\x1b[2K{}", line.text)?;
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
        let cursor = self.cursors.entry(handle.id).or_insert_with(|| Cursor::of_cell(handle.number - 1));
        let mut out = io::stdout().lock();
        for event in cursor.delta(&handle.now()) {
            serde_json::to_writer(&mut out, &event).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Ok(out.flush()?)
    }

    fn plain(&self, run: &Run, group_by: GroupBy) -> Result<(), Failure> {
        let color = if self.style.color { PromptColor::Red } else { PromptColor::None };
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

    fn title(&self, handle: &RunHandle) -> String {
        let title =
            format!("── px cell {} · line {} · {}", handle.number, handle.line + 1, handle.title.trim());
        let style = if self.style.color { anstyle::Style::new().bold() } else { anstyle::Style::new() };
        format!("{style}{title}{style:#}")
    }
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

/// Columns of the terminal; 100 where there is none.
fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(columns, _)| usize::from(columns.0))
}
