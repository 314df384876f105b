//! The one table of px magics and their options: what they are called, which takes what, what each means, and what holds
//! without it.
//!
//! Parsing, completion, hover, colours, rewriting and the table of `docs/magics.md` all read it; what acts on an option takes
//! its default from [`defaults`].

mod options;

use std::fmt;

pub(crate) use options::Options;

/// What holds where neither a cell nor a line above it says otherwise.
pub(crate) mod defaults {
    use std::time::Duration;

    /// `--block`: whether the next cell waits for a run.
    pub(crate) const BLOCK: bool = true;
    /// `--stream`: whether a terminal prints each line as it is written. An editor always shows output as it comes.
    pub(crate) const STREAM: bool = false;
    /// `--verbose`: whether a run says first which engines it goes to.
    pub(crate) const VERBOSE: bool = false;
    /// `--progress-after`: a run that ends sooner shows no progress.
    pub(crate) const PROGRESS_AFTER: Duration = Duration::from_secs(1);
    /// `--signal-on-interrupt`: what an interrupt sends to the engines.
    pub(crate) const SIGNAL_ON_INTERRUPT: &str = "SIGINT";
}

/// Which magic a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MagicKind {
    /// `%%px`
    CellPx,
    /// `%px`, which takes code and no options.
    LinePx,
    /// `%pxresult`
    PxResult,
    /// `%result`
    Result,
    /// `%pxconfig`
    PxConfig,
    /// `%autopx`; also of a cell inside a region.
    Autopx,
    /// No magic: a `with view.sync_imports():` block.
    SyncImports,
    /// No magic: a notebook's cell that was asked to run on the engines as a whole.
    Plain,
}

/// A magic as it is offered and explained.
#[derive(Debug)]
pub(crate) struct MagicEntry {
    pub(crate) kind: MagicKind,
    /// Without percent signs.
    pub(crate) name: &'static str,
    /// Whether it takes two percent signs and a body.
    pub(crate) is_cell: bool,
    /// Whether there is one for each view, with the view's suffix behind the name.
    pub(crate) takes_suffix: bool,
    /// The options it takes, as groups that several magics share.
    takes: &'static [&'static [Setting]],
    /// A few words for a list.
    pub(crate) detail: &'static str,
    /// What it does, to stand behind its name and a colon.
    pub(crate) meaning: &'static str,
}

const EXECUTION: &[Setting] = &[
    Setting::Targets,
    Setting::Block,
    Setting::Stream,
    Setting::Verbose,
    Setting::ProgressAfter,
    Setting::SignalOnInterrupt,
];

const OUTPUT: &[Setting] = &[Setting::GroupOutputs, Setting::Out];

/// All px magics, the most wanted first.
pub(crate) static MAGICS: &[MagicEntry] = &[
    MagicEntry {
        kind: MagicKind::CellPx,
        name: "px",
        is_cell: true,
        takes_suffix: true,
        takes: &[EXECUTION, OUTPUT, &[Setting::Local]],
        detail: "run the cell on engines",
        meaning: "runs the body on engines; this line takes options",
    },
    MagicEntry {
        kind: MagicKind::LinePx,
        name: "px",
        is_cell: false,
        takes_suffix: true,
        takes: &[],
        detail: "run the line on engines",
        meaning: "runs the rest of the line on engines; all of it is code, and no option",
    },
    MagicEntry {
        kind: MagicKind::PxResult,
        name: "pxresult",
        is_cell: false,
        takes_suffix: true,
        takes: &[OUTPUT],
        detail: "show the last result again",
        meaning: "shows the newest result of its view again, grouped as asked, without running anything",
    },
    MagicEntry {
        kind: MagicKind::PxConfig,
        name: "pxconfig",
        is_cell: false,
        takes_suffix: true,
        takes: &[EXECUTION],
        detail: "set defaults for the cells below",
        meaning: "sets defaults for the px cells below it; runs nothing",
    },
    MagicEntry {
        kind: MagicKind::Autopx,
        name: "autopx",
        is_cell: false,
        takes_suffix: true,
        takes: &[],
        detail: "run whole cells on engines, until the next %autopx",
        meaning: "sends whole cells to the engines, up to the next %autopx; runs nothing by itself",
    },
    MagicEntry {
        kind: MagicKind::Result,
        name: "result",
        is_cell: false,
        takes_suffix: false,
        takes: &[OUTPUT],
        detail: "show the last result again",
        meaning: "shows the newest result of its view again, grouped as asked, without running anything",
    },
];

