//! Scripts are divided into cells as jupytext 1.19's readers divide them; Databricks', Spyder's and IPython's scripts, which it
//! does not read, as those do.
//!
//! The reader of each cell starts afresh. So where a cell ends is a function of the text from its first line on and of
//! nothing above, and a script is divided anew after an edit from the cell on that the edit can reach, up to where a border
//! falls on one of before.

use super::{
    format::{Format, Piece, Style, is_command, is_twenty, title},
    jupytext::{Language, Metadata, Strings},
    lines::{is_blank, is_space, line_at},
    markers,
};

/// A cell of a script.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) start: usize,
    /// Where the next one begins.
    pub(super) end: usize,
    pub(super) shape: Shape,
    /// Whether it may hide magics in comments.
    pub(super) hides: bool,
    /// Whether it is code for jupytext alone, and holds an `%autopx`.
    pub(super) toggles: bool,
    /// What it says of the format.
    pub(super) piece: Piece,
    /// As far as the text was read to know it, from its start; beyond the text's end, where that was seen.
    pub(super) looked: usize,
}

/// What is what in a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// The length of what is no code of it at its beginning, as its marker.
    pub(super) head: usize,
    /// The length of what is no code of it at its end.
    pub(super) tail: usize,
    pub(super) kind: Kind,
    /// Whether jupytext takes `# name?` for a magic in it: a paragraph of the light format may be text.
    pub(super) asks: bool,
}

impl Part {
    /// The first byte behind what was read to know it.
    pub(super) fn looked(&self) -> usize {
        self.start + self.looked
    }

    /// Whether it is looked through: code, also where it is none in the script, and cells of other languages, which an `%autopx`
    /// region sends as well.
    pub(super) fn is_block(&self, style: &Style) -> bool {
        match self.shape.kind {
            Kind::Code | Kind::Inactive => true,
            Kind::Language => style.known.format != Format::Databricks,
            _ => false,
        }
    }
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Code,
    Markdown,
    Raw,
    /// Code that is commented out in the script.
    Inactive,
    /// Code of another language.
    Language,
}

/// Divides a text from a byte on.
pub(super) fn divide(text: &str, from: usize, style: &Style) -> Vec<Part> {
    let mut divider = Divider::new(text, style);
    let mut parts = Vec::new();
    let mut at = from;
    while at < text.len() {
        let part = divider.part(at);
        at = part.end;
        parts.push(part);
    }
    parts
}

/// Reads cells of a text.
pub(super) struct Divider<'a> {
    text: &'a str,
    style: &'a Style,
    /// As far as the text was read for this cell.
    looked: usize,
    /// The blank lines that were last looked behind, and whether what follows is indented.
    blanks: Option<(usize, usize, bool)>,
    /// The shortest fences, of backticks and of tildes, that nothing closes.
    unclosed: [Option<usize>; 2],
}

/// A cell as its reader leaves it.
struct Step {
    /// The first byte of its content.
    content: usize,
    /// The first byte behind its content.
    content_end: usize,
    end: usize,
    kind: Kind,
}

impl<'a> Divider<'a> {
    pub(super) fn new(text: &'a str, style: &'a Style) -> Self {
        Self { text, style, looked: 0, blanks: None, unclosed: [None; 2] }
    }

    /// The cell that begins at a byte, with the blank lines before its first and behind its last line.
    pub(super) fn part(&mut self, start: usize) -> Part {
        self.looked = start;
        let mut begin = start;
        let mut step = self.step(begin);
        while step.end < self.text.len() && self.is_blank(begin, step.end) {
            begin = step.end;
            step = self.step(begin);
        }
        let mut end = step.end;
        while let Some((line, _)) = self.line(end)
            && is_blank(line)
        {
            let next = self.step(end).end;
            if !self.is_blank(end, next) {
                break;
            }
            end = next;
        }
        let text = &self.text[start..end];
        Part {
            start,
            end,
            shape: Shape {
                head: step.content - start,
                tail: end - step.content_end.max(step.content),
                kind: step.kind,
                asks: !matches!(self.style.known.format, Format::Light | Format::NoMarker)
                    || step.content > begin,
            },
            hides: hides(text),
            toggles: step.kind == Kind::Inactive && text.contains("autopx"),
            piece: Piece::of(text, step.kind == Kind::Code),
            looked: self.looked - start,
        }
    }

