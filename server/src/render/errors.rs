//! What engines raised, grouped by where it came from, and the line of the sent code that it came from.
//!
//! Reads tracebacks of IPython 7 to 9 (`errors/traceback.rs`), shortens calls that repeat (`errors/repeats.rs`), finds the line of the
//! cell (`errors/place.rs`), and puts what shares its outer frames into trees (`errors/tree.rs`).

mod place;
mod repeats;
mod traceback;
mod tree;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::LazyLock,
};

use regex::Regex;

use self::place::Place;
pub(crate) use self::traceback::{Frame, FramePlace};
pub(super) use self::{
    repeats::{Repeat, without},
    traceback::{Kind, Step, is_heading},
    tree::{Branch, trees},
};
use super::{
    terminal_text, without_key,
    wording::{cut, one_line},
};
use crate::{
    engines::{EngineId, RankSet},
    jupyter::content::{ErrorContent, StreamName},
    run::{EngineRun, Run},
};

/// Engines that raised the same exception in the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorGroup {
    /// The engines that raised it.
    pub ranks: RankSet,
    /// The exception's class.
    pub ename: String,
    /// The exception's text; that of the first variant.
    pub evalue: String,
    /// 0-based line of the sent code.
    pub code_line: Option<u32>,
    /// 0-based column in characters of that line; only syntax errors have one.
    pub column: Option<u32>,
    /// The length in characters of the code at that column that is wrong; 1 where it is not known.
    pub width: u32,
    /// The traceback of the first variant, without colours; of calls that repeat the first and the last.
    pub traceback: String,
    /// Whether the engine printed the traceback to stderr, where it is shown already, as IPython does with exception groups.
    pub printed: bool,
    /// The calls in the traceback, the outermost first; those of the exceptions that led to this one come before.
    pub frames: Vec<Frame>,
    /// The exceptions that led to this one, in the order in which they were raised.
    pub causes: Vec<Cause>,
    /// Engines by what exactly they raised; the largest first. One entry, unless the texts or what the tracebacks show differ.
    pub variants: Vec<ErrorVariant>,
    /// The steps of the traceback.
    pub(super) steps: Vec<Step>,
    /// What of the engine's traceback is not in it, because it repeats.
    pub(super) repeats: Vec<Repeat>,
    /// The counter of the cell that was sent, on the engine whose traceback this is.
    counter: Option<u32>,
}

/// An exception that led to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `ValueError: bad`, in one line of at most 300 characters.
    pub title: String,
    /// Whether it was named as the cause (`raise … from`); otherwise the other came while it was handled.
    pub direct: bool,
}

impl ErrorGroup {
    /// `ValueError: bad`, in one line without control characters: the first line of the text, without the text where engines
    /// differ in it, and without the made-up file name that syntax errors carry. Of engines that somebody stopped:
    /// `interrupted`. It has at most 300 characters.
    pub fn title(&self) -> String {
        if self.is_interrupted() {
            return "interrupted".to_owned();
        }
        let name = self.name();
        let evalue = terminal_text(&self.evalue, false);
        let first = one_line(&SYNTAX_PLACE.replace(evalue.lines().next().unwrap_or_default(), ""));
        if first.is_empty() || self.texts_differ() { name } else { cut(&format!("{name}: {first}"), TITLE) }
    }

    /// The exception's class, in one line of at most 100 characters, without control characters.
    pub fn name(&self) -> String {
        name(&self.ename)
    }

    /// Whether engines of the group raised the exception with different texts.
    pub fn texts_differ(&self) -> bool {
        self.variants.iter().any(|variant| variant.evalue != self.evalue)
    }

    /// The 0-based line of the sent code that a step of the traceback is at, if it is a call in the cell that was sent.
    pub(super) fn line_of(&self, step: &Step, code: &str) -> Option<u32> {
        let Kind::Frame(Frame { place: FramePlace::Cell(counter), .. }) = &step.kind else { return None };
        self.counter.filter(|own| own == counter)?;
        let lines: Vec<&str> = self.traceback.lines().collect();
        let text = lines.get(step.lines.clone())?.join("\n");
        Some(Place::read(&text, self.counter)?.locate(code)?.line)
    }

    /// Whether a call is in a cell that was sent earlier.
    pub(super) fn is_of_another_cell(&self, frame: &Frame) -> bool {
        matches!((&frame.place, self.counter), (FramePlace::Cell(counter), Some(own)) if *counter != own)
    }

    /// Whether somebody stopped it, so that nothing is wrong with the code: a `KeyboardInterrupt` that no `raise` of the code
    /// made.
    pub fn is_interrupted(&self) -> bool {
        is_interrupt(&self.ename, &self.traceback)
    }
}

