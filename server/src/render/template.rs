//! Texts that are alike, as one text with gaps.
//!
//! A template holds what each engine has in each gap, so that [`Template::fill`] restores every text. A gap is shown as a
//! summary.

use super::{
    line::{BlockLine, Paint},
    numbers::{BARS_IN_A_LINE, Detail, FEW, Summary, number, spread},
};
use crate::{
    engines::{EngineId, RankSet},
    run::{
        rules::Rule,
        tokens::{Kind, Token, is_array, is_value, seconds, tokens},
    },
};

/// Results of more numbers than this are shown by their shape.
const SMALL: usize = 8;

/// How many characters the values of few engines may take in a line, in all gaps together.
const VALUES: usize = 72;

/// So many different strings are named.
const NAMED: usize = 3;

/// The most characters of a string that is named.
const LONGEST_NAMED: usize = 40;

/// Lines with more gaps hold ranges.
const MOST_WITH_VALUES: usize = 3;

/// Texts that differ in tokens only, one per engine.
pub(super) struct Template {
    /// The engine of each text.
    engines: Vec<EngineId>,
    pieces: Vec<Piece>,
    /// Whether it is a value of several parts.
    composed: bool,
}

enum Piece {
    Same(String),
    /// A number of a value that is the same in all.
    Equal(String),
    Varies(Column),
}

/// One gap.
struct Column {
    kind: Kind,
    /// Whether the text before it names it as a process id.
    pid: bool,
    /// Whether a line or bracket ends after it, so that no blanks are needed there.
    last: bool,
    cells: Vec<Cell>,
}

/// What one text has in a gap.
struct Cell {
    text: String,
    /// Bytes of blanks before and after it.
    blanks: (usize, usize),
}

impl Cell {
    fn core(&self) -> &str {
        &self.text[self.blanks.0..self.text.len() - self.blanks.1]
    }
}

impl Template {
    /// The template of these texts, one per engine; `None` if they are not alike. With `result`, they are results.
    pub(super) fn of(texts: &[(EngineId, String)], result: bool) -> Option<Self> {
        let (_, first) = texts.first()?;
        let value = result && texts.iter().all(|(_, text)| is_value(text));
        let all: Vec<Vec<Token>> = texts.iter().map(|(_, text)| tokens(text, value).collect()).collect();
        let mut pieces = Vec::new();
        let mut at = vec![0; texts.len()];
        for (i, token) in all[0].iter().enumerate() {
            let literal = &first[at[0]..token.whole.start];
            let mut cells = Vec::with_capacity(texts.len());
            for (((_, text), found), at) in texts.iter().zip(&all).zip(&mut at) {
                let other = found.get(i)?;
                let like = (other.kind, other.apart_before, other.apart_after)
                    == (token.kind, token.apart_before, token.apart_after);
                if !like || text[*at..other.whole.start] != *literal {
                    return None;
                }
                let blanks = (other.core.start - other.whole.start, other.whole.end - other.core.end);
                cells.push(Cell { text: text[other.whole.clone()].to_owned(), blanks });
                *at = other.whole.end;
            }
            let pid = Rule::Pids.applies() && names_pid(literal);
            let next = first[token.whole.end..].chars().next();
            let last = matches!(next, None | Some('\n' | ']' | ')' | '}' | ','));
            pieces.push(Piece::Same(literal.to_owned()));
            pieces.push(match cells.iter().all(|cell| cell.text == cells[0].text) {
                false => Piece::Varies(Column { kind: token.kind, pid, last, cells }),
                true if value && token.kind == Kind::Number => Piece::Equal(cells.swap_remove(0).text),
                true => Piece::Same(cells.swap_remove(0).text),
            });
        }
        let rest = &first[at[0]..];
        let complete = texts
            .iter()
            .zip(&all)
            .zip(&at)
            .all(|(((_, text), found), at)| found.len() == all[0].len() && text[*at..] == *rest);
        pieces.push(Piece::Same(rest.to_owned()));
        complete.then(|| Self {
            engines: texts.iter().map(|(engine, _)| *engine).collect(),
            pieces,
            composed: value && (first.starts_with(['(', '[', '{']) || is_array(first)),
        })
    }