    fn step(&mut self, start: usize) -> Step {
        match self.style.known.format {
            Format::Percent | Format::Hydrogen => self.percent(start, false),
            Format::Spyder => self.percent(start, true),
            Format::Light | Format::NoMarker => self.light(start),
            Format::Sphinx => self.sphinx(start),
            Format::Databricks => self.databricks(start),
            Format::Ipython => {
                self.looked = self.text.len() + 1;
                let end = self.text.len();
                Step { content: start, content_end: end, end, kind: Kind::Code }
            }
        }
    }

    /// The line that begins at a byte, and where the next one does.
    fn line(&mut self, at: usize) -> Option<(&'a str, usize)> {
        let found = line_at(self.text, at);
        self.looked = self.looked.max(found.map_or(self.text.len() + 1, |(_, next)| next));
        found
    }

    /// Whether all lines between two bytes are blank.
    fn is_blank(&self, from: usize, to: usize) -> bool {
        self.text[from..to].chars().all(is_space)
    }

    /// The kind of a code cell with these options.
    fn code(&self, metadata: &Metadata) -> Kind {
        if !metadata.is_active("ipynb", true) {
            return Kind::Raw;
        }
        if !metadata.is_active("py", true) {
            return Kind::Inactive;
        }
        let own = metadata.language().map(Language::of);
        if own.is_some_and(|own| own != self.style.language) { Kind::Language } else { Kind::Code }
    }

    fn language(&self, metadata: &Metadata) -> Language {
        metadata.language().map_or(self.style.language, Language::of)
    }

    /// A cell between markers. `titles`: `#%%Title` is one as well.
    fn percent(&mut self, start: usize, titles: bool) -> Step {
        let (mut at, mut metadata, mut content) = (start, Metadata::default(), start);
        if let Some((line, next)) = self.line(start)
            && let Some(options) = marker(line, titles)
        {
            (metadata, content) = (Metadata::parse(options), next);
        }
        let kind = match metadata.cell_type() {
            Some("markdown") => Kind::Markdown,
            Some("code") | None => self.code(&metadata),
            Some(_) => Kind::Raw,
        };
        let is_text = match metadata.cell_type() {
            Some(said) => matches!(said, "markdown" | "raw"),
            None => kind == Kind::Raw,
        };
        // Jupytext takes no sign off a raw cell that is active in scripts.
        let is_commented = metadata.cell_type().is_some() || !metadata.is_active("py", false);
        let language = self.language(&metadata);
        let mut strings = Strings::default();
        let mut fence = None;
        while let Some((line, next)) = self.line(at) {
            let was_open = strings.is_open();
            strings.read(line, language);
            if was_open {
                at = next;
                continue;
            }
            if is_text {
                let text = if is_commented { uncommented(line) } else { line };
                if let Some(open) = fence {
                    if closes(text, open) {
                        fence = None;
                    }
                    at = next;
                    continue;
                }
                if let Some(open) = opening(text)
                    && self.is_closed(next, open, is_commented)
                {
                    fence = Some(open);
                    at = next;
                    continue;
                }
            }
            if at > start && marker(line, titles).is_some() {
                break;
            }
            at = next;
        }
        Step { content, content_end: at, end: at, kind }
    }

    /// Whether a fence is closed anywhere below.
    fn is_closed(&mut self, from: usize, fence: Fence, is_commented: bool) -> bool {
        let unclosed = usize::from(fence.sign == b'~');
        if is_commented && self.unclosed[unclosed].is_some_and(|length| fence.length >= length) {
            self.looked = self.text.len() + 1;
            return false;
        }
        let mut at = from;
        while let Some((line, next)) = self.line(at) {
            if closes(if is_commented { uncommented(line) } else { line }, fence) {
                return true;
            }
            at = next;
        }
        if is_commented {
            self.unclosed[unclosed] = Some(fence.length);
        }
        false
    }

    /// The options of a line that begins a cell of the light format.
    fn plus(&self, line: &'a str) -> Option<&'a str> {
        let text = line.strip_prefix('#')?.trim_start_matches(is_space);
        text.strip_prefix(self.markers().map_or("+", |(start, _)| start.as_str()))
    }

    fn markers(&self) -> Option<&'a (String, String)> {
        self.style.markers.as_ref().filter(|_| self.style.known.format == Format::Light)
    }