/// What one engine raised: `ValueError: bad`, in one line of at most 200 characters, without control characters and keys. Of
/// one that somebody stopped: `interrupted`.
pub(crate) fn raised(error: &ErrorContent) -> String {
    const MOST: usize = 200;
    if is_interruption(error) {
        return "interrupted".to_owned();
    }
    let evalue = terminal_text(&error.evalue, false);
    let first = SYNTAX_PLACE.replace(evalue.lines().next().unwrap_or_default(), "");
    let ename = name(&error.ename);
    let line = if first.is_empty() { ename } else { format!("{ename}: {first}") };
    cut(&without_key(&line), MOST)
}

/// Most characters of an error's title, and of the name of an exception: an engine chooses both, and may send megabytes.
const TITLE: usize = 300;
const NAME: usize = 100;

/// The name of an exception as it is shown wherever lines count.
pub(super) fn name(ename: &str) -> String {
    cut(&one_line(ename), NAME)
}

/// Whether an error says that somebody stopped the engine.
pub(super) fn is_interruption(error: &ErrorContent) -> bool {
    error.ename == "KeyboardInterrupt"
        && is_interrupt(&error.ename, &terminal_text(&error.traceback.join("\n"), false))
}

fn is_interrupt(ename: &str, traceback: &str) -> bool {
    ename == "KeyboardInterrupt" && {
        let mut arrows = traceback.lines().filter_map(|line| place::ARROW.captures(line));
        arrows.next_back().is_none_or(|arrow| !RAISES.is_match(&arrow[2]))
    }
}

/// A line of code that raises by itself.
static RAISES: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[:;])\s*raise\b"));

/// What Python adds to the text of a syntax error.
static SYNTAX_PLACE: LazyLock<Regex> = LazyLock::new(|| pattern(r" \((?:<[^>]*>|\d+\.py), line \d+\)$"));

/// Engines of an error group whose exception had the same text and the same traceback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorVariant {
    /// The engines that raised it.
    pub ranks: RankSet,
    /// The exception's text.
    pub evalue: String,
    /// The traceback, without colours.
    pub traceback: String,
}

/// All errors of a run, grouped by identical stack: the largest group first, then by lowest rank. None is left out.
///
/// `code` is what the engines got.
pub fn errors(run: &Run, code: &str) -> Vec<ErrorGroup> {
    // Most engines that fail fail alike, to the letter: each text is read once.
    let mut read: HashMap<(&ErrorContent, Option<String>, Option<u32>), usize> = HashMap::new();
    let mut all: Vec<Raised> = Vec::new();
    for part in run.parts() {
        let Some(error) = part.error() else { continue };
        let printed = printed(part, error);
        match read.entry((error.as_ref(), printed, part.execution_count)) {
            Entry::Occupied(known) => all[*known.get()].engines.push(part.engine),
            Entry::Vacant(new) => {
                let raised = Raised::read(part.engine, error, new.key().1.as_deref(), part.execution_count);
                new.insert(all.len());
                all.push(raised);
            }
        }
    }
    let mut groups: HashMap<(String, Vec<String>), usize> = HashMap::new();
    let mut alike: Vec<Vec<Raised>> = Vec::new();
    for raised in all {
        let at = *groups.entry((raised.ename.clone(), raised.stack())).or_insert(alike.len());
        if at == alike.len() {
            alike.push(Vec::new());
        }
        alike[at].push(raised);
    }
    let mut groups: Vec<ErrorGroup> = alike.into_iter().filter_map(|all| group(all, code)).collect();
    groups.sort_by_key(|group| (std::cmp::Reverse(group.ranks.len()), group.ranks.first()));
    groups
}

fn group(all: Vec<Raised>, code: &str) -> Option<ErrorGroup> {
    let ranks: RankSet = all.iter().flat_map(|raised| &raised.engines).copied().collect();
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    let mut variants: Vec<(Vec<EngineId>, Raised)> = Vec::new();
    for raised in all {
        let at = *known.entry((raised.evalue.clone(), raised.text.clone())).or_insert(variants.len());
        match variants.get_mut(at) {
            Some((engines, _)) => engines.extend(&raised.engines),
            None => variants.push((raised.engines.clone(), raised)),
        }
    }
    let mut variants: Vec<(RankSet, Raised)> =
        variants.into_iter().map(|(engines, raised)| (engines.into_iter().collect(), raised)).collect();
    variants.sort_by_key(|(ranks, _)| (std::cmp::Reverse(ranks.len()), ranks.first()));
    let of_variants = variants
        .iter()
        .map(|(ranks, raised)| ErrorVariant {
            ranks: ranks.clone(),
            evalue: raised.evalue.clone(),
            traceback: raised.traceback.clone(),
        })
        .collect();
    let (_, first) = variants.into_iter().next()?;
    let spot = first.place.as_ref().and_then(|place| place.locate(code));
    let frames = first.steps.iter().filter_map(|step| match &step.kind {
        Kind::Frame(frame) => Some(frame.clone()),
        _ => None,
    });
    Some(ErrorGroup {
        ranks,
        code_line: spot.map(|spot| spot.line),
        column: spot.and_then(|spot| spot.column),
        width: spot.map_or(1, |spot| spot.width),
        printed: first.printed,
        frames: frames.collect(),
        causes: causes(&first.steps, &first.traceback),
        ename: first.ename,
        evalue: first.evalue,
        traceback: first.traceback,
        variants: of_variants,
        steps: first.steps,
        repeats: first.repeats,
        counter: first.counter,
    })
}

