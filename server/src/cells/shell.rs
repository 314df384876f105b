//! What the lines above make of IPython's shell: names that magics go by (`%alias_magic`), and names that hold the shell
//! (`ip = get_ipython()`).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    magic::{MagicKind, px_name},
    mapped::Mapped,
    markers, options,
    prefix::{self, Prefix},
};

/// What is known of the shell at a place in a document. The default is the shell as IPython starts it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shell {
    aliases: BTreeMap<Name, Alias>,
    /// The names that hold it.
    names: BTreeSet<Box<str>>,
    /// The cell magics that the document defines, and that may run their body.
    own: BTreeSet<Box<str>>,
}

/// The name of a magic, without its percent signs, and whether it has two of them.
pub(super) type Name = (bool, Box<str>);

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
enum Alias {
    /// The target without its percent signs, and what IPython puts before the line.
    Known { target: Box<str>, parameters: Box<str> },
    /// A line that may or may not be run gives it a meaning.
    Uncertain,
}

/// A magic's line with what IPython makes of the aliases in it.
pub(super) struct Expanded {
    /// Begins with the percent signs and the name of a magic that is no alias.
    pub(super) text: Mapped,
    /// What the name stands for, as `%%px --targets 0`.
    pub(super) stands_for: String,
    /// What was put before the line.
    pub(super) parameters: String,
}

/// In the place of a name: every px magic.
const ANY: &str = "*";

/// Longer chains of aliases are not followed.
const MOST: usize = 100;

/// What a name of a magic is.
pub(super) enum Meaning {
    /// No alias.
    Itself,
    Alias(Expanded),
    /// Nobody knows, or IPython refuses it.
    Unknown,
}

/// An `%alias_magic` line as IPython reads it.
pub(super) struct Definition {
    name: Box<str>,
    target: Box<str>,
    parameters: Box<str>,
    line: bool,
    cell: bool,
}

impl Shell {
    pub(super) fn is_plain(&self) -> bool {
        self.aliases.is_empty() && self.names.is_empty() && self.own.is_empty()
    }

    /// Whether a name holds the shell.
    pub(super) fn is_held_by(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether any name holds the shell.
    pub(super) fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// The names that hold it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    pub(super) fn hold(&mut self, name: &str) {
        self.names.insert(name.into());
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.names.remove(name);
    }

    /// Whether a name of a magic, or one that may hold the shell, means something else than it does by itself.
    pub(super) fn concerns(&self, used: &Name) -> bool {
        self.alias(used).is_some() || self.names.contains(&used.1) || (used.0 && self.is_own(&used.1))
    }

    /// Takes in a cell magic that the document defines.
    pub(super) fn own(&mut self, name: &str) {
        self.own.insert(name.into());
    }

