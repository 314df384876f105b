//! The options behind a cell's marker: a title, then `key=value` pairs or JSON.

use serde_json::{Map, Value};

use super::super::lines::is_space;

/// What the options behind a marker say of a cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Metadata {
    values: Map<String, Value>,
}

impl Metadata {
    /// Reads what stands behind a marker.
    pub(crate) fn parse(options: &str) -> Self {
        let text = options.trim_matches(is_space);
        let (title, mut values) = match (text.find('{'), text.find('=')) {
            (Some(brace), equals) if equals.is_none_or(|equals| brace < equals) => {
                let values = value(&text[brace..]).and_then(|value| match value {
                    Value::Object(values) => Some(values),
                    _ => None,
                });
                (text[..brace].trim_matches(is_space), values.unwrap_or_default())
            }
            (_, equals) => {
                let title = title(text, equals);
                (title, pairs(&text[title.len()..]))
            }
        };
        for (sign, kind) in [("[markdown]", "markdown"), ("[raw]", "raw"), ("[md]", "markdown")] {
            if title.contains(sign) {
                values.insert("cell_type".to_owned(), kind.into());
                break;
            }
        }
        Self { values }
    }

    /// The kind of cell it says, if it says one.
    pub(crate) fn cell_type(&self) -> Option<&str> {
        let said = self.values.get("cell_type")?;
        Some(said.as_str().unwrap_or_default())
    }

    /// The language it says.
    pub(crate) fn language(&self) -> Option<&str> {
        self.values.get("language").and_then(Value::as_str)
    }

    /// What stands behind the name of the cell magic that its language is.
    pub(crate) fn magic_arguments(&self) -> Option<&str> {
        self.values.get("magic_args").and_then(Value::as_str)
    }

    /// What ends the cell in the light format, behind a comment sign and a blank.
    pub(crate) fn end_of_cell(&self) -> &str {
        self.values.get("endofcell").and_then(Value::as_str).unwrap_or("-")
    }

    /// Whether the cell is code in files of an extension, `py` or `ipynb`.
    pub(crate) fn is_active(&self, extension: &str, default: bool) -> bool {
        let frozen = self.values.get("run_control").and_then(|control| control.get("frozen"));
        if frozen == Some(&Value::Bool(true)) {
            return extension == "ipynb";
        }
        let tags = self.values.get("tags").and_then(Value::as_array).into_iter().flatten();
        if let Some(tag) = tags.filter_map(Value::as_str).find(|tag| tag.starts_with("active-")) {
            return tag.split('-').any(|part| part == extension);
        }
        match self.values.get("active") {
            Some(active) => {
                active.as_str().unwrap_or_default().split(['.', ',']).any(|part| part == extension)
            }
            None => default,
        }
    }
}

/// What stands before the first key.
fn title(text: &str, equals: Option<usize>) -> &str {
    let mut words: Vec<&str> = text[..equals.unwrap_or(text.len())].split(' ').collect();
    if equals.is_some() {
        while words.pop_if(|word| word.is_empty()).is_some() {}
        words.pop();
    }
    while words.pop_if(|word| word.trim_matches(is_space).is_empty() || word.starts_with('.')).is_some() {}
    let length = words.iter().map(|word| word.len()).sum::<usize>() + words.len().saturating_sub(1);
    &text[..length]
}

/// `a=1 b="x" .c`, read from the end. Empty where it is nothing of the kind.
fn pairs(text: &str) -> Map<String, Value> {
    let mut found = Map::new();
    let mut text = text;
    loop {
        text = text.trim_matches(is_space);
        let blank = text.rfind(' ');
        let word = &text[blank.map_or(0, |at| at + 1)..];
        if !text.starts_with("--") && is_identifier(word) {
            found.entry(word.to_owned()).or_insert(Value::Null);
            match blank {
                Some(at) if at > 0 => text = &text[..at],
                _ => return found,
            }
            continue;
        }
        let mut end = text.len();
        let pair = loop {
            let Some(equals) = text[..end].rfind('=') else { break None };
            end = equals;
            let blank = text[..equals].trim_end_matches(is_space).rfind(' ');
            let key = text[blank.map_or(0, |at| at + 1)..equals].trim_matches(is_space);
            let is_key =
                !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_.@/-".contains(c));
            if let Some(value) = value(&text[equals + 1..]).filter(|_| is_key) {
                break Some((key, value, blank));
            }
        };
        let Some((key, value, blank)) = pair else { return found };
        // What stands further right wins, but for a name alone.
        if found.get(key).is_none_or(Value::is_null) {
            found.insert(key.to_owned(), value);
        }
        match blank {
            Some(at) if at > 0 => text = &text[..at],
            _ => return found,
        }
    }
}

