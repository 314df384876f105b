//! What the options of one magic say, how each is taken over, and how they are written again.

use std::ops::Range;

use super::{GroupOutputs, OPTIONS, OptionEntry, Setting, Value};
use crate::cells::values::{self, OptionsError, TargetsOption};

/// What the options of one magic say; `None` and `false` where they say nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// `-t/--targets`.
    pub targets: Option<TargetsOption>,
    /// `-b/--block` or `-a/--noblock`.
    pub block: Option<bool>,
    /// `--stream` or `--no-stream`.
    pub stream: Option<bool>,
    /// `--group-outputs`, `-e` or `-r`.
    pub group_outputs: Option<GroupOutputs>,
    /// `-o/--out`: the name to keep the result under.
    pub out: Option<String>,
    /// `--local`: run the body locally as well.
    pub local: bool,
    /// `--verbose` or `--no-verbose`.
    pub verbose: Option<bool>,
    /// `--progress-after`, in seconds: 0 shows the bar at once, a negative number never.
    pub progress_after: Option<f64>,
    /// `--signal-on-interrupt`: a name or a number, as written.
    pub signal_on_interrupt: Option<String>,
    /// Whether the line holds `{…}` or `$name`, which IPython fills in from its own variables before it reads the line.
    pub dynamic: bool,
    /// Why ipyparallel would refuse the line. Never set on a dynamic one.
    pub error: Option<OptionsError>,
}

impl Options {
    /// Takes an option over that stands for its value by itself.
    pub(in crate::cells) fn switch(&mut self, option: &OptionEntry) {
        match (option.sets, option.value) {
            (Setting::Block, Value::Switch(on)) => self.block = Some(on),
            (Setting::Stream, Value::Switch(on)) => self.stream = Some(on),
            (Setting::Verbose, Value::Switch(on)) => self.verbose = Some(on),
            (Setting::Local, Value::Switch(on)) => self.local = on,
            (Setting::GroupOutputs, Value::Group(group)) => self.group_outputs = Some(group),
            _ => {}
        }
    }

    /// Takes an option over whose value stands behind it, at `range` of the line, or says why not in argparse's words.
    /// `targets` reads a target expression.
    pub(in crate::cells) fn set(
        &mut self,
        option: &OptionEntry,
        text: &str,
        range: Range<usize>,
        targets: impl FnOnce(&str, Range<usize>) -> TargetsOption,
    ) -> Result<(), String> {
        match option.sets {
            // ipyparallel ignores an empty expression, and with it the ones before.
            Setting::Targets => self.targets = (!text.is_empty()).then(|| targets(text, range)),
            Setting::ProgressAfter => self.progress_after = Some(values::seconds(text)?),
            Setting::SignalOnInterrupt => self.signal_on_interrupt = Some(text.to_owned()),
            Setting::GroupOutputs => self.group_outputs = Some(group(text)?),
            Setting::Out => self.out = Some(text.to_owned()),
            Setting::Block | Setting::Stream | Setting::Verbose | Setting::Local => {}
        }
        Ok(())
    }

    /// As they are written behind the name of a magic, each with the blank before it.
    pub fn written(&self) -> String {
        // An option that is forgotten here would be deleted from the text by a rewrite; so each has to be named.
        let Self {
            targets,
            block,
            stream,
            group_outputs,
            out,
            local,
            verbose,
            progress_after,
            signal_on_interrupt,
            dynamic: _,
            error: _,
        } = self;
        let mut text = String::new();
        let mut add = |option: String| {
            text.push(' ');
            text.push_str(&option);
        };
        let name = |sets: Setting, value: Option<Value>| {
            let is_it = |option: &&OptionEntry| {
                option.sets == sets
                    && !option.long.is_empty()
                    && value.is_none_or(|value| option.value == value)
            };
            OPTIONS.iter().find(is_it).map_or("", |option| option.long)
        };
        if let Some(targets) = targets {
            let joint = values::joint(&targets.text, ' ');
            add(format!("{}{joint}{}", name(Setting::Targets, None), targets.text));
        }
        let switches = [(Setting::Block, block), (Setting::Stream, stream), (Setting::Verbose, verbose)];
        for (sets, on) in switches {
            on.iter().for_each(|&on| add(name(sets, Some(Value::Switch(on))).to_owned()));
        }
        let values = [
            (Setting::ProgressAfter, progress_after.map(|seconds| seconds.to_string())),
            (Setting::SignalOnInterrupt, signal_on_interrupt.clone()),
            (Setting::GroupOutputs, group_outputs.map(|group| group.name().to_owned())),
            (Setting::Out, out.clone()),
        ];
        for (sets, value) in values {
            let joint = |value: &str| values::joint(value, '=');
            value.into_iter().for_each(|value| add(format!("{}{}{value}", name(sets, None), joint(&value))));
        }
        if *local {
            add(name(Setting::Local, None).to_owned());
        }
        text
    }
}

/// The value of `--group-outputs`.
fn group(text: &str) -> Result<GroupOutputs, String> {
    GroupOutputs::named(text).ok_or_else(|| {
        format!("invalid choice: {} (choose from 'engine', 'order', 'type')", values::quoted(text))
    })
}