    /// The text of one engine, by its index.
    pub(super) fn fill(&self, place: usize) -> String {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Same(text) | Piece::Equal(text) => text.as_str(),
            Piece::Varies(column) => column.cells.get(place).map_or("", |cell| &cell.text),
        });
        texts.collect()
    }

    /// Whether [`Template::lines`] shows what each engine has in each gap.
    pub(super) fn shows_all(&self) -> bool {
        let mut shows_all = self.by_shape(None).is_none() && self.engines.len() <= FEW;
        for line in self.by_line() {
            let columns = || {
                line.iter().filter_map(|piece| match piece {
                    Piece::Varies(column) => Some(column),
                    Piece::Same(_) | Piece::Equal(_) => None,
                })
            };
            let most = VALUES / columns().count().max(1);
            shows_all &= columns().count() <= MOST_WITH_VALUES || columns().all(Column::is_equal);
            shows_all &= columns().all(|column| {
                let texts: Vec<&str> = column.cells.iter().map(Cell::core).collect();
                let is_own =
                    texts.iter().zip(&self.engines).all(|(text, engine)| text.parse() == Ok(engine.0));
                let is_written = matches!(column.kind, Kind::Number | Kind::Duration | Kind::Dotted);
                column.is_equal()
                    || is_own
                    || (is_written && Summary::values(&texts, most).is_some())
                    || (column.kind == Kind::Quoted && self.names_all(column))
            });
        }
        shows_all
    }

    /// What it shows, in lines. Without a `detail`, as much as there is room for.
    pub(super) fn lines(&self, base: Paint, detail: Option<Detail>) -> Vec<BlockLine> {
        if let Some(summary) = self.by_shape(detail) {
            return vec![BlockLine::of(summary.range, base).and(summary.rest, Paint::Note)];
        }
        let lines = self.by_line();
        let varying =
            |line: &Vec<&Piece>| line.iter().filter(|piece| matches!(piece, Piece::Varies(_))).count();
        let mut drawn = Drawn { lines: vec![BlockLine::default()], ..Drawn::default() };
        for (n, line) in lines.iter().enumerate() {
            let detail = detail.unwrap_or(match varying(line) {
                few @ 0..=MOST_WITH_VALUES if self.engines.len() <= FEW => {
                    Detail::Values(VALUES / few.max(1))
                }
                0 | 1 => Detail::Bars(40),
                2 | 3 => Detail::Bars(BARS_IN_A_LINE),
                4..=6 => Detail::Median,
                _ => Detail::Range,
            });
            // The piece in which a line begins was drawn with the line before.
            for (at, piece) in line.iter().enumerate().skip(usize::from(n > 0)) {
                let is_alone = is_alone(line, at);
                self.draw(piece, base, detail, is_alone, &mut drawn);
            }
        }
        drawn.finish();
        drawn.lines
    }

    /// Its pieces, divided where a line ends, so that each line has the detail for which it has room. The piece in which a line
    /// begins is in both.
    fn by_line(&self) -> Vec<Vec<&Piece>> {
        let mut lines: Vec<Vec<&Piece>> = vec![Vec::new()];
        for piece in &self.pieces {
            lines.last_mut().expect("there is a line from the start").push(piece);
            if matches!(piece, Piece::Same(text) if text.contains('\n')) {
                lines.push(vec![piece]);
            }
        }
        lines
    }

    /// `is_alone`: nothing else stands in the line, so that a summary needs no marks.
    fn draw(&self, piece: &Piece, base: Paint, detail: Detail, is_alone: bool, drawn: &mut Drawn) {
        let marked = |text: &str, drawn: &mut Drawn| {
            let blanks = text.len() - text.trim_start().len();
            drawn.literal(&text[..blanks], base);
            drawn.text("≡ ", Paint::Note);
            drawn.text(&text[blanks..], base);
        };
        let marks = self.composed && Rule::Equal.applies();
        match piece {
            Piece::Equal(text) if marks => marked(text, drawn),
            Piece::Same(text) | Piece::Equal(text) => drawn.literal(text, base),
            Piece::Varies(column) => {
                let (before, after) = column.blanks();
                drawn.finish();
                drawn.text(&before, base);
                if column.is_equal() {
                    let is_marked = marks && column.kind == Kind::Number;
                    let text = column.cells[0].core();
                    if is_marked { marked(text, drawn) } else { drawn.text(text, base) }
                } else {
                    let summary = self.summarize(column, detail, is_alone);
                    let (open, close) = if summary.is_gap && !is_alone { ("‹", "›") } else { ("", "") };
                    drawn.text(open, Paint::Note);
                    drawn.text(&summary.range, base);
                    drawn.text(close, Paint::Note);
                    drawn.note = summary.rest;
                }
                if !after.is_empty() {
                    drawn.finish();
                    drawn.text(&after, base);
                }
            }
        }
    }

    fn summarize(&self, column: &Column, detail: Detail, is_alone: bool) -> Summary {
        let texts = || column.cells.iter().map(Cell::core);
        let own = |(text, engine): (&str, &EngineId)| text.parse() == Ok(engine.0);
        // A rank by itself is a value like any other.
        let is_value = is_alone && self.engines.len() <= FEW;
        if !is_value && Rule::OwnRank.applies() && texts().zip(&self.engines).all(own) {
            return Summary::plain("‹rank›");
        }
        let distinct = || {
            let mut all: Vec<&str> = texts().collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        match column.kind {
            Kind::Number | Kind::Duration => {
                let time = column.kind == Kind::Duration;
                let read = if time { seconds } else { number };
                let values: Option<Vec<f64>> = texts().map(read).collect();
                let Some(values) = values else {
                    return Summary::gap(format!("{} texts", distinct().len()));
                };
                let texts: Vec<&str> = texts().collect();
                let few = match detail {
                    Detail::Values(most) if column.pid => Summary::values(&texts, most),
                    _ => None,
                };
                if let Some(values) = few {
                    return values;
                }
                let detail = if column.pid { Detail::Range } else { detail };
                spread(&values, &texts, time, &self.engines, detail)
            }
            Kind::Address if texts().all(|text| text.starts_with("0x")) => Summary::gap("0x…".to_owned()),
            Kind::Address => Summary::gap(format!("{} ids", distinct().len())),
            Kind::Dotted => match detail {
                Detail::Values(most) => Summary::values(&texts().collect::<Vec<_>>(), most),
                _ => None,
            }
            .unwrap_or_else(|| {
                Summary::gap(ends(&mut distinct(), |text| {
                    text.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u64>>()
                }))
            }),
            Kind::InName => Summary::plain(&node_set(&distinct())),
            Kind::Quoted => Summary::gap(self.by_text(column)),
        }
    }

    /// Whether [`Template::by_text`] names all texts whole.
    fn names_all(&self, column: &Column) -> bool {
        let mut texts: Vec<&str> = column.cells.iter().map(Cell::core).collect();
        texts.sort_unstable();
        texts.dedup();
        texts.len() <= NAMED && texts.iter().all(|text| text.chars().count() <= LONGEST_NAMED)
    }

    /// Who has which text: `'a' [0-2], 'b' [3]`.
    fn by_text(&self, column: &Column) -> String {
        let mut known: Vec<(&str, Vec<EngineId>)> = Vec::new();
        for (cell, engine) in column.cells.iter().zip(&self.engines) {
            match known.iter().position(|(text, _)| *text == cell.core()) {
                Some(i) => known[i].1.push(*engine),
                None if known.len() < 100 => known.push((cell.core(), vec![*engine])),
                None => return "more than 100 texts".to_owned(),
            }
        }
        known.sort_by_key(|(_, engines)| std::cmp::Reverse(engines.len()));
        let shown = known.iter().take(NAMED).map(|(text, engines)| {
            let ranks: RankSet = engines.iter().copied().collect();
            format!("{} {ranks}", super::wording::cut(text, LONGEST_NAMED))
        });
        let mut texts = shown.collect::<Vec<_>>().join(", ");
        if known.len() > NAMED {
            texts.push_str(&format!(", {} more", known.len() - NAMED));
        }
        texts
    }

    /// The summary of a value of many numbers: its shape, and how the numbers of all engines are spread.
    fn by_shape(&self, detail: Option<Detail>) -> Option<Summary> {
        let text = self.fill(0);
        let numbers = self.pieces.iter().filter(|piece| !matches!(piece, Piece::Same(_))).count();
        let many = numbers > SMALL || (is_array(&text) && text.contains("..."));
        let only_numbers = self.pieces.iter().all(|piece| match piece {
            Piece::Varies(column) => column.kind == Kind::Number,
            _ => true,
        });
        if !(many && only_numbers && self.composed && Rule::Large.applies()) {
            return None;
        }
        let what = what_is(&text)?;
        // The numbers behind the last bracket say what the array is, not what is in it.
        let inside = |text: &str| text[..text.rfind(']').unwrap_or(text.len())].to_owned();
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for place in 0..self.engines.len() {
            let text = inside(&self.fill(place));
            let found = tokens(&text, true).filter(|token| token.kind == Kind::Number);
            rows.push(found.filter_map(|token| number(&text[token.core])).collect());
        }
        let all = super::numbers::pooled(&rows, &self.engines, detail.unwrap_or(Detail::Bars(40)));
        let part = if text.contains("...") { " (of what is printed)" } else { "" };
        Some(Summary { range: format!("{what} {}", all.range), rest: all.rest + part, is_gap: false })
    }
}

