//! Diagnostics: what is wrong in magics, and what engines raised, on the line that raised it.
//!
//! Documents are marked; a task works through them at its own pace and sends only what is new.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    mem,
};

use lsp_types::{Diagnostic, DiagnosticSeverity, Uri};
use pxlens_protocol::{CellsResult, Problem, ProblemSeverity};
use tokio::sync::watch;

use super::{
    facade::{EngineError, Session},
    tasks,
};

const SOURCE: &str = "pxlens";

/// The handle that marks documents.
#[derive(Clone, Debug)]
pub(super) struct Diagnostics(watch::Sender<HashSet<Uri>>);

impl Diagnostics {
    /// A handle, and the task behind it.
    pub(super) fn new<S: Session>(
        session: S,
        client: tower_lsp::Client,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, mut changed) = watch::channel(HashSet::new());
        let marks = Self(sender);
        let taker = marks.clone();
        let task = async move {
            let mut told: HashMap<Uri, Vec<Diagnostic>> = HashMap::new();
            // The task holds a sender itself, so that this never fails.
            while changed.changed().await.is_ok() {
                for uri in taker.take() {
                    let Some((version, now)) = tasks::guarded("diagnostics", look(&session, &uri)).await
                    else {
                        continue;
                    };
                    if told.get(&uri).map_or(&[][..], Vec::as_slice) == now {
                        continue;
                    }
                    client.publish_diagnostics(uri.clone(), now.clone(), version).await;
                    if now.is_empty() {
                        told.remove(&uri);
                    } else {
                        told.insert(uri, now);
                    }
                }
            }
        };
        (marks, task)
    }

    /// Notes that a document's diagnostics may be others now.
    pub(super) fn check(&self, uri: &Uri) {
        self.0.send_modify(|uris| {
            uris.insert(uri.clone());
        });
    }

    fn take(&self) -> HashSet<Uri> {
        let mut taken = HashSet::new();
        self.0.send_if_modified(|uris| {
            taken = mem::take(uris);
            false
        });
        taken
    }
}

/// The diagnostics of a document as it is now; none for one that is closed.
async fn look<S: Session>(session: &S, uri: &Uri) -> (Option<i32>, Vec<Diagnostic>) {
    let Some(CellsResult { version, problems, .. }) = session.cells(uri).await else {
        return (None, Vec::new());
    };
    let errors = session.errors(uri).await;
    let mut all: Vec<Diagnostic> = problems.into_iter().map(of_problem).collect();
    all.extend(errors.into_iter().map(of_error));
    (Some(version), all)
}

fn of_problem(problem: Problem) -> Diagnostic {
    Diagnostic {
        range: problem.range,
        severity: Some(match problem.severity {
            ProblemSeverity::Error => DiagnosticSeverity::Error,
            ProblemSeverity::Warning => DiagnosticSeverity::Warning,
            ProblemSeverity::Hint => DiagnosticSeverity::Hint,
        }),
        code: Some(problem.code.into()),
        source: Some(SOURCE.into()),
        message: problem.message.into(),
        ..Default::default()
    }
}

fn of_error(error: EngineError) -> Diagnostic {
    let said = if error.value.is_empty() { String::new() } else { format!(": {}", error.value) };
    Diagnostic {
        range: error.range,
        severity: Some(if error.stale { DiagnosticSeverity::Hint } else { DiagnosticSeverity::Error }),
        code: Some(error.name.clone().into()),
        source: Some(SOURCE.into()),
        message: format!("{} {}{said}", error.ranks, error.name).into(),
        ..Default::default()
    }
}
