//! The command line.

use std::{path::PathBuf, sync::Arc};

use clap::{Parser, Subcommand};

use crate::{
    cells::{Format, Views},
    cluster::discovery::Selection,
    render::GroupBy,
    session::{Limits, Settings},
};

/// Run IPython Parallel's %px cells and show the output of all engines, grouped
#[derive(Debug, Parser)]
#[command(name = "pxlens", version, disable_help_subcommand = true)]
pub struct Args {
    /// The command. Without one, pxlens speaks LSP on stdin and stdout.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of clients that start the binary without a command.
    #[command(flatten)]
    pub lsp: LspArgs,
}

/// The commands of the binary.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the px cells of a file, in order
    Run(RunArgs),
    /// List the px cells of a file; needs no cluster
    Cells(CellsArgs),
    /// Show the result of a cell that was named with -o, or list these names; needs no cluster
    Result(ResultArgs),
    /// List the running clusters
    Clusters(ClustersArgs),
    /// Start a local cluster that keeps running
    Start(StartArgs),
    /// Stop a cluster
    Stop(StopArgs),
    /// List the engines of the cluster
    Engines(EnginesArgs),
    /// Stop what engines work on, also what an earlier window or shell left running
    Interrupt(InterruptArgs),
    /// Open a Jupyter console on an engine
    Console(ConsoleArgs),
    /// Run a bundled example on a cluster of its own
    Demo(DemoArgs),
    /// Speak LSP on stdin and stdout
    Lsp(LspArgs),
}

/// Flags that clients add to the command line of any server. They have no effect.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct LspArgs {
    /// Accepted and ignored: pxlens always speaks on stdin and stdout
    #[arg(long)]
    pub stdio: bool,
    /// Accepted and ignored: `initialize` holds it too
    #[arg(long = "clientProcessId", value_name = "PID")]
    pub client_process_id: Option<String>,
}

/// The flags that choose a cluster.
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
    /// Use a connection file that belongs to somebody else, or that others can read
    #[arg(long)]
    pub shared_connection_file: bool,
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

    /// The settings of a session on that cluster.
    pub(super) fn settings(&self) -> Settings {
        Settings {
            cluster: self.selection(),
            shared_connection_files: self.shared_connection_file,
            ..Settings::default()
        }
    }
}

/// The flags for a local cluster.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct LocalArgs {
    /// Engines to start [default: 4]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub n: Option<u32>,
    /// Python that starts the cluster [default: $VIRTUAL_ENV, .venv, conda, python3]
    #[arg(long, value_name = "PYTHON")]
    pub python: Option<PathBuf>,
}

/// `pxlens run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// A script (.py, .ipy) or a notebook (.ipynb)
    pub file: PathBuf,
    /// Only the px cell with this number, as listed by `pxlens cells`
    #[arg(long, value_name = "N", conflicts_with = "line")]
    pub cell: Option<u32>,
    /// Only the px cell that holds this line, counted from 1
    #[arg(long, value_name = "L")]
    pub line: Option<u32>,
    /// Engines to run on, instead of those the cells name: all, 0, ::2, [0,2], 0-3
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub targets: Option<String>,
    /// The targets of a view that the file does not define, such as _even=::2; may be repeated
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
    /// Continue with the next cell of the file after one that fails or cannot run
    #[arg(long)]
    pub keep_going: bool,
    /// Run each cell on its first engine, and on the others only if that succeeds
    #[arg(long)]
    pub canary: bool,
    /// Save the pictures of all engines to this folder, identical ones once, with a contact sheet
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
            engines: self.local.n,
            group_by: self.group_by.unwrap_or(GroupBy::Fold),
            views: views(&self.views)?,
            format: format(self.format.as_deref())?,
            folder,
            // The shell prints output whole, and only once all of it is there.
            limits: Limits::NONE,
            ..self.cluster.settings()
        })
    }
}

/// The format that a `--format` flag names.
pub(super) fn format(flag: Option<&str>) -> Result<Option<Format>, String> {
    let wanted = flag.map(|name| Format::wanted(name).map_err(|why| format!("--format {name}: {why}")));
    Ok(wanted.transpose()?.flatten())
}

/// The views that `--view` flags define.
pub(super) fn views(flags: &[String]) -> Result<Arc<Views>, String> {
    let mut views = Views::default();
    for flag in flags {
        let (suffix, targets) = flag.split_once('=').ok_or_else(|| {
            format!("--view: '{flag}' should be a suffix, '=' and targets, as in _even=::2")
        })?;
        views.add(suffix, targets, true).map_err(|why| format!("--view {flag}: {why}"))?;
    }
    Ok(Arc::new(views))
}

/// `pxlens cells`.
#[derive(Debug, clap::Args)]
pub struct CellsArgs {
    /// A script (.py, .ipy) or a notebook (.ipynb)
    pub file: PathBuf,
    /// The targets of a view that the file does not define, such as _even=::2; may be repeated
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
    /// The name that the cell was given with %%px -o NAME; without it, all names are listed, newest first
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
    /// Save its pictures to this folder, identical ones once, with a contact sheet
    #[arg(long, value_name = "DIR", requires = "name")]
    pub images: Option<PathBuf>,
}

/// `pxlens clusters`.
#[derive(Debug, clap::Args)]
pub struct ClustersArgs {
    /// Print one JSON object per cluster
    #[arg(long)]
    pub json: bool,
    /// Also list clusters that are gone and only left files
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

/// The flag that says where clusters leave their files.
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
    /// Stop all clusters that match, instead of exactly one
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

/// `pxlens interrupt`.
#[derive(Debug, clap::Args)]
pub struct InterruptArgs {
    /// Only this run of another pxlens of yours, as `pxlens engines` names it: 3f2a91c4-7
    #[arg(long, value_name = "ID", conflicts_with_all = ["engines", "mine"])]
    pub run: Option<String>,
    /// Only on these engines: all, 0, ::2, [0,2], 0-3 [default: all]
    #[arg(long, value_name = "SET", allow_hyphen_values = true)]
    pub engines: Option<String>,
    /// Only what any pxlens of yours sent; nobody is asked
    #[arg(long)]
    pub mine: bool,
    /// The signal: a name or a number [default: SIGINT]
    #[arg(long, value_name = "S")]
    pub signal: Option<String>,
    /// Also interrupt what other clients sent, without asking
    #[arg(long, conflicts_with_all = ["run", "mine"])]
    pub yes: bool,
    #[command(flatten)]
    pub(super) cluster: ClusterArgs,
}

/// `pxlens console`.
#[derive(Debug, clap::Args)]
pub struct ConsoleArgs {
    /// The engine, as `pxlens engines` numbers it
    pub engine: u32,
    /// Open a QtConsole instead of a console in this terminal
    #[arg(long)]
    pub qtconsole: bool,
    /// Only print the command that opens it
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
