//! What the lines above a px cell decide for it, in the order of the document: `%pxconfig`, `%autopx`, and the statements
//! that make views and activate them.
//!
//! The objects are ipyparallel's: names refer to clients and views, `activate` makes the magics of a suffix refer to a view
//! and gives them new defaults of their own (streaming, verbosity, ...), while `block` and `targets` belong to the view,
//! whichever way it is reached.

mod choice;
mod objects;
mod setting;
mod value;

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    Magic, Options, Origin, OwnOptions,
    magic::{ConfigOptions, ConfigSetting},
    shell::Shell,
    statements::{Act, Expr, Statement},
    wish::{ClusterWish, Wish},
};
use crate::engines::{Targets, TargetsError};
use objects::{Decided, Names, View};

pub(crate) use setting::Views;

/// What is in force at a px cell, apart from its own options. `None` where nothing above decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ViewState {
    /// The targets; an error if the last line that set them cannot be read, in which case none are known.
    pub targets: Option<Result<Targets, UnreadTargets>>,
    /// Whether Python would have chosen the engines when the line that decided the targets was run, as it does for
    /// `rc[::2]`, and not anew for each run.
    pub is_frozen: bool,
    /// Whether the targets are those of the setting `pxlens.views`.
    pub is_from_setting: bool,
    /// The cluster of the view's client, if that is another one than the cluster of the document's first client.
    pub(crate) other_cluster: Option<Arc<ClusterWish>>,
    /// Whether a run is waited for.
    pub block: Option<bool>,
    /// What `%pxconfig` lines set for the magics of its suffix.
    pub config: ConfigOptions,
    /// The lines above that decided any of this, each once, in no particular order. A line is left out if later lines have
    /// overridden all that it set.
    pub decided_by: Vec<DecidedBy>,
}

/// How a px cell runs: what its own options say, else what is in force from above. `None` where neither says anything, and
/// the defaults hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// Whether the next cell waits for it.
    pub block: Option<bool>,
    /// The rest.
    pub config: ConfigOptions,
}

impl ViewState {
    /// What holds for a cell with options of its own. The only place that knows which goes first; targets apart, see
    /// [`super::PxCell::targets`].
    pub fn effective(&self, own: &Options) -> Effective {
        Effective { block: own.block.or(self.block), config: own.config.or(&self.config) }
    }

    /// The options of a `%pxconfig` above that a cell with options of its own needs to run as it does now, once `left` is in
    /// force there.
    pub fn lost(&self, left: &Self, own: &Options, above: &Options) -> Options {
        let (now, then) = (self.effective(own), left.effective(own));
        let targets_change = own.targets.is_none() && self.targets != left.targets;
        Options {
            targets: above.targets.clone().filter(|_| targets_change),
            block: above.block.filter(|_| now.block != then.block),
            config: above.config.where_differ(&now.config, &then.config),
            // No `%pxconfig` sets these.
            own: OwnOptions::default(),
            dynamic: false,
            error: None,
        }
    }
}

/// What `%pxconfig` lines set for the magics of a suffix, and not for their view.
#[derive(Clone, Debug, Default, PartialEq)]
struct Configured {
    options: ConfigOptions,
    /// The last line that set each.
    by: BTreeMap<ConfigSetting, Origin>,
}

impl Configured {
    fn set(&mut self, options: &ConfigOptions, place: Origin) {
        self.options = options.or(&self.options);
        self.by.extend(options.given().map(|setting| (setting, place)));
    }

    fn take(&self, state: &mut ViewState, by: &mut Deciders) {
        state.config.clone_from(&self.options);
        self.by.iter().for_each(|(setting, place)| by.add(Sets::Config(*setting), Some(*place)));
    }
}

/// A line that decides what is in force below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedBy {
    /// Which line.
    pub origin: Origin,
    /// What it sets and no later line has set anew, each once.
    pub sets: Vec<Sets>,
}

/// What a line can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Sets {
    /// Which view the magics of the suffix refer to: `activate`.
    View,
    /// The view's targets.
    Targets,
    /// Whether runs are waited for.
    Block,
    /// What only a `%pxconfig` sets.
    Config(ConfigSetting),
}