    /// Whether the document defines a cell magic of this name.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.contains(name)
    }

    /// What a name stands for, if it does not mean what it does by itself.
    fn alias(&self, name: &Name) -> Option<&Alias> {
        let is_hidden =
            || px_name(&name.1, name.0).is_some() && self.aliases.contains_key(&(name.0, ANY.into()));
        self.aliases.get(name).or_else(|| is_hidden().then_some(&Alias::Uncertain))
    }

    /// Takes in that a magic of this name is one of the document's own, or may be.
    pub(super) fn hide(&mut self, is_cell: bool, name: &str) {
        self.aliases.insert((is_cell, name.into()), Alias::Uncertain);
    }

    /// Takes in that any px magic may be one of the document's own.
    pub(super) fn hide_all(&mut self, is_cell: bool) {
        self.hide(is_cell, ANY);
    }

    /// Takes in that another shell may be in force instead; says whether that concerns px magics.
    pub(super) fn doubt(&mut self, other: &Self) -> bool {
        self.own.extend(other.own.iter().cloned());
        let changed = other.aliases.iter().filter(|(name, alias)| self.aliases.get(*name) != Some(alias));
        let changed: Vec<Name> = changed.map(|(name, _)| name.clone()).collect();
        for (is_cell, name) in &changed {
            self.hide(*is_cell, name);
        }
        let is_of_px = |(is_cell, name): &Name| {
            let written = Mapped::plain(&format!("{}{name}", signs(*is_cell)), 0);
            px_name(name, *is_cell).is_some() || matches!(other.meaning(&written), Meaning::Alias(_))
        };
        changed.iter().any(is_of_px)
    }

    /// Whether a line above gives the name of a magic a meaning.
    pub(super) fn is_alias(&self, is_cell: bool, name: &str) -> bool {
        self.aliases.contains_key(&(is_cell, name.into()))
    }

    /// The aliases that stand for px magics, with their percent signs, and what each stands for.
    pub(crate) fn px_aliases(&self) -> impl Iterator<Item = (String, String)> {
        self.aliases.keys().filter_map(|(is_cell, name)| {
            let written = format!("{}{name}", signs(*is_cell));
            let Meaning::Alias(expanded) = self.meaning(&Mapped::plain(&written, 0)) else { return None };
            let target = expanded.text.text().trim_start_matches('%');
            let target = &target[..target.find(' ').unwrap_or(target.len())];
            MagicKind::of(target, *is_cell)?;
            Some((written, expanded.stands_for))
        })
    }

    /// What the magic is that a text begins with.
    pub(super) fn meaning(&self, text: &Mapped) -> Meaning {
        let mut used: Vec<Name> = Vec::new();
        let mut expanded: Option<Expanded> = None;
        loop {
            let text = expanded.as_ref().map_or(text, |expanded| &expanded.text);
            let (is_cell, name, end) = name_of(text.text());
            let key = (is_cell, Box::from(name));
            let Some(alias) = self.alias(&key) else {
                return expanded.map_or(Meaning::Itself, Meaning::Alias);
            };
            let Alias::Known { target, parameters } = alias else { return Meaning::Unknown };
            if used.contains(&key) || used.len() == MOST {
                return Meaning::Unknown; // IPython refuses what is an alias of itself
            }
            used.push(key);
            let mut before = parameters.to_string();
            if let Some(inner) = expanded.as_ref().filter(|inner| !inner.parameters.is_empty()) {
                before = format!("{before} {}", inner.parameters).trim_start().to_owned();
            }
            let stands_for = format!("{}{target} {before}", signs(is_cell)).trim_end().to_owned();
            let written = text.range(0..end);
            let mut next = Mapped::default();
            next.push_escape(&format!("{}{target}", signs(is_cell)), written);
            let rest = (end + 1).min(text.text().len());
            if !parameters.is_empty() {
                next.push_escape(&format!(" {parameters}"), written);
            }
            if rest < text.text().len() {
                next.push_part(text, end..text.text().len());
            }
            expanded = Some(Expanded { text: next, stands_for, parameters: before });
        }
    }

    /// Takes in a line that defines an alias. One that may or may not be run makes its name mean nothing that is known.
    pub(super) fn define(&mut self, definition: Definition, is_certain: bool) {
        let Definition { name, target, parameters, line, cell } = definition;
        for is_cell in [false, true] {
            let wanted = if is_cell { cell } else { line };
            let is_default = !line && !cell;
            // Without -l and -c it is whichever of the two there are.
            if !(wanted || (is_default && self.exists(is_cell, &target) != Some(false))) {
                continue;
            }
            // A magic that is not known here may be one of an extension, or none.
            let alias = match is_certain && self.exists(is_cell, &target) == Some(true) {
                true => Alias::Known { target: target.clone(), parameters: parameters.clone() },
                false => Alias::Uncertain,
            };
            self.aliases.insert((is_cell, name.clone()), alias);
        }
    }

    /// Whether there is a magic of this name; `None` if that is not known here.
    fn exists(&self, is_cell: bool, name: &str) -> Option<bool> {
        if self.aliases.contains_key(&(is_cell, Box::from(name))) {
            return Some(true);
        }
        let is_known = |is_cell: bool| {
            MagicKind::of(name, is_cell).is_some()
                || (is_cell && markers::runs_its_body(name))
                || self.aliases.contains_key(&(is_cell, Box::from(name)))
                || Prefix::named(name).is_some()
        };
        match (is_known(is_cell), is_known(!is_cell)) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }

    /// Reads what stands behind `%alias_magic`; `None` if IPython refuses it, or fills in what is not known here.
    pub(super) fn definition(&self, line: &str) -> Option<Definition> {
        if options::is_dynamic(line) {
            return None;
        }
        let mut words = options::split_all(line)?.into_iter().map(|word| &line[word]);
        let (mut names, mut parameters, mut is_line, mut is_cell) = (Vec::new(), "", false, false);
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix('-') else {
                names.push(word.trim_start_matches('%'));
                continue;
            };
            let (mut cluster, mut joined) = (flag, None);
            if let Some(long) = flag.strip_prefix('-') {
                let (name, value) =
                    long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
                let known = ["line", "cell", "params"]
                    .into_iter()
                    .find(|known| !name.is_empty() && known.starts_with(name))?;
                (cluster, joined) = (&known[..1], value);
            }
            while let Some(option) = cluster.chars().next() {
                cluster = &cluster[option.len_utf8()..];
                match option {
                    'l' if joined.is_none() => is_line = true,
                    'c' if joined.is_none() => is_cell = true,
                    'p' => {
                        let rest = Some(cluster).filter(|rest| !rest.is_empty());
                        let rest = rest.map(|rest| rest.strip_prefix('=').unwrap_or(rest)).or(joined);
                        parameters = match rest {
                            Some(value) => value,
                            None => words.next().filter(|value| !value.starts_with('-') || *value == "-")?,
                        };
                        cluster = "";
                    }
                    _ => return None,
                }
            }
        }
        let [name, target] = names.as_slice() else { return None };
        if (is_line && self.exists(false, target) == Some(false))
            || (is_cell && self.exists(true, target) == Some(false))
        {
            return None;
        }
        let quoted = |quote: char| {
            parameters.len() > 1 && parameters.starts_with(quote) && parameters.ends_with(quote)
        };
        if quoted('"') || quoted('\'') {
            parameters = &parameters[1..parameters.len() - 1];
        }
        let [name, target, parameters] = [name, *target, parameters].map(Box::from);
        Some(Definition { name, target, parameters, line: is_line, cell: is_cell })
    }

    /// Whether a definition gives a name to a px magic, or to one that is put before them.
    pub(super) fn is_of_px(&self, definition: &Definition) -> bool {
        let target = &definition.target;
        let is_px = |is_cell| {
            let known = Mapped::plain(&format!("{}{target}", signs(is_cell)), 0);
            let known = match self.meaning(&known) {
                Meaning::Alias(expanded) => expanded.text.text().to_owned(),
                _ => known.text().to_owned(),
            };
            let (is_cell, name, _) = name_of(&known);
            MagicKind::of(name, is_cell).is_some()
                || Prefix::named(name).is_some()
                || prefix::to_python(name).is_some()
        };
        is_px(false) || is_px(true)
    }
}

