//! The command line.

use std::{path::PathBuf, sync::Arc};

use clap::{Parser, Subcommand};

use crate::{
    cells::{Format, Views},
    cluster::discovery::Selection,
    render::GroupBy,
    session::{Limits, Settings},
};

/// Run IPython Parallel's %px cells on all engines, and read their grouped answers.
#[derive(Debug, Parser)]
#[command(name = "pxlens", version, disable_help_subcommand = true)]
pub struct Args {
    /// What to do; without a command pxlens speaks LSP on stdin and stdout.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What clients add that start the bare binary.
    #[command(flatten)]
    pub lsp: LspArgs,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the px cells of a file, in order
    Run(RunArgs),
    /// List the px cells of a file; needs no cluster
    Cells(CellsArgs),
    /// Show again what a cell gave that was named with -o, or list those names; needs no cluster
    Result(ResultArgs),
    /// List the clusters that run
    Clusters(ClustersArgs),
    /// Start a local cluster that goes on running
    Start(StartArgs),
    /// Stop a cluster
    Stop(StopArgs),
    /// List the engines of the cluster
    Engines(EnginesArgs),
    /// Open a Jupyter console on an engine
    Console(ConsoleArgs),
    /// Run a bundled example on a cluster of its own
    Demo(DemoArgs),
    /// Speak LSP on stdin and stdout
    Lsp(LspArgs),
}

/// What clients add to the command line of any server. None of it changes anything.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LspArgs {
    /// Accepted and ignored: there is no other way to speak to pxlens
    #[arg(long)]
    pub stdio: bool,
    /// Accepted and ignored: the client says it again in `initialize`
    #[arg(long = "clientProcessId", value_name = "PID")]
    pub client_process_id: Option<String>,
}

/// Which cluster.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ClusterArgs {
    /// IPython profile of the cluster
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Cluster id
    #[arg(long, value_name = "ID")]
    pub cluster_id: Option<String>,
    /// Connection file (ipcontroller-client.json)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "cluster_id"])]
    pub connection_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

impl ClusterArgs {
    pub(super) fn selection(&self) -> Selection {
        Selection {
            profile: self.profile.clone(),
            cluster_id: self.cluster_id.clone(),
            connection_file: self.connection_file.clone(),
            ..self.place.selection()
        }
    }
}

/// How a local cluster is started.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct LocalArgs {
    /// Engines to start [default: 4]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub n: Option<u32>,
    /// Python that starts the cluster [default: $VIRTUAL_ENV, .venv, conda, python3]
    #[arg(long, value_name = "PYTHON")]
    pub python: Option<PathBuf>,
}

impl LocalArgs {
    /// How many engines a cluster gets that is started.
    pub(super) fn engines(&self) -> u32 {
        self.n.unwrap_or_else(|| Settings::default().engines)
    }
}

/// `pxlens run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// A script (.py, .ipy) or a notebook (.ipynb)
    pub file: PathBuf,
    /// Only the px cell of this number, as `pxlens cells` counts
    #[arg(long, value_name = "N", conflicts_with = "line")]
    pub cell: Option<u32>,
    /// Only the px cell that holds this line, counted from 1
    #[arg(long, value_name = "L")]
    pub line: Option<u32>,
    /// Engines to run on, instead of those the cells name: all, 0, ::2, [0,2], 0-3
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub targets: Option<String>,
    /// The engines of a view that the file does not make, such as _even=::2; may be given again
    #[arg(long = "view", value_name = "SUFFIX=T")]
    pub views: Vec<String>,
    /// The format of the script, instead of the one it seems to be in (docs/magics.md): percent, light, …
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// How to group outputs: fold, type, engine or order
    #[arg(long, value_name = "HOW")]
    pub group_by: Option<GroupBy>,
    /// Print what ipyparallel prints in a terminal with --no-stream
    #[arg(long, conflicts_with = "json")]
    pub plain: bool,
    /// Print one JSON object per event (docs/json.md)
    #[arg(long)]
    pub json: bool,
    /// Go on after a cell that failed, and past one that cannot run
    #[arg(long)]
    pub keep_going: bool,
    /// Run each cell on its first engine first, and on the others only if that succeeds
    #[arg(long)]
    pub canary: bool,
    /// Save the pictures that engines show into this folder, identical ones once, and a contact sheet
    #[arg(long, value_name = "DIR")]
    pub images: Option<PathBuf>,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    #[command(flatten)]
    pub(super) local: LocalArgs,
}