impl Sets {
    /// What it is to a reader, to stand behind "sets".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::View => "the view",
            Self::Targets => "the targets",
            Self::Block => "blocking",
            Self::Config(setting) => setting.in_words(),
        }
    }
}

impl fmt::Display for Sets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::View => "the view",
            Self::Targets => "targets",
            Self::Block => "block",
            Self::Config(setting) => setting.name(),
        })
    }
}

/// Why the targets in force are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadTargets {
    /// The expression of a `%pxconfig` is not in the grammar.
    #[error("the %pxconfig above sets targets that pxlens cannot read: {0}")]
    Refused(TargetsError),
    /// The line of a `%pxconfig` holds `{…}` or `$name`.
    #[error(
        "the %pxconfig above takes its options from Python variables, which pxlens does not know; write the targets out"
    )]
    Dynamic,
    /// A `%pxconfig` is called in a way that cannot be read.
    #[error(
        "a line above may set the targets by a %pxconfig that pxlens does not read, as one in a call or in a comment; write it on \
         a line of its own, or name the targets in the setting pxlens.views"
    )]
    Call,
    /// A statement chooses the engines in a way that cannot be read.
    #[error(
        "a line above chooses the engines of this view by code that pxlens does not run; write them out, as in rc[::2] or \
         rc[[0, 2]], or name them in the setting pxlens.views"
    )]
    Statement,
    /// A statement that may or may not be run chooses the engines.
    #[error(
        "the line above that chooses the engines of this view is in a function, a loop or a condition, and pxlens cannot tell \
         whether it decides; move it to the top level, or name the targets in the setting pxlens.views"
    )]
    Uncertain,
    /// A statement activates a view by a suffix that cannot be read, which may be the one that is asked for.
    #[error(
        "a line above activates views by suffixes that pxlens cannot read, and this may be one of them; write the suffix out, as \
         in view.activate('_even'), or name the targets in the setting pxlens.views"
    )]
    Suffix,
    /// A view that nothing above makes.
    #[error("pxlens finds no line above that makes this view; write one, such as view = rc[:]")]
    NoView,
}

impl UnreadTargets {
    /// Whether the setting `pxlens.views` may say it instead.
    pub fn is_for_setting(&self) -> bool {
        matches!(self, Self::Call | Self::Statement | Self::Uncertain | Self::Suffix)
    }
}

/// What the part of a document that was read leaves for the rest of it. The default is the beginning of a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carry {
    names: Arc<Names>,
    /// What the lines made of the shell.
    pub(super) shell: Arc<Shell>,
    wish: Arc<Wish>,
    pub(super) autopx: Option<Region>,
    /// Whether IPython is in a region there, once jupytext has freed the toggles in comments that do not count here.
    pub(super) is_toggled: bool,
    /// Whether a toggle above may have run or not, so that nobody here knows where regions begin and end.
    pub(super) is_unsure: bool,
}

impl PartialEq for Carry {
    fn eq(&self, other: &Self) -> bool {
        (&self.autopx, self.is_toggled, self.is_unsure) == (&other.autopx, other.is_toggled, other.is_unsure)
            && (Arc::ptr_eq(&self.shell, &other.shell) || self.shell == other.shell)
            && (Arc::ptr_eq(&self.names, &other.names) || self.names == other.names)
            && (Arc::ptr_eq(&self.wish, &other.wish) || self.wish == other.wish)
    }
}

/// What is to be said of a statement.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noticed {
    /// Why it does not do what it looks like.
    pub(super) no_effect: Option<&'static str>,
    /// Whether it means a cluster of which nobody can tell which one it is.
    pub(super) is_unread: bool,
}

/// An `%autopx` region that is open.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Region {
    pub(super) suffix: String,
    /// The toggle's line.
    pub(super) toggle: Origin,
}

impl Carry {
    /// The beginning of a document, with the views that the settings name.
    pub(crate) fn new(views: &Arc<Views>) -> Self {
        let names = Arc::new(Names::new(views));
        Self {
            names,
            shell: Arc::default(),
            wish: Arc::default(),
            autopx: None,
            is_toggled: false,
            is_unsure: false,
        }
    }

    /// Whether both are equal; of one and the same, without comparing.
    pub(super) fn is_same(one: &Arc<Self>, other: &Arc<Self>) -> bool {
        Arc::ptr_eq(one, other) || one == other
    }