fn signs(is_cell: bool) -> &'static str {
    if is_cell { "%%" } else { "%" }
}

/// Whether a magic's line has two percent signs, the name behind them, and where that ends.
pub(super) fn name_of(text: &str) -> (bool, &str, usize) {
    let name = text.trim_start_matches('%');
    let begin = text.len() - name.len();
    // A tab is a part of the name.
    let name = &name[..name.find(' ').unwrap_or(name.len())];
    (begin > 1, name, begin + name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(lines: &[&str]) -> Shell {
        let mut shell = Shell::default();
        for line in lines {
            if let Some(definition) = shell.definition(line) {
                shell.define(definition, true);
            }
        }
        shell
    }

    fn read(lines: &[&str], text: &str) -> String {
        match shell(lines).meaning(&Mapped::plain(text, 0)) {
            Meaning::Itself => "itself".to_owned(),
            Meaning::Alias(expanded) => format!("{} ({})", expanded.text.text(), expanded.stands_for),
            Meaning::Unknown => "unknown".to_owned(),
        }
    }

    /// Recorded from IPython 9.18.
    #[test]
    fn an_alias_is_what_ipython_makes_of_it() {
        let p0 = ["p0 px -p \"--targets 0\""];
        assert_eq!(read(&p0, "%%p0"), "%%px --targets 0 (%%px --targets 0)");
        assert_eq!(read(&p0, "%%p0 -b"), "%%px --targets 0 -b (%%px --targets 0)");
        assert_eq!(read(&p0, "%p0 x"), "%px --targets 0 x (%px --targets 0)");
        assert_eq!(read(&p0, "%px x"), "itself");
        assert_eq!(read(&["-l p1 px -p 'a b'"], "%p1   x"), "%px a b   x (%px a b)");
        assert_eq!(read(&["-l p1 px -p 'a b'"], "%%p1"), "itself");
        assert_eq!(read(&["%%p2 %%px --params \"-t 1\""], "%%p2"), "%%px -t 1 (%%px -t 1)");
        assert_eq!(
            read(&["p2 px -p \"-t 1\"", "p3 p2 -p=-b"], "%%p3 --verbose"),
            "%%px -t 1 -b --verbose (%%px -t 1 -b)"
        );
        assert_eq!(read(&["--params \"-t 1\" --cell p5 px"], "%%p5"), "%%px -t 1 (%%px -t 1)");
        assert_eq!(read(&["--params \"-t 1\" --cell p5 px"], "%p5 x"), "itself");
        assert_eq!(read(&["p9 px --par \"-t 0\" --ce"], "%%p9"), "%%px -t 0 (%%px -t 0)");
        assert_eq!(read(&["q1 px -p \"\""], "%%q1"), "%%px (%%px)");
        assert_eq!(read(&["t time"], "%t %px a"), "%time %px a (%time)");
        assert_eq!(read(&["px px -p a"], "%px x"), "unknown");
        assert_eq!(read(&["show pxresult"], "%show"), "%pxresult (%pxresult)");
        assert_eq!(read(&["show pxresult"], "%%show"), "itself");
    }

    #[test]
    fn what_ipython_refuses_defines_nothing() {
        for line in [
            "p4 px -p\"-t 0\"",
            "p6 px -p --targets",
            "p7 px extra",
            "p8 px -p -t",
            "p0 px # c",
            "p0",
            "-c show pxresult",
            "p0 px -x",
            "p0 px --line=1",
            "p0 px -p \"a",
            "p{n} px",
        ] {
            assert!(shell(&[line]).is_plain(), "{line}");
        }
    }
}