impl Column {
    /// The blanks to show round a summary: as they are where all have the same, else one if all have some.
    fn blanks(&self) -> (String, String) {
        let agreed = |of: fn(&Cell) -> &str| {
            let first = self.cells.first().map_or("", of);
            let some = self.cells.iter().all(|cell| !of(cell).is_empty());
            match self.cells.iter().all(|cell| of(cell) == first) {
                true => first.to_owned(),
                false => " ".repeat(usize::from(some)),
            }
        };
        let before = agreed(|cell| &cell.text[..cell.blanks.0]);
        let after = agreed(|cell| &cell.text[cell.text.len() - cell.blanks.1..]);
        (before, if self.last && !after.contains('\n') { String::new() } else { after })
    }

    /// Whether only blanks differ.
    fn is_equal(&self) -> bool {
        self.cells.iter().all(|cell| cell.core() == self.cells[0].core())
    }
}

/// Whether nothing but blanks stands beside a piece in its line.
fn is_alone(line: &[&Piece], at: usize) -> bool {
    let text = |piece: &&Piece| match piece {
        Piece::Same(text) | Piece::Equal(text) => Some(text.clone()),
        Piece::Varies(_) => None,
    };
    let before: Option<String> = line[..at].iter().map(text).collect();
    let after: Option<String> = line[at + 1..].iter().map(text).collect();
    let is_blank = |text: &str| text.trim().is_empty();
    before.is_some_and(|before| is_blank(before.rsplit('\n').next().unwrap_or_default()))
        && after.is_some_and(|after| is_blank(after.split('\n').next().unwrap_or_default()))
}

