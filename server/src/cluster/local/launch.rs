//! The processes of a cluster: how the Python of each is started, so that no file of the project runs before it is up.
//!
//! Python looks for modules in its working folder first. There, a `json.py` or `random.py` of the project would be run in
//! place of the standard module, by the controller too. So both start in a folder that holds nothing to import; an engine
//! enters the project's folder just before it runs the user's code, and from then on imports what it would if `ipcluster`
//! had started it.

use std::{io, path::Path, process::Stdio};

use tokio::process::{Child, Command};

use super::{StartOptions, layout::Layout};
use crate::{cluster::process, private};

/// The Hub shows an engine at the second heartbeat after it registered; upstream's period of 3000 ms makes that slow.
const HEARTBEAT_MS: u32 = 250;
/// An engine counts as lost after this many heartbeats without an answer: 30 s, as upstream has it.
const HUB_MISSES: u32 = 120;
/// An engine gives up on its controller after this many misses (each period + 500 ms): 175 s, as upstream has it.
const ENGINE_MISSES: u32 = 233;
/// How long an engine waits for the Hub's answer to its registration, in seconds; upstream's 5 are few on a busy machine.
const REGISTRATION_S: u32 = 60;

/// Becomes the leader of a session, then executes the given program.
const IN_OWN_SESSION: &str = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])";

/// Runs ipyparallel's controller. Its files hold keys, so only the user may read what it makes.
const CONTROLLER: &str = r#"
import sys
sys.path[:] = [entry for entry in sys.path if entry]
import os, runpy
os.umask(0o077)
runpy.run_module("ipyparallel.controller", run_name="__main__", alter_sys=True)
"#;

/// Runs ipyparallel's engine, which enters the folder in the first argument once it is registered: `init_profile_dir` is
/// what an engine of any version calls first of all that may run the user's code. If the user configured a working folder,
/// it is there already.
///
/// ipyparallel itself puts `''`, the working folder, first on the path, twice; `python -m`, as ipcluster starts it, also
/// puts the folder it started in there. IPython imports `bdb` for the first cell and `stack_data` for the first traceback;
/// a project that has a file of these names could run neither.
const ENGINE: &str = r#"
import sys
sys.path[:] = [entry for entry in sys.path if entry]
import bdb, os, runpy
folder, outside = sys.argv.pop(1), os.getcwd()
from ipykernel.kernelapp import IPKernelApp
try:
    import stack_data
except ImportError:
    pass
def enter_project(app):
    del IPKernelApp.init_profile_dir
    if os.getcwd() == outside:
        os.chdir(folder)
    sys.path.insert(next(at for at, entry in enumerate(sys.path) if entry), folder)
    app.init_profile_dir()
IPKernelApp.init_profile_dir = enter_project
runpy.run_module("ipyparallel.engine", run_name="__main__", alter_sys=True)
"#;

/// Starts the controller.
pub(super) fn controller(options: &StartOptions, layout: &Layout) -> io::Result<Child> {
    let mut command = python(options, layout, CONTROLLER, &layout.controller_log())?;
    command.args([
        &format!("--cluster-id={}", layout.cluster_id),
        "--ip=127.0.0.1",
        "--location=127.0.0.1",
        &format!("--HeartMonitor.period={HEARTBEAT_MS}"),
        &format!("--HeartMonitor.max_heartmonitor_misses={HUB_MISSES}"),
        // pxlens cannot speak CURVE yet; only this machine can reach the controller, and messages are signed.
        "--IPController.enable_curve=False",
        "--IPController.reuse_files=False",
    ]);
    command.spawn()
}

/// Starts an engine that runs the user's code in `folder`, an absolute path.
pub(super) fn engine(
    options: &StartOptions,
    layout: &Layout,
    folder: &Path,
    index: u32,
) -> io::Result<Child> {
    let mut command = python(options, layout, ENGINE, &layout.engine_log(index))?;
    command.arg(folder).args([
        &format!("--cluster-id={}", layout.cluster_id),
        // So that the id of an engine is the number of its log.
        &format!("--IPEngine.id={index}"),
        &format!("--IPEngine.timeout={REGISTRATION_S}"),
        &format!("--IPEngine.max_heartbeat_misses={ENGINE_MISSES}"),
    ]);
    command.spawn()
}

/// A Python that runs this script in a session of its own, outside the project, with its output in a log.
fn python(options: &StartOptions, layout: &Layout, script: &str, log: &Path) -> io::Result<Command> {
    let python = &options.python.program;
    let output = private::create_file(log)?;
    let mut command = Command::new(python);
    // -I and -S: this Python only makes the session, so it need not read site-packages.
    command.args(["-I", "-S", "-c", IN_OWN_SESSION]).arg(python).args(["-c", script.trim()]);
    command.current_dir(process::neutral_folder());
    for inherited in ["IPP_CONNECTION_INFO", "IPP_SESSION_KEY", "IPP_ENABLE_CURVE"] {
        command.env_remove(inherited);
    }
    command.env("IPP_CLUSTER_ID", &layout.cluster_id).env("IPP_PROFILE_DIR", &layout.profile_dir);
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    Ok(command)
}
