//! The options of px magics as a user reads of them: meaning, default, and where pxlens does more than ipyparallel 9.2.
//!
//! Whether a line is right is for `cells` to say; a test holds the two together.

use super::line::Magic;

/// An option, as it is offered and explained.
#[derive(Debug)]
pub(super) struct Entry {
    /// `--targets`; empty for one that has only a short form.
    pub(super) long: &'static str,
    /// `-t`, or empty.
    pub(super) short: &'static str,
    /// What follows it.
    pub(super) value: Value,
    /// What it sets: of options that set the same, the last one on a line counts.
    pub(super) sets: Setting,
    /// A few words for a list.
    pub(super) detail: &'static str,
    /// What it means, as one or two sentences.
    pub(super) meaning: &'static str,
    /// What holds without it.
    pub(super) default: &'static str,
    /// What ipyparallel does differently; empty if nothing.
    pub(super) upstream: &'static str,
}

/// What stands behind an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    None,
    Targets,
    Group,
    Seconds,
    Signal,
    Name,
}

impl Value {
    /// As a placeholder shows it.
    pub(super) fn placeholder(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Targets => " TARGETS",
            Self::Group => " type|order|engine",
            Self::Seconds => " SECONDS",
            Self::Signal => " SIGNAL",
            Self::Name => " NAME",
        }
    }
}

/// What an option sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    Targets,
    Block,
    Stream,
    Group,
    Out,
    Local,
    Verbose,
    Progress,
    Signal,
}

impl Entry {
    /// Whether a magic takes it.
    pub(super) fn is_of(&self, magic: Magic) -> bool {
        match (magic, self.sets) {
            (Magic::Px, _) => true,
            (Magic::Config, Setting::Group | Setting::Out | Setting::Local) => false,
            (Magic::Config, _) => true,
            (Magic::Result, Setting::Group | Setting::Out) => true,
            _ => false,
        }
    }

    /// Its long form, or the short one where there is no other.
    pub(super) fn name(&self) -> &'static str {
        if self.long.is_empty() { self.short } else { self.long }
    }

    /// Both forms, and what follows.
    pub(super) fn usage(&self) -> String {
        let both = if self.long.is_empty() || self.short.is_empty() { "" } else { ", " };
        format!("{}{both}{}{}", self.long, self.short, self.value.placeholder())
    }
}

/// The option that a written name means, which may be abbreviated where only one begins so.
pub(super) fn find(written: &str, magic: Magic) -> Option<&'static Entry> {
    let taken = || ENTRIES.iter().filter(|entry| entry.is_of(magic));
    if let Some(exact) = taken().find(|entry| entry.long == written || entry.short == written) {
        return Some(exact);
    }
    let mut begun = taken().filter(|entry| written.len() > 2 && entry.long.starts_with(written));
    begun.next().filter(|_| begun.next().is_none())
}