    /// What the document says up to here about the cluster that it wants.
    pub(crate) fn wish(&self) -> &Arc<Wish> {
        &self.wish
    }

    /// The text that an `%autopx` stands in whose region is open.
    pub(crate) fn open_region(&self) -> Option<u32> {
        self.autopx.as_ref().map(|region| region.toggle.text)
    }

    /// The suffixes that views go by here, the empty one left out.
    pub(crate) fn suffixes(&self) -> impl Iterator<Item = &str> {
        let suffixes = self.names.magics.keys().map(|suffix| &**suffix);
        suffixes.filter(|suffix| !suffix.is_empty() && Views::is_suffix(suffix))
    }

    /// Begins an `%autopx` region, or ends it.
    pub(super) fn toggle(&mut self, magic: &Magic, toggle: Origin) {
        self.autopx = match self.autopx.take() {
            Some(_) => None,
            None => Some(Region { suffix: magic.suffix.clone(), toggle }),
        };
        let region = self.autopx.as_ref().map(|region| region.suffix.as_str().into());
        self.names_mut().begin_region(region);
    }

    /// What is in force for the cells of the region that is open. They go by the view that its suffix had when it began.
    pub(super) fn view_of_region(&self, suffix: &str) -> Option<ViewState> {
        match self.names.magics.contains_key(objects::REGION) {
            true => self.view(objects::REGION),
            false => self.view(suffix),
        }
    }

    /// The aliases of px magics here, with their percent signs, and what each stands for.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = (String, String)> {
        self.shell.px_aliases()
    }

    /// What is in force for a suffix; `None` if no view goes by it.
    pub(super) fn view(&self, suffix: &str) -> Option<ViewState> {
        let Some(magics) = self.names.magics.get(suffix) else {
            if suffix.is_empty() {
                return Some(ViewState::default());
            }
            let decided_by = vec![DecidedBy { origin: self.names.any_suffix?, sets: vec![Sets::View] }];
            let targets = Some(Err(UnreadTargets::Suffix));
            return Some(ViewState { targets, decided_by, ..ViewState::default() });
        };
        let mut state = ViewState::default();
        let mut by = Deciders::default();
        by.add(Sets::View, magics.activated);
        magics.configured.take(&mut state, &mut by);
        if let Some(view) = self.names.view(magics.object) {
            take_view(&mut state, &mut by, view, &self.wish);
        }
        if let Some(Err(error)) = &state.targets
            && error.is_for_setting()
            && let Some(setting) = self.names.settings.get(suffix)
        {
            state.targets = Some(Ok(setting.targets.clone()));
            (state.is_from_setting, state.is_frozen) = (true, false);
            state.block = state.block.or(Some(setting.block));
            by.0.retain(|(sets, _)| *sets != Sets::Targets);
        }
        state.decided_by = by.each_once();
        Some(state)
    }

    /// What is in force in a `with view.sync_imports():`, which waits for its imports.
    pub(super) fn imports(&self, view: &Expr, place: Origin) -> ViewState {
        let mut state = ViewState::default();
        let mut by = Deciders::default();
        match Names::clone(&self.names).evaluate_view(view, place) {
            Some(view) => take_view(&mut state, &mut by, &view, &self.wish),
            None => state.targets = Some(Err(UnreadTargets::NoView)),
        }
        state.block = Some(true);
        by.0.retain(|(sets, _)| *sets != Sets::Block);
        // The line itself is no line above.
        by.0.retain(|(_, at)| *at != place);
        state.decided_by = by.each_once();
        state
    }

    /// Applies a `%pxconfig`. A line that ipyparallel refuses sets nothing, nor does one whose suffix has no view.
    pub(super) fn configure(&mut self, magic: &Magic, place: Origin) {
        let options = &magic.options;
        if options.error.is_some() || self.view(&magic.suffix).is_none() {
            return;
        }
        let targets = match &options.targets {
            _ if options.dynamic => Some(Err(UnreadTargets::Dynamic)),
            Some(targets) => Some(targets.parsed.clone().map_err(UnreadTargets::Refused)),
            None => None,
        };
        let names = self.names_mut();
        if let Some(origin) = names.any_suffix
            && !magic.suffix.is_empty()
            && !names.magics.contains_key(&*magic.suffix)
        {
            names.activate_unread(&magic.suffix, Err(UnreadTargets::Suffix), origin);
        }
        if targets.is_some() || options.block.is_some() {
            let view = names.view_of_suffix(&magic.suffix);
            if let Some(targets) = targets {
                // Python takes a slice of the engines at once.
                view.is_frozen = matches!(targets, Ok(Targets::Slice { .. }));
                view.targets = Some(Decided::new(targets, place));
            }
            set(&mut view.block, &options.block, place);
        }
        let magics = names.magics.entry(magic.suffix.as_str().into()).or_default();
        magics.configured.set(&options.config, place);
    }

    /// Whether a name was given a client, a cluster or a view: engines do not know it.
    pub(super) fn is_local(&self, name: &str) -> bool {
        self.names.is_local(name)
    }

    /// Whether a name is that of a client.
    pub(super) fn is_client(&self, name: &str) -> bool {
        self.names.is_client(name)
    }

    /// Whether a statement can change anything here.
    pub(super) fn is_changed_by(&self, statement: &Statement) -> bool {
        self.names.is_changed_by(statement) || self.wish.is_changed_by(statement, &*self.names)
    }

    /// Applies a statement.
    pub(super) fn execute(&mut self, statement: &Statement, place: Origin) -> Noticed {
        if let (Act::Set(magic), true) = (&statement.act, statement.is_certain) {
            self.configure(magic, place);
            return Noticed::default();
        }
        let names = Arc::clone(&self.names);
        let is_unread = self.wish.is_changed_by(statement, &*names)
            && Arc::make_mut(&mut self.wish).take(statement, place, &*names);
        drop(names);
        Noticed { no_effect: self.names_mut().execute(statement, place), is_unread }
    }

    /// Whether lines of code may call something that does something to views.
    pub(super) fn has_defined(&self) -> bool {
        self.names.has_defined()
    }

    /// Takes in a line of code that may call what is defined above.
    pub(super) fn mention(&mut self, line: &str) {
        let named = self.names.mentioned(line);
        if !named.is_empty() {
            self.names_mut().may_call(named);
        }
    }

    fn names_mut(&mut self) -> &mut Names {
        Arc::make_mut(&mut self.names)
    }
}