/// Lines in the making.
#[derive(Default)]
struct Drawn {
    lines: Vec<BlockLine>,
    /// The note on a range, kept back until the unit behind the range is drawn.
    note: String,
}

impl Drawn {
    /// Text that stands between gaps.
    fn literal(&mut self, text: &str, base: Paint) {
        let is_unit = |c: char| c.is_alphabetic() || matches!(c, '%' | '°' | '/');
        let unit = text.find(|c| !is_unit(c)).unwrap_or(text.len());
        let unit = if self.note.is_empty() { 0 } else { unit };
        self.text(&text[..unit], base);
        self.finish();
        self.text(&text[unit..], base);
    }

    fn finish(&mut self) {
        let note = std::mem::take(&mut self.note);
        self.text(&note, Paint::Note);
    }

    fn text(&mut self, text: &str, paint: Paint) {
        for (i, part) in text.split('\n').enumerate() {
            if i > 0 {
                self.lines.push(BlockLine::default());
            }
            if let Some(line) = self.lines.last_mut().filter(|_| !part.is_empty()) {
                line.add(part, paint);
            }
        }
    }
}

/// Whether a text ends by naming a process id: `pid 4711`, `PID=4711`, `process: 4711`.
fn names_pid(text: &str) -> bool {
    let word = text.trim_end_matches([' ', ':', '=', '#', '(', '[']);
    let start = word.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| at + 1);
    ["pid", "ppid", "process"]
        .iter()
        .any(|name| word.get(start..).is_some_and(|word| word.eq_ignore_ascii_case(name)))
}

/// The first and last of some texts, or all of them if they are few.
fn ends<K: Ord>(texts: &mut [&str], key: impl Fn(&str) -> K) -> String {
    texts.sort_by_key(|text| key(text));
    match &*texts {
        [first, _, _, .., last] => format!("{first}…{last}"),
        few => few.join(", "),
    }
}

/// Digits within names, as ClusterShell writes them: `[01-04,07]`.
fn node_set(digits: &[&str]) -> String {
    let mut numbers: Vec<(u64, &str)> =
        digits.iter().filter_map(|text| Some((text.parse().ok()?, *text))).collect();
    numbers.sort_unstable();
    let mut ranges: Vec<(&str, &str, u64)> = Vec::new();
    for (number, text) in &numbers {
        match ranges.last_mut() {
            Some((_, last, end)) if *end + 1 == *number && last.len() <= text.len() => {
                (*last, *end) = (text, *number)
            }
            _ => ranges.push((text, text, *number)),
        }
    }
    match ranges.as_slice() {
        [(first, ..), .., (_, last, _)] if ranges.len() > 6 || numbers.len() < digits.len() => {
            format!("[{first}…{last}]")
        }
        few => {
            let ranges =
                few.iter().map(
                    |(first, last, _)| {
                        if first == last { (*first).to_owned() } else { format!("{first}-{last}") }
                    },
                );
            format!("[{}]", ranges.collect::<Vec<_>>().join(","))
        }
    }
}