impl MagicEntry {
    /// Its name with its percent signs.
    pub(crate) fn written(&self) -> String {
        format!("{}{}", self.kind.signs(), self.name)
    }

    fn takes(&self, option: &OptionEntry) -> bool {
        self.takes.iter().any(|group| group.contains(&option.sets))
    }
}

/// The px magic of a name, without its percent signs, and its suffix.
pub(super) fn px_name(name: &str, is_cell: bool) -> Option<(MagicKind, &str)> {
    let is_name = name.chars().all(|c| c == '_' || c.is_alphanumeric());
    MagicKind::of(name, is_cell).filter(|_| is_name)
}

impl MagicKind {
    /// The magic that a name without percent signs means, and the suffix behind it. `pxresult` is no `px` with the suffix
    /// `result`, so the longest name counts.
    pub(crate) fn of(name: &str, is_cell: bool) -> Option<(Self, &str)> {
        let fits = |magic: &&MagicEntry| {
            name.strip_prefix(magic.name).is_some_and(|rest| rest.is_empty() || magic.takes_suffix)
        };
        let longest = MAGICS.iter().filter(fits).max_by_key(|magic| magic.name.len())?;
        let magic = MAGICS.iter().find(|magic| magic.name == longest.name && magic.is_cell == is_cell)?;
        Some((magic.kind, &name[magic.name.len()..]))
    }

    /// Its line in the table; `None` for what is no magic.
    pub(crate) fn entry(self) -> Option<&'static MagicEntry> {
        MAGICS.iter().find(|magic| magic.kind == self)
    }

    /// Its percent signs.
    pub fn signs(self) -> &'static str {
        if self == Self::CellPx { "%%" } else { "%" }
    }

    /// Its name without percent signs or suffix.
    pub fn name(self) -> &'static str {
        match self {
            Self::SyncImports => "sync_imports",
            Self::Plain => "plain",
            _ => self.entry().map_or("", |magic| magic.name),
        }
    }

    pub(crate) fn takes_options(self) -> bool {
        self.entry().is_some_and(|magic| !magic.takes.is_empty())
    }

    /// The options it takes, the most wanted first.
    pub(crate) fn options(self) -> impl Iterator<Item = &'static OptionEntry> {
        let magic = self.entry();
        OPTIONS.iter().filter(move |option| magic.is_some_and(|magic| magic.takes(option)))
    }

    /// The option of exactly this name.
    pub(crate) fn option(self, written: &str) -> Option<&'static OptionEntry> {
        self.options().find(|option| option.long == written || option.short == written)
    }
}

impl fmt::Display for MagicKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an option sets: of options that set the same, the last one on a line counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Targets,
    Block,
    Stream,
    Verbose,
    ProgressAfter,
    SignalOnInterrupt,
    GroupOutputs,
    Out,
    Local,
}

/// What an option gives to what it sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// By itself: on or off.
    Switch(bool),
    /// By itself: a way to group outputs.
    Group(GroupOutputs),
    /// What follows it: a target expression.
    Targets,
    /// What follows it: one of [`GroupOutputs`].
    GroupName,
    /// What follows it: a float.
    Seconds,
    /// What follows it: the name of a signal, or a number.
    Signal,
    /// What follows it: any text.
    Name,
}