    /// A paragraph, or a cell between `# +` and `# -`.
    fn light(&mut self, start: usize) -> Step {
        let Some((first, second)) = self.line(start) else {
            return Step { content: start, content_end: start, end: start, kind: Kind::Code };
        };
        let own_markers = self.markers();
        let metadata = self.plus(first).map(Metadata::parse);
        let own_end = own_markers.map(|(_, end)| end.as_str());
        let is_end = |line: &str, sign: &str| {
            let text = line.strip_prefix('#').map(|text| text.trim_start_matches(is_space));
            text.and_then(|text| text.strip_prefix(sign)).is_some_and(is_blank)
        };
        let Some(metadata) = metadata else {
            if !own_end.is_some_and(|end| is_end(first, end)) && self.is_commented(start) {
                let (end, next) = self.paragraph(start);
                let end_of_part = self.behind(next, false);
                return Step { content: start, content_end: end, end: end_of_part, kind: Kind::Markdown };
            }
            let (end, next) = self.code_paragraph(start, second);
            let end_of_part = self.behind(next, false);
            return Step { content: start, content_end: end, end: end_of_part, kind: Kind::Code };
        };
        let mut strings = Strings::default();
        let language = self.language(&metadata);
        let end_sign = format!("# {}", metadata.end_of_cell());
        let ends = |line: &str| match own_end {
            Some(end) => is_end(line, end),
            None => line.strip_prefix(&end_sign).is_some_and(is_blank),
        };
        let kind = match metadata.cell_type() {
            Some("markdown") => Kind::Markdown,
            Some("code") | None => self.code(&metadata),
            Some(_) => Kind::Raw,
        };
        let mut at = second;
        let mut before = Blanks::default();
        while let Some((line, next)) = self.line(at) {
            let was_open = strings.is_open();
            strings.read(line, language);
            if !was_open && self.plus(line).is_some() {
                // What begins inside another cell leaves that one without options where cells have to be closed.
                let is_dismissed = own_markers.is_some();
                let content = if is_dismissed { start } else { second };
                let kind = match metadata.cell_type() {
                    None | Some("code") if is_dismissed => Kind::Code,
                    _ => kind,
                };
                return Step { content, content_end: before.end(at), end: at, kind };
            }
            if !was_open && ends(line) {
                let end = self.behind(next, true);
                return Step { content: second, content_end: at, end, kind };
            }
            before.pass(at, line);
            at = next;
        }
        Step { content: second, content_end: at, end: at, kind }
    }

    /// A paragraph of code; `second` is where its second line begins. Gives where its content ends and the next one begins.
    fn code_paragraph(&mut self, start: usize, second: usize) -> (usize, usize) {
        let mut strings = Strings::default();
        let mut before = Blanks::default();
        let mut at = start;
        while let Some((line, next)) = self.line(at) {
            let was_open = strings.is_open();
            strings.read(line, self.style.language);
            if !was_open {
                if at > start && self.plus(line).is_some() {
                    return (before.end(at), at);
                }
                if is_blank(line) && !self.is_indented_behind(at) {
                    if at > start {
                        return (at, next);
                    }
                    return match self.line(second) {
                        Some((line, _)) if !is_blank(line) => (second, second),
                        Some((_, third)) => (second, third),
                        None => (second, second),
                    };
                }
            }
            before.pass(at, line);
            at = next;
        }
        (at, at)
    }

    /// Where the next cell begins behind the end of one: blank lines between belong to the first.
    fn behind(&mut self, next: usize, is_explicit: bool) -> usize {
        let mut at = next;
        let mut found = Vec::new();
        for _ in 0..3 {
            let Some((line, next)) = self.line(at) else { break };
            found.push((is_blank(line), next));
            at = next;
            if !is_blank(line) {
                break;
            }
        }
        match found.as_slice() {
            [(true, next), (false, _), ..] => *next,
            [(true, _), (true, next), (false, _)] if is_explicit => *next,
            _ => next,
        }
    }

