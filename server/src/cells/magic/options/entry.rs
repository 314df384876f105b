//! What the table of options says of each.

use std::fmt;

use super::Setting;
use crate::cells::values::GroupOutputs;

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
    pub(in crate::cells) listed: u8,
    /// What is worth offering behind it, the likeliest first, each with a few words. Empty for targets, which depend on the
    /// engines, and for what cannot be guessed.
    pub(super) choices: &'static [(Choice, &'static str)],
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
    pub(in crate::cells) fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.short, self.long].into_iter().filter(|name| !name.is_empty())
    }

    /// Both forms, and what follows.
    pub(crate) fn usage(&self) -> String {
        let both = if self.long.is_empty() || self.short.is_empty() { "" } else { ", " };
        format!("{}{both}{}{}", self.long, self.short, self.value.placeholder())
    }

    /// What is worth offering behind it, each with a few words. Target expressions are not among it.
    pub(crate) fn choices(&self) -> impl Iterator<Item = (String, &'static str)> {
        self.choices.iter().map(|&(choice, words)| match choice {
            Choice::Default => (self.sets.default().to_string(), words),
            Choice::Text(text) => (text.to_owned(), words),
        })
    }
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
    /// What it switches to, if it is a switch.
    pub(super) fn switched(self) -> Option<bool> {
        match self {
            Self::Switch(on) => Some(on),
            _ => None,
        }
    }

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

/// A value that is offered behind an option.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice {
    /// The option's default.
    Default,
    /// This text.
    Text(&'static str),
}

/// A default, as it is told.
#[derive(Debug)]
pub(crate) enum DefaultValue {
    /// An option, or what may stand behind it.
    Code(String),
    Words(&'static str),
}

impl fmt::Display for DefaultValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(text) => f.write_str(text),
            Self::Words(text) => f.write_str(text),
        }
    }
}