impl Value {
    /// Whether an argument follows the option.
    pub(crate) fn is_argument(self) -> bool {
        !matches!(self, Self::Switch(_) | Self::Group(_))
    }

    /// As a placeholder shows it.
    fn placeholder(self) -> &'static str {
        match self {
            Self::Switch(_) | Self::Group(_) => "",
            Self::Targets => " TARGETS",
            Self::GroupName => " type|order|engine",
            Self::Seconds => " SECONDS",
            Self::Signal => " SIGNAL",
            Self::Name => " NAME",
        }
    }
}

/// ipyparallel's ways of laying outputs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupOutputs {
    /// All stdout, then all stderr, then displays, then results.
    Type,
    /// Like type, but the first display of each engine, then the second of each, ...
    Order,
    /// All of one engine, then all of the next.
    Engine,
}

impl GroupOutputs {
    const ALL: [Self; 3] = [Self::Type, Self::Order, Self::Engine];

    /// The word for it behind `--group-outputs`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Order => "order",
            Self::Engine => "engine",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }
}

/// A value that is offered behind an option.
#[derive(Clone, Copy, Debug)]
enum Choice {
    /// The option's default.
    Default,
    /// This text.
    Text(&'static str),
}

/// An option, as it is read, offered and explained.
#[derive(Debug)]
pub(crate) struct OptionEntry {
    /// `--targets`; empty for one that has only a short form.
    pub(crate) long: &'static str,
    /// `-t`, or empty.
    pub(crate) short: &'static str,
    pub(crate) sets: Setting,
    pub(crate) value: Value,
    /// Where argparse lists it; its messages name options in this order.
    pub(super) listed: u8,
    /// What is worth offering behind it, the likeliest first, each with a few words. Empty for targets, which depend on the
    /// engines, and for what cannot be guessed.
    choices: &'static [(Choice, &'static str)],
    /// A few words for a list.
    pub(crate) detail: &'static str,
    /// What it means, as one or two sentences.
    pub(crate) meaning: &'static str,
    /// What ipyparallel does differently; empty if nothing.
    pub(crate) upstream: &'static str,
}

impl OptionEntry {
    /// Its long form, or the short one where there is no other.
    pub(crate) fn name(&self) -> &'static str {
        if self.long.is_empty() { self.short } else { self.long }
    }

    /// Both forms, the short one first, and one of them where there is no other.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.short, self.long].into_iter().filter(|name| !name.is_empty())
    }

    /// Both forms, and what follows.
    pub(crate) fn usage(&self) -> String {
        let both = if self.long.is_empty() || self.short.is_empty() { "" } else { ", " };
        format!("{}{both}{}{}", self.long, self.short, self.value.placeholder())
    }

    /// What holds where nothing says otherwise.
    pub(crate) fn default(&self) -> String {
        let switch = |value: bool| {
            let is_it =
                |option: &&OptionEntry| option.sets == self.sets && option.value == Value::Switch(value);
            OPTIONS.iter().find(is_it).map(|option| option.long.to_owned()).unwrap_or_default()
        };
        match self.sets {
            Setting::Targets => "all".to_owned(),
            Setting::Block => switch(defaults::BLOCK),
            Setting::Stream => switch(defaults::STREAM),
            Setting::Verbose => switch(defaults::VERBOSE),
            Setting::ProgressAfter => defaults::PROGRESS_AFTER.as_secs_f64().to_string(),
            Setting::SignalOnInterrupt => defaults::SIGNAL_ON_INTERRUPT.to_owned(),
            Setting::GroupOutputs => "pxlens' own grouping: what engines say alike is shown once".to_owned(),
            Setting::Out => "no name".to_owned(),
            Setting::Local => "off".to_owned(),
        }
    }

    /// What can decide instead of the default, for a cell that does not have the option.
    pub(crate) fn inherits(&self) -> &'static str {
        match self.sets {
            Setting::Targets | Setting::Block => "a %pxconfig or a view above",
            Setting::Stream | Setting::Verbose | Setting::ProgressAfter | Setting::SignalOnInterrupt => {
                "a %pxconfig above"
            }
            Setting::GroupOutputs | Setting::Out | Setting::Local => "",
        }
    }

    /// What is worth offering behind it, each with a few words. Target expressions are not among it.
    pub(crate) fn choices(&self) -> impl Iterator<Item = (String, &'static str)> {
        self.choices.iter().map(|&(choice, words)| match choice {
            Choice::Default => (self.default(), words),
            Choice::Text(text) => (text.to_owned(), words),
        })
    }
}