/// Takes the new value over, if there is one.
fn set<T: Clone>(value: &mut Option<Decided<T>>, new: &Option<T>, place: Origin) {
    if let Some(new) = new {
        *value = Some(Decided::new(new.clone(), place));
    }
}

fn take_view(state: &mut ViewState, by: &mut Deciders, view: &View, wish: &Wish) {
    if let Some(cluster) = view.of.as_ref().filter(|cluster| wish.is_other(cluster)) {
        state.other_cluster = Some(Arc::clone(cluster));
        by.add(Sets::View, Some(cluster.origin));
    }
    by.take(Sets::Targets, &mut state.targets, view.targets.as_ref());
    by.take(Sets::Block, &mut state.block, view.block.as_ref());
    state.is_frozen = view.is_frozen;
    state.is_from_setting = view.is_from_setting;
}

/// The lines that decided, while they are gathered.
#[derive(Default)]
struct Deciders(Vec<(Sets, Origin)>);

impl Deciders {
    fn add(&mut self, sets: Sets, place: Option<Origin>) {
        self.0.extend(place.map(|place| (sets, place)));
    }

    fn take<T: Clone>(&mut self, sets: Sets, value: &mut Option<T>, decided: Option<&Decided<T>>) {
        *value = decided.map(|decided| decided.value.clone());
        self.add(sets, decided.and_then(|decided| decided.by));
    }

    fn each_once(self) -> Vec<DecidedBy> {
        let mut lines: Vec<DecidedBy> = Vec::new();
        for (sets, origin) in self.0 {
            match lines.iter_mut().find(|by| by.origin == origin) {
                Some(by) => by.sets.push(sets),
                None => lines.push(DecidedBy { origin, sets: vec![sets] }),
            }
        }
        lines.iter_mut().for_each(|by| by.sets.sort_unstable());
        lines
    }
}