    /// Whether a paragraph is a comment as a whole, without a magic in it.
    fn is_commented(&mut self, start: usize) -> bool {
        let mut at = start;
        while let Some((line, next)) = self.line(at) {
            let Some(rest) = line.strip_prefix('#') else { return at > start && is_blank(line) };
            let is_double = rest.trim_start_matches(is_space).starts_with('#');
            if !is_double && self.style.language.is_magic(line, false) {
                return false;
            }
            at = next;
        }
        true
    }

    /// Where the lines end that are not blank, and where the line behind the first blank one begins.
    fn paragraph(&mut self, start: usize) -> (usize, usize) {
        let mut at = start;
        while let Some((line, next)) = self.line(at) {
            if is_blank(line) {
                return (at, next);
            }
            at = next;
        }
        (at, at)
    }

    /// Whether the next line that is not blank is indented.
    fn is_indented_behind(&mut self, start: usize) -> bool {
        if let Some((from, to, is_indented)) = self.blanks
            && (from..to).contains(&start)
        {
            self.line(to);
            return is_indented;
        }
        let mut at = start;
        let mut is_indented = false;
        while let Some((line, next)) = self.line(at) {
            if !is_blank(line) {
                is_indented = line.starts_with(is_space);
                break;
            }
            at = next;
        }
        self.blanks = Some((start, at, is_indented));
        is_indented
    }

    /// Text in comments or in a string, or the code between.
    fn sphinx(&mut self, start: usize) -> Step {
        let Some((first, second)) = self.line(start) else {
            return Step { content: start, content_end: start, end: start, kind: Kind::Code };
        };
        let text =
            |content_end: usize, end: usize| Step { content: second, content_end, end, kind: Kind::Markdown };
        match sphinx_text(first) {
            Some(SphinxText::Empty) => {
                let end = match self.line(second) {
                    Some((line, third)) if is_blank(line) => third,
                    _ => second,
                };
                text(second, end)
            }
            Some(SphinxText::Quoted(quotes)) => {
                let mut at = start;
                while let Some((line, next)) = self.line(at) {
                    let is_opening = at == start && line.trim_matches(is_space) == quotes;
                    if !is_opening && line.trim_end_matches(is_space).ends_with(quotes) {
                        let end = match self.line(next) {
                            Some((line, behind)) if is_blank(line) => behind,
                            _ => next,
                        };
                        return text(next, end);
                    }
                    at = next;
                }
                text(at, at)
            }
            Some(SphinxText::Twenty) => {
                let mut at = second;
                while let Some((line, next)) = self.line(at) {
                    if !line.starts_with('#') {
                        return text(at, if is_blank(line) { next } else { at });
                    }
                    at = next;
                }
                text(at, at)
            }
            None => {
                let mut strings = Strings::default();
                let mut at = start;
                while let Some((line, next)) = self.line(at) {
                    if !strings.is_open() && sphinx_text(line).is_some() {
                        break;
                    }
                    strings.read(line, Language::Python);
                    at = next;
                }
                Step { content: start, content_end: at, end: at, kind: Kind::Code }
            }
        }
    }

    /// What stands between two lines `# COMMAND ----------`.
    fn databricks(&mut self, start: usize) -> Step {
        let mut content = start;
        let mut kind = None;
        let mut at = start;
        while let Some((line, next)) = self.line(at) {
            if is_command(line) {
                if at > start {
                    break;
                }
                content = next;
            } else if kind.is_none() && line.starts_with("# DBTITLE ") {
                content = next;
            } else if kind.is_none() && !is_blank(line) {
                kind = Some(databricks_kind(line));
            }
            at = next;
        }
        Step { content, content_end: at, end: at, kind: kind.unwrap_or(Kind::Code) }
    }
}

/// The last two lines that were passed.
#[derive(Clone, Copy, Debug, Default)]
struct Blanks {
    /// Where they begin, if they are blank: the last and the one before.
    last: [Option<usize>; 2],
}

impl Blanks {
    fn pass(&mut self, at: usize, line: &str) {
        self.last = [is_blank(line).then_some(at), self.last[0]];
    }

    /// Where the content ends in front of a line: two blank lines at most do not count.
    fn end(&self, at: usize) -> usize {
        match self.last {
            [Some(_), Some(before)] => before,
            [Some(last), None] => last,
            [None, _] => at,
        }
    }
}