impl RunArgs {
    pub(super) fn settings(&self, folder: PathBuf) -> Result<Settings, String> {
        Ok(Settings {
            python: self.local.python.clone(),
            cluster: self.cluster.selection(),
            engines: self.local.engines(),
            group_by: self.group_by.unwrap_or(GroupBy::Fold),
            views: views(&self.views)?,
            format: format(self.format.as_deref())?,
            folder,
            // What the shell prints is not cut, and is printed only once all of it is there.
            limits: Limits::NONE,
            results: None,
        })
    }
}

/// The format that a flag names.
pub(super) fn format(flag: Option<&str>) -> Result<Option<Format>, String> {
    let wanted = flag.map(|name| Format::wanted(name).map_err(|why| format!("--format {name}: {why}")));
    Ok(wanted.transpose()?.flatten())
}

/// The views that flags name.
pub(super) fn views(flags: &[String]) -> Result<Arc<Views>, String> {
    let mut views = Views::default();
    for flag in flags {
        let (suffix, targets) = flag
            .split_once('=')
            .ok_or_else(|| format!("--view: '{flag}' should be a suffix, = and targets, as in _even=::2"))?;
        views.add(suffix, targets, true).map_err(|why| format!("--view {flag}: {why}"))?;
    }
    Ok(Arc::new(views))
}

/// `pxlens cells`.
#[derive(Debug, clap::Args)]
pub struct CellsArgs {
    /// A script (.py, .ipy) or a notebook (.ipynb)
    pub file: PathBuf,
    /// The engines of a view that the file does not make, such as _even=::2; may be given again
    #[arg(long = "view", value_name = "SUFFIX=T")]
    pub views: Vec<String>,
    /// The format of the script, instead of the one it seems to be in (docs/magics.md): percent, light, …
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `pxlens result`.
#[derive(Debug, clap::Args)]
pub struct ResultArgs {
    /// What the cell was run with: %%px -o NAME; without it all names are listed, the newest first
    pub name: Option<String>,
    /// How to group outputs: fold, type, engine or order
    #[arg(long, alias = "group-by", value_name = "HOW", requires = "name")]
    pub group_outputs: Option<GroupBy>,
    /// Print one JSON object per event (docs/json.md), or per name
    #[arg(long)]
    pub json: bool,
    /// Print a report in Markdown
    #[arg(long, requires = "name", conflicts_with_all = ["json", "group_outputs"])]
    pub markdown: bool,
    /// Save the pictures in it into this folder, identical ones once, and a contact sheet
    #[arg(long, value_name = "DIR", requires = "name")]
    pub images: Option<PathBuf>,
}

/// `pxlens clusters`.
#[derive(Debug, clap::Args)]
pub struct ClustersArgs {
    /// Print one JSON object per cluster
    #[arg(long)]
    pub json: bool,
    /// List those that are gone and left files, too
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

impl ClustersArgs {
    pub(super) fn selection(&self) -> Selection {
        self.place.selection()
    }
}

/// Where clusters leave their files.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct PlaceArgs {
    /// Where IPython keeps its profiles [default: $IPYTHONDIR, ~/.ipython]
    #[arg(long, value_name = "DIR")]
    pub(super) ipython_dir: Option<PathBuf>,
}

impl PlaceArgs {
    fn selection(&self) -> Selection {
        Selection { ipython_dir: self.ipython_dir.clone(), ..Selection::default() }
    }
}

/// `pxlens start`.
#[derive(Debug, clap::Args)]
pub struct StartArgs {
    #[command(flatten)]
    pub(super) local: LocalArgs,
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

impl StartArgs {
    pub(super) fn selection(&self) -> Selection {
        self.place.selection()
    }
}

/// `pxlens stop`.
#[derive(Debug, clap::Args)]
pub struct StopArgs {
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    /// Stop it even if pxlens did not start it
    #[arg(long)]
    pub yes: bool,
    /// Stop all that fit, instead of exactly one
    #[arg(long)]
    pub all: bool,
}

/// `pxlens engines`.
#[derive(Debug, clap::Args)]
pub struct EnginesArgs {
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    /// Print one JSON object per engine
    #[arg(long)]
    pub json: bool,
}

/// `pxlens console`.
#[derive(Debug, clap::Args)]
pub struct ConsoleArgs {
    /// The engine, as `pxlens engines` numbers it
    pub engine: u32,
    /// Open a QtConsole instead of a console in this terminal
    #[arg(long)]
    pub qtconsole: bool,
    /// Only print the command line that opens it
    #[arg(long)]
    pub print: bool,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
    /// Python that has the front end [default: $VIRTUAL_ENV, .venv, conda, python3]
    #[arg(long, value_name = "PYTHON")]
    pub python: Option<PathBuf>,
}

/// `pxlens demo`.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    #[command(flatten)]
    pub(super) local: LocalArgs,
}