/// All options, the most wanted first.
pub(crate) static OPTIONS: &[OptionEntry] = &[
    OptionEntry {
        long: "--targets",
        short: "-t",
        sets: Setting::Targets,
        value: Value::Targets,
        listed: 4,
        choices: &[],
        detail: "which engines",
        meaning: "The engines that run it: all, an id (-1 is the last), 0,2, a slice of those alive such as ::2, range(0,4), or \
                  the rank set 0-3,7. Without blanks.",
        upstream: "ipyparallel evaluates it as Python; it fails on rank sets, and computes a lone 0-2.",
    },
    OptionEntry {
        long: "--noblock",
        short: "-a",
        sets: Setting::Block,
        value: Value::Switch(false),
        listed: 7,
        choices: &[],
        detail: "do not wait for it",
        meaning: "Sends it at once and does not wait; its output is kept until %pxresult or Show result asks for it.",
        upstream: "ipyparallel reaches only the newest such run; pxlens keeps the last 20 runs of each cell.",
    },
    OptionEntry {
        long: "--block",
        short: "-b",
        sets: Setting::Block,
        value: Value::Switch(true),
        listed: 8,
        choices: &[],
        detail: "wait for it",
        meaning: "The next cell waits until all engines have ended.",
        upstream: "",
    },
    OptionEntry {
        long: "--group-outputs",
        short: "",
        sets: Setting::GroupOutputs,
        value: Value::GroupName,
        listed: 10,
        choices: &[
            (Choice::Text(GroupOutputs::Type.name()), "all stdout, then stderr, displays, results"),
            (Choice::Text(GroupOutputs::Order.name()), "like type, displays by their order"),
            (Choice::Text(GroupOutputs::Engine.name()), "all of one engine, then the next"),
        ],
        detail: "how output is laid out",
        meaning: "type: all stdout, then stderr, displays, results. engine: all of one engine, then of the next. order: like \
                  type, with the first display of each engine, then the second.",
        upstream: "ipyparallel's default is type, and while it streams the option has no effect.",
    },
    OptionEntry {
        long: "",
        short: "-e",
        sets: Setting::GroupOutputs,
        value: Value::Group(GroupOutputs::Engine),
        listed: 11,
        choices: &[],
        detail: "--group-outputs=engine",
        meaning: "All output of one engine, then of the next: --group-outputs=engine.",
        upstream: "while ipyparallel streams, the option has no effect.",
    },
    OptionEntry {
        long: "",
        short: "-r",
        sets: Setting::GroupOutputs,
        value: Value::Group(GroupOutputs::Order),
        listed: 12,
        choices: &[],
        detail: "--group-outputs=order",
        meaning: "The first display of each engine, then the second, and so on: --group-outputs=order.",
        upstream: "ipyparallel drops displays of engines that have fewer than the others; pxlens shows all.",
    },
    OptionEntry {
        long: "--out",
        short: "-o",
        sets: Setting::Out,
        value: Value::Name,
        listed: 9,
        choices: &[],
        detail: "keep the result under a name",
        meaning: "Keeps the run under this name, for pxlens result NAME and the list of runs.",
        upstream: "ipyparallel stores an AsyncResult in a Python variable of that name.",
    },
    OptionEntry {
        long: "--local",
        short: "",
        sets: Setting::Local,
        value: Value::Switch(true),
        listed: 13,
        choices: &[],
        detail: "run it here as well",
        meaning: "The engines run it, and the editor's own kernel runs it as well, where there is one.",
        upstream: "ipyparallel runs it in the local IPython first, and never streams it.",
    },
    OptionEntry {
        long: "--stream",
        short: "",
        sets: Setting::Stream,
        value: Value::Switch(true),
        listed: 6,
        choices: &[],
        detail: "in a terminal: print output as it comes",
        meaning: "In a terminal, prints each line as it is written. An editor always shows output as it comes.",
        upstream: "ipyparallel streams by default, unless IPP_NONINTERACTIVE is set.",
    },
    OptionEntry {
        long: "--no-stream",
        short: "",
        sets: Setting::Stream,
        value: Value::Switch(false),
        listed: 5,
        choices: &[],
        detail: "in a terminal: print output at the end",
        meaning: "In a terminal, prints output when all engines have ended. An editor always shows output as it comes.",
        upstream: "ipyparallel streams by default, unless IPP_NONINTERACTIVE is set.",
    },
    OptionEntry {
        long: "--verbose",
        short: "",
        sets: Setting::Verbose,
        value: Value::Switch(true),
        listed: 3,
        choices: &[],
        detail: "in a terminal: announce the engines",
        meaning: "In a terminal, says before the output on which engines it runs.",
        upstream: "ipyparallel accepts it on %%px and ignores it there.",
    },
    OptionEntry {
        long: "--no-verbose",
        short: "",
        sets: Setting::Verbose,
        value: Value::Switch(false),
        listed: 2,
        choices: &[],
        detail: "announce nothing",
        meaning: "Says nothing before the output; the heading of grouped output names its engines all the same.",
        upstream: "ipyparallel accepts it on %%px and ignores it there.",
    },
    OptionEntry {
        long: "--progress-after",
        short: "",
        sets: Setting::ProgressAfter,
        value: Value::Seconds,
        listed: 1,
        choices: &[
            (Choice::Default, "the default"),
            (Choice::Text("0"), "at once"),
            (Choice::Text("-1"), "never"),
        ],
        detail: "seconds until progress is shown",
        meaning: "Seconds until progress is shown: 0 shows it at once, -1 never.",
        upstream: "ipyparallel's default is 2; with -1 it may lose output that comes after the reply.",
    },
    OptionEntry {
        long: "--signal-on-interrupt",
        short: "",
        sets: Setting::SignalOnInterrupt,
        value: Value::Signal,
        listed: 0,
        choices: &[
            (Choice::Default, "the default: KeyboardInterrupt"),
            (Choice::Text("SIGTERM"), "asks the engine to end"),
            (Choice::Text("SIGKILL"), "ends the engine"),
            (Choice::Text("SIGUSR1"), "what the code makes of it"),
            (Choice::Text("SIGUSR2"), "what the code makes of it"),
        ],
        detail: "what an interrupt sends",
        meaning: "The signal that an interrupt sends to its engines: a name such as SIGINT, or a number.",
        upstream: "ipyparallel signals all targets; pxlens only engines that are busy with this run.",
    },
];

#[cfg(test)]
mod page;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_has_a_place_of_its_own_in_the_lists_of_argparse() {
        let mut listed: Vec<u8> = OPTIONS.iter().map(|option| option.listed).collect();
        listed.sort_unstable();
        assert!(listed.iter().copied().eq(0..u8::try_from(OPTIONS.len()).unwrap()), "{listed:?}");
    }

    #[test]
    fn what_is_offered_behind_an_option_can_be_read_there() {
        for option in OPTIONS {
            for (text, _) in option.choices() {
                assert!(option.value.is_argument(), "{} takes no argument", option.name());
                let set = Options::default().set(option, &text, 0..0, |_, _| unreachable!("no targets"));
                assert_eq!(set, Ok(()), "{}={text}", option.name());
            }
        }
    }
}