/// The options of a line that begins a cell of the percent format; empty for one that takes none.
fn marker(line: &str, titles: bool) -> Option<&str> {
    let text = line.trim_start_matches(is_space).strip_prefix('#')?.trim_start_matches(is_space);
    if let Some(options) = text.strip_prefix("%%") {
        let behind = options.trim_start_matches('%');
        let is_marker = is_blank(options) || behind.starts_with(is_space) || (titles && title(line));
        return is_marker.then_some(options);
    }
    let behind = text.strip_prefix("<codecell>").or_else(|| {
        let behind = markers::prompt(text)?;
        Some(behind.strip_prefix(':').unwrap_or(behind))
    })?;
    is_blank(behind).then_some("")
}

/// The cell magic that jupytext makes of the line that begins a cell of another language; none of a language that it does not
/// know.
pub(super) fn language_magic(first: &str, style: &Style) -> Option<String> {
    let options = match style.known.format.is_percent() {
        true => marker(first, true),
        false => Divider::new(first, style).plus(first),
    };
    let metadata = Metadata::parse(options?);
    let language = metadata.language().filter(|language| Language::has_cell_magic(language))?;
    let arguments = metadata.magic_arguments().map(|arguments| format!(" {arguments}")).unwrap_or_default();
    Some(format!("%%{language}{arguments}"))
}

/// Whether a line may be a magic in a comment.
fn hides(text: &str) -> bool {
    memchr::memchr3_iter(b'%', b'!', b'?', text.as_bytes()).any(|at| {
        let line = &text[..at];
        let line = &line[line.rfind(['\n', '\r']).map_or(0, |end| end + 1)..];
        line.trim_start_matches(is_space).starts_with('#')
    })
}

/// A comment without its sign and one blank; any other line as it is.
fn uncommented(line: &str) -> &str {
    line.strip_prefix('#').map_or(line, |rest| rest.strip_prefix(' ').unwrap_or(rest))
}

/// What begins a block of code in Markdown.
#[derive(Clone, Copy, Debug)]
struct Fence {
    sign: u8,
    length: usize,
}

/// The fence that a line of Markdown is, and what stands behind it.
fn fence(text: &str) -> Option<(Fence, &str)> {
    let rest = text.trim_start_matches(' ');
    if text.len() - rest.len() > 3 {
        return None;
    }
    let sign = rest.bytes().next().filter(|sign| matches!(sign, b'`' | b'~'))?;
    let behind = rest.trim_start_matches(char::from(sign));
    let length = rest.len() - behind.len();
    (length >= 3).then_some((Fence { sign, length }, behind))
}

fn opening(text: &str) -> Option<Fence> {
    let (fence, behind) = fence(text)?;
    (fence.sign != b'`' || !behind.contains('`')).then_some(fence)
}

fn closes(text: &str, open: Fence) -> bool {
    fence(text).is_some_and(|(fence, behind)| {
        fence.sign == open.sign && fence.length >= open.length && is_blank(behind)
    })
}

/// How a cell of text begins in a script of Sphinx-Gallery.
enum SphinxText {
    /// An empty string, which only divides.
    Empty,
    /// A string in these quotes.
    Quoted(&'static str),
    /// Twenty number signs.
    Twenty,
}

fn sphinx_text(line: &str) -> Option<SphinxText> {
    if line == "\"\"" || line == "''" {
        return Some(SphinxText::Empty);
    }
    if let Some(quotes) = ["\"\"\"", "'''"].into_iter().find(|quotes| line.starts_with(quotes)) {
        return Some(SphinxText::Quoted(quotes));
    }
    is_twenty(line).then_some(SphinxText::Twenty)
}

/// What a Databricks cell is by its first line.
fn databricks_kind(line: &str) -> Kind {
    let Some(magic) = line.strip_prefix("# MAGIC %") else { return Kind::Code };
    match magic.split([' ', '\t']).next().unwrap_or_default() {
        "md" | "md-sandbox" => Kind::Markdown,
        "sql" | "scala" | "r" | "sh" | "fs" | "run" | "pip" | "conda" => Kind::Language,
        _ => Kind::Code,
    }
}
