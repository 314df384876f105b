//! Why a module of the project cannot be imported, where the engines run in the private environment of pxlens.

use super::{Actor, Message, send_back};
use crate::{
    blocking,
    cluster::{process, python},
    run::RunId,
    session::Level,
};

impl Actor {
    /// Tells the user why an import failed, once for each cluster, if its controller runs in the private environment.
    pub(super) fn explain_missing_module(&mut self, run: RunId) {
        let (Some(cluster), Some(entry)) = (self.cluster(), self.index.runs.get(&run)) else { return };
        let run = entry.handle.now();
        let mut errors = run.parts().filter_map(|part| part.error());
        let Some(error) = errors.find(|error| error.ename == "ModuleNotFoundError") else { return };
        let (Some(pid), file) = (cluster.found.pid, &cluster.found.connection_file) else { return };
        if !self.explained.insert(file.clone()) {
            return;
        }
        let (this, missing) = (self.this.clone(), error.evalue.clone());
        // Some systems ask another program for the command line.
        tokio::spawn(blocking::run(move || {
            if python::is_private(&process::state_of(pid)) {
                let why = format!(
                    "{missing}: the engines run in a private environment of pxlens, which does not have your project's packages. \
                     Install ipyparallel into your project's Python, or choose a Python that has it with --python or the \
                     setting pxlens.python; then stop the cluster and run again."
                );
                send_back(&this, Message::Say(Level::Warning, why));
            }
        }));
    }
}
