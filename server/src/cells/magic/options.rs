//! The one table of options, and all there is to each: what it is called, what it takes, what holds without it, which field of
//! [`Options`] it sets, and whether lines above a cell can set it as well.
//!
//! What else deals with options (what is in force at a cell, whether two cells are the same) knows them by the kinds of
//! [`Setting`], and has no line for each of them.

mod entry;

use crate::{
    cells::{
        BlockRange,
        values::{self, GroupOutputs, OptionsError, TargetsOption},
    },
    engines::Targets,
};
pub(crate) use entry::{DefaultValue, OptionEntry, Value};

use entry::Choice;

/// What an option sets: of options that set the same, the last one on a line counts. Its kind says who else can set it for a
/// cell that does not have the option. A rewrite writes options in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setting {
    /// The view's targets, which a statement or a `%pxconfig` above can set.
    Targets,
    /// The view's as well.
    Block,
    /// A `%pxconfig` above can set it, and no statement.
    Config(ConfigSetting),
    /// Nothing else can.
    Own(OwnSetting),
}

/// What a `%pxconfig` can set for the magics of a suffix: a field of [`ConfigOptions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigSetting {
    /// `--stream`
    Stream,
    /// `--verbose`
    Verbose,
    /// `--progress-after`
    ProgressAfter,
    /// `--signal-on-interrupt`
    SignalOnInterrupt,
}

/// What only the line of a magic itself can set: a field of [`OwnOptions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OwnSetting {
    GroupOutputs,
    Out,
    Local,
}

impl Setting {
    /// What holds where nothing says otherwise.
    pub(crate) fn default(self) -> DefaultValue {
        let code = |text: &str| DefaultValue::Code(text.to_owned());
        let switch = |on: bool| {
            let is_it = |option: &&OptionEntry| option.sets == self && option.value == Value::Switch(on);
            code(OPTIONS.iter().find(is_it).map_or("", |option| option.long))
        };
        match self {
            Self::Targets => code("all"),
            Self::Block => switch(defaults::BLOCK),
            Self::Config(setting) => match setting {
                ConfigSetting::Stream => switch(defaults::STREAM),
                ConfigSetting::Verbose => switch(defaults::VERBOSE),
                ConfigSetting::ProgressAfter => code(&defaults::PROGRESS_AFTER.as_secs_f64().to_string()),
                ConfigSetting::SignalOnInterrupt => code(defaults::SIGNAL_ON_INTERRUPT),
            },
            Self::Own(setting) => DefaultValue::Words(match setting {
                OwnSetting::GroupOutputs => "pxlens' own grouping: what engines say alike is shown once",
                OwnSetting::Out => "no name",
                OwnSetting::Local => "off",
            }),
        }
    }

    /// What can decide instead of the default, for a cell that does not have the option.
    pub(crate) fn inherited_from(self) -> Option<&'static str> {
        match self {
            Self::Targets | Self::Block => Some("a %pxconfig or a view above"),
            Self::Config(_) => Some("a %pxconfig above"),
            Self::Own(_) => None,
        }
    }

    /// The option that it is called by.
    fn option(self) -> Option<&'static OptionEntry> {
        main_options().find(|option| option.sets == self)
    }
}

impl ConfigSetting {
    fn all() -> impl Iterator<Item = Self> {
        main_options().filter_map(|option| match option.sets {
            Setting::Config(setting) => Some(setting),
            _ => None,
        })
    }

    /// Its option without the hyphens.
    pub fn name(self) -> &'static str {
        Setting::Config(self).option().map_or("", |option| option.long.trim_start_matches('-'))
    }

    /// What it is to a reader, to stand behind "sets".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Stream => "streaming",
            Self::Verbose => "verbosity",
            Self::ProgressAfter => "the progress bar",
            Self::SignalOnInterrupt => "the signal",
        }
    }
}

impl OwnSetting {
    /// Whether the magics that show a result take it as well.
    pub(super) fn is_of_results(self) -> bool {
        match self {
            Self::GroupOutputs | Self::Out => true,
            Self::Local => false,
        }
    }
}

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

