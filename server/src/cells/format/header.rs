//! The header of a script as jupytext reads it: what executes it, its encoding, and YAML between two lines `# ---`.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;
use saphyr::{LoadableYamlNode, Yaml};

use super::Format;
use crate::{
    cells::{
        jupytext::Language,
        lines::{is_blank, is_space, line_at},
    },
    text::TextRange,
};

/// What the beginning of a script says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Header {
    /// The first byte of the first cell.
    pub(crate) end: usize,
    /// As far as the text was read to know this; beyond the text's end, where that was seen.
    pub(crate) looked: usize,
    /// Whether it has a section of jupytext's.
    pub(super) is_jupytext: bool,
    /// The format it says.
    pub(super) format: Option<Format>,
    /// Whether magics are commented, if it says so.
    pub(super) comment_magics: Option<bool>,
    /// What begins and ends a cell in the light format, if it says so.
    pub(super) markers: Option<(String, String)>,
    pub(super) language: Language,
    /// Why jupytext does not read the script.
    pub(crate) fault: Option<Fault>,
}

/// What in a header makes jupytext refuse a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// In bytes of the document.
    pub(crate) range: TextRange,
    pub(crate) why: FaultKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// It is no YAML.
    Yaml,
    /// A part of it is not what it should be: its name.
    Section(&'static str),
    /// No format for Python has this name.
    Format(String),
}

/// The names of jupytext's formats for Python.
const OF_PYTHON: [&str; 6] = ["light", "nomarker", "percent", "hydrogen", "sphinx", "marimo"];

impl Fault {
    /// Whose place is not known yet.
    fn of(why: FaultKind) -> Self {
        Self { range: TextRange::default(), why }
    }
}

/// YAML that is longer is not read.
const LONGEST: usize = 16 << 10;

static ENCODING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[ \t\f]*#.*?coding[:=][ \t]*[-_.a-zA-Z0-9]+").expect("it is a regular expression")
});

/// Reads the header of a text, the first byte of which that counts is `start`.
pub(super) fn read(text: &str, start: usize) -> Header {
    let mut header = Header { end: start, looked: start, ..Header::default() };
    let mut at = start;
    let mut yaml = String::new();
    let (mut has_begun, mut in_jupyter) = (false, false);
    let mut section = TextRange::default();
    let mut before_has_encoding = false;
    for number in 0.. {
        let Some((line, next)) = line_at(text, at) else {
            header.looked = text.len() + 1;
            return header;
        };
        header.looked = next;
        let begin = std::mem::replace(&mut at, next);
        if number == 0 && line.starts_with("#!") {
            header.end = next;
            before_has_encoding = ENCODING.is_match(line);
            continue;
        }
        if number == 0 || (number == 1 && !before_has_encoding) {
            before_has_encoding = ENCODING.is_match(line);
            if before_has_encoding {
                header.end = next;
                continue;
            }
        }
        let Some(line) = uncommented(line) else { return header };
        if is_fence(line) {
            if !has_begun {
                has_begun = true;
                continue;
            }
            break;
        }
        if !has_begun && !is_blank(line) {
            return header;
        }
        if line
            .strip_prefix("jupyter")
            .is_some_and(|rest| rest.trim_start_matches(is_space).trim_end_matches(is_space) == ":")
        {
            in_jupyter = true;
            let end = begin + text[begin..next].trim_end().len();
            section = TextRange::new(end - line.trim_end().len(), end);
        } else if !line.is_empty() && !line.starts_with(is_space) {
            in_jupyter = false;
        }
        if in_jupyter && yaml.len() <= LONGEST {
            yaml.push_str(line);
            yaml.push('\n');
        }
    }
    if !yaml.is_empty() {
        let is_taken = header.take_in(&yaml);
        let fault = header.fault.take().map(|fault| match &fault.why {
            FaultKind::Format(name) => {
                Fault { range: place(text, section.start..at, name).unwrap_or(section), ..fault }
            }
            _ => Fault { range: section, ..fault },
        });
        if !is_taken {
            return Header { end: header.end, looked: header.looked, fault, ..Header::default() };
        }
        header.fault = fault;
    }
    header.end = match line_at(text, at) {
        Some((line, next)) => {
            header.looked = next;
            if is_blank(uncommented(line).unwrap_or(line)) { next } else { at }
        }
        None => {
            header.looked = text.len() + 1;
            at
        }
    };
    header
}

/// Where a header names a format.
fn place(text: &str, header: Range<usize>, name: &str) -> Option<TextRange> {
    let within = &text[header.clone()];
    let key = within.find("format_name").or_else(|| within.find("formats"))?;
    let start = header.start + key + within[key..].find(name)?;
    Some(TextRange::new(start, start + name.len()))
}

/// A comment without its sign and one blank.
fn uncommented(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('#')?;
    Some(rest.strip_prefix(' ').unwrap_or(rest))
}