/// All options, the most wanted first.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        long: "--targets",
        short: "-t",
        value: Value::Targets,
        sets: Setting::Targets,
        detail: "which engines",
        meaning: "The engines that run it: all, an id (-1 is the last), 0,2, a slice of those alive such as ::2, range(0,4), or \
                  the rank set 0-3,7. Without blanks.",
        default: "what a %pxconfig or a view above sets, else all",
        upstream: "ipyparallel evaluates it as Python; it fails on rank sets, and computes a lone 0-2.",
    },
    Entry {
        long: "--noblock",
        short: "-a",
        value: Value::None,
        sets: Setting::Block,
        detail: "do not wait for it",
        meaning: "Sends it at once and does not wait; its output is kept until %pxresult or Show result asks for it.",
        default: "--block, unless a %pxconfig or a view above sets it",
        upstream: "ipyparallel reaches only the newest such run; pxlens keeps the last 20 of a document.",
    },
    Entry {
        long: "--block",
        short: "-b",
        value: Value::None,
        sets: Setting::Block,
        detail: "wait for it",
        meaning: "The next cell waits until all engines have ended.",
        default: "on, unless a %pxconfig or a view above sets --noblock",
        upstream: "",
    },
    Entry {
        long: "--group-outputs",
        short: "",
        value: Value::Group,
        sets: Setting::Group,
        detail: "how output is laid out",
        meaning: "type: all stdout, then stderr, displays, results. engine: all of one engine, then of the next. order: like \
                  type, with the first display of each engine, then the second.",
        default: "folded: what engines say alike is shown once",
        upstream: "ipyparallel's default is type, and while it streams the option has no effect.",
    },
    Entry {
        long: "",
        short: "-e",
        value: Value::None,
        sets: Setting::Group,
        detail: "--group-outputs=engine",
        meaning: "All output of one engine, then of the next: --group-outputs=engine.",
        default: "folded: what engines say alike is shown once",
        upstream: "while ipyparallel streams, the option has no effect.",
    },
    Entry {
        long: "",
        short: "-r",
        value: Value::None,
        sets: Setting::Group,
        detail: "--group-outputs=order",
        meaning: "The first display of each engine, then the second, and so on: --group-outputs=order.",
        default: "folded: what engines say alike is shown once",
        upstream: "ipyparallel drops displays of engines that have fewer than the others; pxlens shows all.",
    },
    Entry {
        long: "--out",
        short: "-o",
        value: Value::Name,
        sets: Setting::Out,
        detail: "keep the result under a name",
        meaning: "Keeps the run under this name, for pxlens result NAME and the list of runs.",
        default: "no name",
        upstream: "ipyparallel stores an AsyncResult in a Python variable of that name.",
    },
    Entry {
        long: "--local",
        short: "",
        value: Value::None,
        sets: Setting::Local,
        detail: "run it here as well",
        meaning: "The engines run it, and the editor's own kernel runs it as well, where there is one.",
        default: "off",
        upstream: "ipyparallel runs it in the local IPython first, and never streams it.",
    },
    Entry {
        long: "--stream",
        short: "",
        value: Value::None,
        sets: Setting::Stream,
        detail: "show output while it comes",
        meaning: "Shows output while it comes.",
        default: "on",
        upstream: "ipyparallel does not stream where IPP_NONINTERACTIVE is set.",
    },
    Entry {
        long: "--no-stream",
        short: "",
        value: Value::None,
        sets: Setting::Stream,
        detail: "show output at the end",
        meaning: "Shows output when all engines have ended.",
        default: "--stream",
        upstream: "",
    },
    Entry {
        long: "--verbose",
        short: "",
        value: Value::None,
        sets: Setting::Verbose,
        detail: "announce the engines",
        meaning: "Says before the output on which engines it runs.",
        default: "off",
        upstream: "ipyparallel accepts it on %%px and ignores it there.",
    },
    Entry {
        long: "--no-verbose",
        short: "",
        value: Value::None,
        sets: Setting::Verbose,
        detail: "announce nothing",
        meaning: "Says nothing before the output.",
        default: "--no-verbose, unless a %pxconfig or a view above sets --verbose",
        upstream: "ipyparallel accepts it on %%px and ignores it there.",
    },
    Entry {
        long: "--progress-after",
        short: "",
        value: Value::Seconds,
        sets: Setting::Progress,
        detail: "seconds until progress is shown",
        meaning: "Seconds until progress is shown: 0 shows it at once, -1 never.",
        default: "2",
        upstream: "with -1 ipyparallel may lose output that comes after the reply; pxlens does not.",
    },
    Entry {
        long: "--signal-on-interrupt",
        short: "",
        value: Value::Signal,
        sets: Setting::Signal,
        detail: "what an interrupt sends",
        meaning: "The signal that an interrupt sends to its engines: a name such as SIGINT, or a number.",
        default: "SIGINT",
        upstream: "ipyparallel signals all targets; pxlens only engines that are busy with this run.",
    },
];