/// The options that what they set is called by, one each.
fn main_options() -> impl Iterator<Item = &'static OptionEntry> {
    OPTIONS.iter().filter(|option| !option.long.is_empty() && option.value != Value::Switch(false))
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
        sets: Setting::Own(OwnSetting::GroupOutputs),
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
        sets: Setting::Own(OwnSetting::GroupOutputs),
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
        sets: Setting::Own(OwnSetting::GroupOutputs),
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
        sets: Setting::Own(OwnSetting::Out),
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
        sets: Setting::Own(OwnSetting::Local),
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
        sets: Setting::Config(ConfigSetting::Stream),
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
        sets: Setting::Config(ConfigSetting::Stream),
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
        sets: Setting::Config(ConfigSetting::Verbose),
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
        sets: Setting::Config(ConfigSetting::Verbose),
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
        sets: Setting::Config(ConfigSetting::ProgressAfter),
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
        sets: Setting::Config(ConfigSetting::SignalOnInterrupt),
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

/// What the options of one magic say; `None` and `false` where they say nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// `-t/--targets`.
    pub targets: Option<TargetsOption>,
    /// `-b/--block` or `-a/--noblock`.
    pub block: Option<bool>,
    /// What a `%pxconfig` can set as well.
    pub config: ConfigOptions,
    /// What only the line itself can set.
    pub own: OwnOptions,
    /// Whether the line holds `{…}` or `$name`, which IPython fills in from its own variables before it reads the line.
    pub dynamic: bool,
    /// Why ipyparallel would refuse the line. Never set on a dynamic one.
    pub error: Option<OptionsError>,
}

/// What a `%pxconfig` can set for the magics of its suffix. A cell's own options go first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigOptions {
    /// `--stream` or `--no-stream`: whether a terminal prints output as it comes.
    pub stream: Option<bool>,
    /// `--verbose` or `--no-verbose`: whether a run says first which engines it goes to.
    pub verbose: Option<bool>,
    /// `--progress-after`, in seconds: 0 shows the bar at once, a negative number never.
    pub progress_after: Option<f64>,
    /// `--signal-on-interrupt`: a name or a number, as written.
    pub signal_on_interrupt: Option<String>,
}

/// What only the line of a magic itself can set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnOptions {
    /// `--group-outputs`, `-e` or `-r`.
    pub group_outputs: Option<GroupOutputs>,
    /// `-o/--out`: the name to keep the result under.
    pub out: Option<String>,
    /// `--local`: run the body locally as well.
    pub local: bool,
}

/// What an option says.
#[derive(PartialEq)]
enum Said {
    /// By itself.
    Switch(bool),
    /// By what stands behind it.
    Text(String),
}

impl Options {
    /// Takes an option over, with the text that stands behind it at `range`, which is empty behind one that stands by itself;
    /// or says why not in argparse's words.
    pub(in crate::cells) fn set(
        &mut self,
        option: &OptionEntry,
        text: &str,
        range: BlockRange,
    ) -> Result<(), String> {
        match option.sets {
            // ipyparallel ignores an empty expression, and with it the ones before.
            Setting::Targets => {
                self.targets = (!text.is_empty()).then(|| TargetsOption {
                    text: text.to_owned(),
                    range,
                    parsed: Targets::parse(text),
                });
            }
            Setting::Block => self.block = option.value.switched(),
            Setting::Config(setting) => self.config.set(setting, option.value, text)?,
            Setting::Own(setting) => self.own.set(setting, option.value, text)?,
        }
        Ok(())
    }

    /// As they are written behind the name of a magic, each with the blank before it.
    pub fn written(&self) -> String {
        let mut settings: Vec<Setting> = main_options().map(|option| option.sets).collect();
        settings.sort_unstable();
        settings.into_iter().filter_map(|setting| self.written_option(setting)).collect()
    }

    fn written_option(&self, setting: Setting) -> Option<String> {
        let said = match setting {
            Setting::Targets => self.targets.as_ref().map(|targets| Said::Text(targets.text.clone())),
            Setting::Block => self.block.map(Said::Switch),
            Setting::Config(setting) => self.config.said(setting),
            Setting::Own(setting) => self.own.said(setting),
        };
        let usual_joint = if setting == Setting::Targets { ' ' } else { '=' };
        Some(match said? {
            Said::Switch(on) => {
                let is_it =
                    |option: &&OptionEntry| option.sets == setting && option.value == Value::Switch(on);
                format!(" {}", OPTIONS.iter().find(is_it)?.long)
            }
            Said::Text(text) => {
                let joint = values::joint(&text, usual_joint);
                format!(" {}{joint}{text}", setting.option()?.long)
            }
        })
    }
}