fn is_fence(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(is_blank)
}

impl Header {
    /// The same of a text in front of which so many bytes stand.
    pub(crate) fn moved(self, by: usize) -> Self {
        let fault = self.fault.map(|fault| Fault { range: fault.range.shifted(by), ..fault });
        Self { end: self.end + by, looked: self.looked + by, fault, ..self }
    }

    /// Whether it says what the other says, whatever was read to know that.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        Self { looked: other.looked, ..self.clone() } == *other
    }

    /// Takes in the YAML of its section `jupyter`; says whether it is such.
    fn take_in(&mut self, yaml: &str) -> bool {
        if yaml.len() > LONGEST {
            return false;
        }
        let documents = match Yaml::load_from_str(yaml) {
            Ok(documents) => documents,
            Err(error) => {
                // Python takes the last of two values for the same key.
                let is_read = error.to_string().contains("duplicate");
                self.fault = (!is_read).then(|| Fault::of(FaultKind::Yaml));
                return false;
            }
        };
        let Some(jupyter) = documents.first().and_then(|document| document.as_mapping_get("jupyter")) else {
            return false;
        };
        if !jupyter.is_mapping() {
            self.fault = jupyter.is_null().then(|| Fault::of(FaultKind::Section("jupyter")));
            return false;
        }
        let text = |node: Option<&Yaml<'_>>| node.and_then(Yaml::as_str).map(str::to_owned);
        let kernel =
            jupyter.as_mapping_get("kernelspec").and_then(|kernel| kernel.as_mapping_get("language"));
        let jupytext = jupyter.as_mapping_get("jupytext");
        let of_jupytext = |key: &str| jupytext.and_then(|section| section.as_mapping_get(key));
        let language = text(of_jupytext("main_language")).or_else(|| text(kernel));
        self.language = language.map_or(Language::Python, |language| Language::of(&language));
        self.is_jupytext = jupytext.is_some_and(Yaml::is_mapping);
        let representation = of_jupytext("text_representation");
        let of_representation =
            |key: &str| text(representation.and_then(|section| section.as_mapping_get(key)));
        let is_here = of_representation("extension").is_some_and(|extension| extension.ends_with(".py"));
        let named = of_representation("format_name").filter(|_| is_here);
        let is_named = named.is_some();
        let listed = || text(of_jupytext("formats")).and_then(|formats| listed(&formats));
        // Where a representation names none, it is jupytext's default.
        let name = named.or_else(listed).or_else(|| representation.map(|_| "light".to_owned()));
        self.format = name.as_deref().and_then(Format::of_jupytext);
        let is_section = |node: Option<&Yaml<'_>>| node.is_none_or(Yaml::is_mapping);
        let is_known = |name: &String| {
            // The old name of a format counts only in the list.
            name.is_empty() || OF_PYTHON.contains(&name.as_str()) || (name == "bare" && !is_named)
        };
        let why = match () {
            () if !is_section(jupytext) => Some(FaultKind::Section("jupytext")),
            () if !is_section(representation) => Some(FaultKind::Section("text_representation")),
            () => name.filter(|name| !is_known(name)).map(FaultKind::Format),
        };
        self.fault = why.map(Fault::of);
        // What the representation says of this format counts for more.
        let of_format = representation.and_then(|section| section.as_mapping_get("comment_magics"));
        let of_format = of_format.filter(|_| is_named);
        self.comment_magics = of_format.or(of_jupytext("comment_magics")).map(is_true);
        let markers = text(of_jupytext("cell_markers"));
        self.markers = markers.and_then(|markers| {
            let (start, end) = markers.split_once(',')?;
            Some((start.to_owned(), end.to_owned()))
        });
        true
    }
}

/// Whether Python takes a value for true; `no` and `off` are booleans in the YAML that jupytext reads, and nothing is `None`.
fn is_true(value: &Yaml<'_>) -> bool {
    if let Some(value) = value.as_bool() {
        return value;
    }
    if let Some(number) = value.as_integer() {
        return number != 0;
    }
    let is_empty = value.as_sequence().is_some_and(|items| items.is_empty())
        || value.as_mapping().is_some_and(|items| items.is_empty());
    if value.is_null() || is_empty || value.as_floating_point() == Some(0.0) {
        return false;
    }
    let text = value.as_str().map(str::to_lowercase);
    text.is_none_or(|text| !matches!(text.as_str(), "" | "no" | "off"))
}

/// The format of scripts in a list such as `ipynb,py:percent`.
fn listed(formats: &str) -> Option<String> {
    let is_python = |format: &&str| {
        let name = format.rsplit('/').next().unwrap_or(format);
        let extension = name.split(':').next().unwrap_or(name);
        extension == "py" || extension.ends_with(".py")
    };
    let format = formats.split(',').find(is_python)?;
    Some(format.rsplit_once(':')?.1.to_owned())
}