/// The exceptions above each link of a traceback.
fn causes(steps: &[Step], traceback: &str) -> Vec<Cause> {
    let lines: Vec<&str> = traceback.lines().collect();
    let mut causes = Vec::new();
    let mut title = "";
    for step in steps {
        match step.kind {
            Kind::Message => title = lines[step.lines.start].trim(),
            Kind::Link { direct } => {
                causes.push(Cause { title: cut(std::mem::take(&mut title), TITLE), direct });
            }
            _ => {}
        }
    }
    causes
}

/// The traceback that an engine printed to stderr rather than sent with the error.
fn printed(part: &EngineRun, error: &ErrorContent) -> Option<String> {
    if error.traceback.iter().any(|text| !text.trim().is_empty()) {
        return None;
    }
    let text = part.stream(StreamName::Stderr);
    let from = text.rfind("  + Exception Group Traceback (most recent call last):\n")?;
    let line_start = text[..from].rfind('\n').map_or(0, |at| at + 1);
    (from == line_start).then(|| text[from..].to_owned())
}

/// A text without the counter of the cell that was sent, which differs between engines that ran a different number of cells.
fn without_counter(text: String, execution_count: Option<u32>) -> String {
    let Some(own) = execution_count else { return text };
    let without_own = |found: &regex::Captures<'_>| match found[2].parse::<u32>() {
        Ok(n) if n == own => format!("{}*", &found[1]),
        _ => found[0].to_owned(),
    };
    CELL_NAME.replace_all(&text, without_own).into_owned()
}

/// How IPython names a cell; 2: its counter.
static CELL_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(\bCell In ?\[|\bInput In ?\[|<ipython-input-)(\d+)"));

/// A traceback without the counters of all its cells.
pub(super) fn without_any_counter(text: &str) -> std::borrow::Cow<'_, str> {
    CELL_NAME.replace_all(text, "$1")
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant that the tests use")
}

/// The error of engines that sent the same text, read.
struct Raised {
    engines: Vec<EngineId>,
    ename: String,
    evalue: String,
    traceback: String,
    /// The traceback without the cell's counter.
    text: String,
    printed: bool,
    steps: Vec<Step>,
    repeats: Vec<Repeat>,
    counter: Option<u32>,
    place: Option<Place>,
}

impl Raised {
    fn read(
        engine: EngineId,
        error: &ErrorContent,
        printed: Option<&str>,
        execution_count: Option<u32>,
    ) -> Self {
        let sent = error.traceback.join("\n");
        let mut traceback = terminal_text(printed.unwrap_or(&sent), false);
        let message = terminal_text(&format!("{}: {}", error.ename, error.evalue), false);
        // Of an exception group the frames stand behind a bar.
        let mut bare: String = match printed {
            None => traceback.clone(),
            Some(_) => traceback
                .split('\n')
                .map(|line| line.strip_prefix("  | ").or(line.strip_prefix("  + ")).unwrap_or(line))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        let mut steps = traceback::steps(&bare, &message, execution_count);
        // What is in stderr is shown there, as it came.
        let repeats = if printed.is_none() { repeats::repeats(&bare, &steps) } else { Vec::new() };
        if !repeats.is_empty() {
            traceback = without(&repeats, &traceback);
            bare.clone_from(&traceback);
            steps = traceback::steps(&bare, &message, execution_count);
        }
        Self {
            engines: vec![engine],
            ename: error.ename.clone(),
            evalue: error.evalue.clone(),
            text: without_counter(traceback.clone(), execution_count),
            printed: printed.is_some(),
            steps,
            repeats,
            counter: execution_count,
            place: Place::read(&bare, execution_count),
            traceback,
        }
    }

    /// What is compared to group.
    fn stack(&self) -> Vec<String> {
        self.steps.iter().map(|step| step.key.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