impl ConfigOptions {
    fn set(&mut self, setting: ConfigSetting, value: Value, text: &str) -> Result<(), String> {
        match setting {
            ConfigSetting::Stream => self.stream = value.switched(),
            ConfigSetting::Verbose => self.verbose = value.switched(),
            ConfigSetting::ProgressAfter => self.progress_after = Some(values::seconds(text)?),
            ConfigSetting::SignalOnInterrupt => self.signal_on_interrupt = Some(text.to_owned()),
        }
        Ok(())
    }

    fn said(&self, setting: ConfigSetting) -> Option<Said> {
        match setting {
            ConfigSetting::Stream => self.stream.map(Said::Switch),
            ConfigSetting::Verbose => self.verbose.map(Said::Switch),
            ConfigSetting::ProgressAfter => {
                self.progress_after.map(|seconds| Said::Text(seconds.to_string()))
            }
            ConfigSetting::SignalOnInterrupt => self.signal_on_interrupt.clone().map(Said::Text),
        }
    }

    /// Takes over what others say of a setting, even if that is nothing.
    pub(in crate::cells) fn take(&mut self, setting: ConfigSetting, others: &Self) {
        match setting {
            ConfigSetting::Stream => self.stream = others.stream,
            ConfigSetting::Verbose => self.verbose = others.verbose,
            ConfigSetting::ProgressAfter => self.progress_after = others.progress_after,
            ConfigSetting::SignalOnInterrupt => {
                self.signal_on_interrupt.clone_from(&others.signal_on_interrupt);
            }
        }
    }

    /// The settings of which they say something.
    pub(in crate::cells) fn given(&self) -> impl Iterator<Item = ConfigSetting> {
        ConfigSetting::all().filter(|setting| self.said(*setting).is_some())
    }

    /// What they say, and where that is nothing, what others say.
    pub(in crate::cells) fn or(&self, others: &Self) -> Self {
        let mut all = others.clone();
        self.given().for_each(|setting| all.take(setting, self));
        all
    }

    /// What they say of the settings of which two others do not say the same.
    pub(in crate::cells) fn where_differ(&self, one: &Self, other: &Self) -> Self {
        let mut kept = Self::default();
        for setting in ConfigSetting::all().filter(|setting| one.said(*setting) != other.said(*setting)) {
            kept.take(setting, self);
        }
        kept
    }
}

impl OwnOptions {
    fn set(&mut self, setting: OwnSetting, value: Value, text: &str) -> Result<(), String> {
        match setting {
            OwnSetting::GroupOutputs => {
                self.group_outputs = Some(match value {
                    Value::Group(group) => group,
                    _ => values::group_outputs(text)?,
                });
            }
            OwnSetting::Out => self.out = Some(text.to_owned()),
            OwnSetting::Local => self.local = value.switched().unwrap_or_default(),
        }
        Ok(())
    }

    fn said(&self, setting: OwnSetting) -> Option<Said> {
        match setting {
            OwnSetting::GroupOutputs => self.group_outputs.map(|group| Said::Text(group.name().to_owned())),
            OwnSetting::Out => self.out.clone().map(Said::Text),
            OwnSetting::Local => self.local.then_some(Said::Switch(true)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::TextRange;

    fn read(option: &OptionEntry, text: &str) -> Options {
        let mut options = Options::default();
        let set = options.set(option, text, TextRange::new(0, 0).into());
        assert_eq!(set, Ok(()), "{}={text}", option.name());
        options
    }

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
                read(option, &text);
            }
        }
    }

    #[test]
    fn each_option_is_written_as_it_was_read() {
        for option in OPTIONS {
            let (text, written) = match option.value {
                Value::Switch(_) => ("", option.long.to_owned()),
                Value::Group(group) => ("", format!("--group-outputs={}", group.name())),
                Value::Targets => ("::2", format!("{} ::2", option.long)),
                Value::GroupName => ("order", format!("{}=order", option.long)),
                Value::Seconds | Value::Signal | Value::Name => ("2", format!("{}=2", option.long)),
            };
            assert_eq!(read(option, text).written(), format!(" {written}"));
        }
    }

    #[test]
    fn each_setting_has_one_option_that_it_is_called_by() {
        for option in OPTIONS {
            assert_eq!(main_options().filter(|main| main.sets == option.sets).count(), 1, "{option:?}");
        }
    }
}