/// `array 3×4 float64`, `list of 12`.
pub(super) fn what_is(text: &str) -> Option<String> {
    if !is_of_numbers(text) {
        return None;
    }
    let named = |name: &str| text.split_once(name).map(|(_, rest)| rest);
    let is_array = is_array(text);
    let elided = text.contains("...");
    let sizes = match named("shape=(") {
        Some(shape) => {
            let sizes: Vec<&str> = shape.split(')').next()?.split(',').map(str::trim).collect();
            Some(sizes.into_iter().filter(|size| !size.is_empty()).map(str::to_owned).collect())
        }
        None if elided => None,
        None => sizes(text),
    };
    let sizes: Option<Vec<String>> = sizes;
    let kind = match text.as_bytes().first()? {
        b'a' => "array",
        b't' => "tensor",
        b'[' => "list",
        b'(' => "tuple",
        _ => return None,
    };
    let size = match sizes.as_deref() {
        None if is_array => String::new(),
        None => return None,
        Some([only]) if !is_array => format!(" of {only}"),
        Some(sizes) => format!(" {}", sizes.join("×")),
    };
    let dtype = match named("dtype=") {
        Some(dtype) => dtype.split([',', ')']).next().map(|dtype| format!(" {dtype}")).unwrap_or_default(),
        None if text.starts_with("array(") => {
            // NumPy names only types that do not show in the values.
            let inside = text.split(']').next().unwrap_or_default().replace("...", "");
            if inside.contains('j') {
                " complex128".to_owned()
            } else if inside.contains(['.', 'n', 'e']) {
                " float64".to_owned()
            } else {
                " int64".to_owned()
            }
        }
        None => String::new(),
    };
    Some(format!("{kind}{size}{dtype}"))
}

/// Whether a value holds numbers and nothing else. Of an array, what is said of it counts as well.
fn is_of_numbers(text: &str) -> bool {
    if is_array(text) {
        return !text.contains(['\'', '"', '{']);
    }
    let mut words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.all(|word| ["nan", "inf", "e", "j"].contains(&word)) && !text.contains(['\'', '"', '{', '*', '='])
}

/// The size of nested brackets in each dimension, if it is the same throughout.
fn sizes(text: &str) -> Option<Vec<String>> {
    let mut known: Vec<Option<usize>> = Vec::new();
    // Commas so far in each open bracket, and whether anything came after the last one.
    let mut open: Vec<(usize, bool)> = Vec::new();
    let body =
        text.strip_prefix("array").or_else(|| text.strip_prefix("tensor")).map_or(text, |rest| &rest[1..]);
    for c in body.chars() {
        match c {
            '[' | '(' => {
                if let Some(outer) = open.last_mut() {
                    outer.1 = true;
                }
                open.push((0, false));
                if known.len() < open.len() {
                    known.push(None);
                }
            }
            ']' | ')' => {
                let (commas, more) = open.pop()?;
                let size = commas + usize::from(more);
                let expected = known.get_mut(open.len())?.get_or_insert(size);
                if *expected != size {
                    return None;
                }
                if open.is_empty() {
                    return known.into_iter().map(|size| Some(size?.to_string())).collect();
                }
            }
            ',' => {
                let inner = open.last_mut()?;
                *inner = (inner.0 + 1, false);
            }
            c if !c.is_whitespace() => open.last_mut()?.1 = true,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_of_numbers_the_shape_is_told() {
        for (text, expected) in [
            ("array([[1., 2.],\n       [3., nan]])", Some("array 2×2 float64")),
            ("array([1, 2], dtype=int32)", Some("array 2 int32")),
            ("[1, 2,\n 3]", Some("list of 3")),
            ("(1.5, -2e-3)", Some("tuple of 2")),
            ("[[1, 2], [3, 4]]", Some("list 2×2")),
            ("[[1, 2], [3]]", None),
            ("[{'a': 1, 'b': 2},\n {'a': 3, 'b': 4}]", None),
            ("['a, b',\n 'c, d']", None),
            ("[Point(x=1, y=2), Point(x=3, y=4)]", None),
            ("(x + 1)\n* 2", None),
            ("array(['a', 'b'], dtype='<U1')", None),
            ("loss 0.5", None),
        ] {
            assert_eq!(what_is(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn digits_of_names_are_written_as_a_set() {
        assert_eq!(node_set(&["01", "02", "04"]), "[01-02,04]");
        assert_eq!(node_set(&["1", "3", "5", "7", "9", "11", "13"]), "[1…13]");
    }

    #[test]
    fn a_process_id_is_told_by_the_word_before_it() {
        for (text, is_so) in
            [("pid ", true), ("PID=", true), ("process: ", true), ("rapid ", false), ("", false)]
        {
            assert_eq!(names_pid(text), is_so, "{text}");
        }
    }
}