fn is_identifier(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '.');
    rest.len() < word.len() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
}

/// A value as JSON or as Python writes it.
fn value(text: &str) -> Option<Value> {
    let text = text.trim_matches(is_space);
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    let mut literal = Literal { rest: text, depth: 0 };
    let value = literal.value()?;
    literal.blanks();
    literal.rest.is_empty().then_some(value)
}

/// A reader of Python's literals: strings, numbers, `True`, `None`, lists, tuples, dictionaries.
struct Literal<'a> {
    rest: &'a str,
    depth: u32,
}

impl Literal<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }

    fn eat(&mut self, token: &str) -> bool {
        self.blanks();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self) -> Option<Value> {
        self.blanks();
        self.depth += 1;
        if self.depth > 64 {
            return None;
        }
        let value = match self.rest.chars().next()? {
            '"' | '\'' => Value::String(self.string()?),
            '[' => self.sequence(']')?,
            '(' => self.sequence(')')?,
            '{' => self.dictionary()?,
            _ => self.word()?,
        };
        self.depth -= 1;
        Some(value)
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.rest.chars().next()?;
        let mut chars = self.rest[1..].char_indices();
        let mut text = String::new();
        loop {
            let (at, c) = chars.next()?;
            if c == quote {
                self.rest = &self.rest[at + 2..];
                return Some(text);
            }
            match c {
                '\\' => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    c => text.push(c),
                },
                c => text.push(c),
            }
        }
    }

    fn sequence(&mut self, end: char) -> Option<Value> {
        self.rest = &self.rest[1..];
        let mut values = Vec::new();
        let mut end_text = [0; 4];
        let end: &str = end.encode_utf8(&mut end_text);
        loop {
            if self.eat(end) {
                return Some(Value::Array(values));
            }
            values.push(self.value()?);
            if !self.eat(",") {
                return self.eat(end).then_some(Value::Array(values));
            }
        }
    }

    fn dictionary(&mut self) -> Option<Value> {
        self.rest = &self.rest[1..];
        let mut values = Map::new();
        loop {
            if self.eat("}") {
                return Some(Value::Object(values));
            }
            let key = self.value()?;
            if !self.eat(":") {
                return None;
            }
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            let value = self.value()?;
            values.insert(key, value);
            if !self.eat(",") {
                return self.eat("}").then_some(Value::Object(values));
            }
        }
    }

    fn word(&mut self) -> Option<Value> {
        let length = self.rest.find(|c: char| !(c.is_alphanumeric() || "+-._".contains(c)));
        let (word, rest) = self.rest.split_at(length.unwrap_or(self.rest.len()));
        self.rest = rest;
        match word {
            "True" => Some(Value::Bool(true)),
            "False" => Some(Value::Bool(false)),
            "None" => Some(Value::Null),
            _ => word
                .replace('_', "")
                .parse::<f64>()
                .ok()
                .filter(|_| !word.starts_with(char::is_alphabetic))
                .map(Value::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_a_marker_is_read() {
        let kind = |options: &str| Metadata::parse(options).cell_type().map(str::to_owned);
        assert_eq!(kind(" [markdown]").as_deref(), Some("markdown"));
        assert_eq!(kind(" Title [md] tags=[\"a\"]").as_deref(), Some("markdown"));
        assert_eq!(kind(" [raw] {\"a\": 1}").as_deref(), Some("raw"));
        assert_eq!(kind(" a=\"[markdown]\""), None);
        assert_eq!(kind(" {\"cell_type\": \"raw\"}").as_deref(), Some("raw"));
        assert_eq!(kind(" x cell_type='markdown' y"), Some("markdown".to_owned()));
        let active = |options: &str| {
            let metadata = Metadata::parse(options);
            (metadata.is_active("py", true), metadata.is_active("ipynb", true))
        };
        assert_eq!(active(" a"), (true, true));
        assert_eq!(active(" active=\"ipynb\""), (false, true));
        assert_eq!(active(" active='py'"), (true, false));
        assert_eq!(active(" tags=[\"x\", \"active-py\"]"), (true, false));
        assert_eq!(active(" run_control={'frozen': True}"), (false, true));
        assert_eq!(Metadata::parse(" language=\"R\" name").language(), Some("R"));
        assert_eq!(Metadata::parse(" endofcell=\"--\"").end_of_cell(), "--");
    }
}
