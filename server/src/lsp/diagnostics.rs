//! Diagnostics: what is wrong in magics, and what engines raised, on the line that raised it.
//!
//! Documents are marked; a task works through them at its own pace and sends only what is new.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    mem,
};

use lsp_types::{Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Uri};
use pxlens_protocol::{Problem, ProblemSeverity};
use tokio::sync::watch;

use super::{
    facade::{EngineError, Problems, Session},
    tasks,
};

const SOURCE: &str = "pxlens";

/// How many engine groups a message lists, for a client that shows no related information.
const LISTED: usize = 8;

/// The handle that marks documents.
#[derive(Clone, Debug)]
pub(super) struct Diagnostics(watch::Sender<Marked>);

/// What is to be looked at again.
#[derive(Clone, Debug, Default)]
struct Marked {
    uris: HashSet<Uri>,
    /// All documents that are open.
    all: bool,
}

impl Diagnostics {
    /// A handle, and the task behind it. `related`: whether the client shows related information.
    pub(super) fn new<S: Session>(
        session: S,
        client: tower_lsp::Client,
        related: bool,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, mut changed) = watch::channel(Marked::default());
        let marks = Self(sender);
        let taker = marks.clone();
        let task = async move {
            let mut told: HashMap<Uri, Vec<Diagnostic>> = HashMap::new();
            let mut open: HashSet<Uri> = HashSet::new();
            // The task holds a sender itself, so that this never fails.
            while changed.changed().await.is_ok() {
                let Marked { mut uris, all } = taker.take();
                if all {
                    uris.extend(open.iter().cloned());
                }
                for uri in uris {
                    let Some((version, now)) =
                        tasks::guarded("diagnostics", look(&session, &uri, related)).await
                    else {
                        continue;
                    };
                    match version {
                        Some(_) => open.insert(uri.clone()),
                        None => open.remove(&uri),
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
        self.0.send_modify(|marked| {
            marked.uris.insert(uri.clone());
        });
    }

    /// Notes that the diagnostics of every document may be others now, as when engines come or go.
    pub(super) fn check_all(&self) {
        self.0.send_modify(|marked| marked.all = true);
    }

    fn take(&self) -> Marked {
        let mut taken = Marked::default();
        self.0.send_if_modified(|marked| {
            taken = mem::take(marked);
            false
        });
        taken
    }
}

/// The diagnostics of a document as it is now; none for one that is closed.
async fn look<S: Session>(session: &S, uri: &Uri, related: bool) -> (Option<i32>, Vec<Diagnostic>) {
    let Some(Problems { version, problems }) = session.problems(uri).await else {
        return (None, Vec::new());
    };
    let errors = session.errors(uri).await;
    let mut all: Vec<Diagnostic> = problems.into_iter().map(of_problem).collect();
    all.extend(errors.into_iter().map(|error| of_error(uri, error, related)));
    (Some(version), all)
}

/// A problem as LSP shows it.
pub(super) fn of_problem(problem: Problem) -> Diagnostic {
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

/// One diagnostic for all engines that raised alike; where they say different things, each with its engines.
fn of_error(uri: &Uri, error: EngineError, related: bool) -> Diagnostic {
    let mut message = format!("{} {}", error.ranks, error.title);
    let mut information = None;
    if error.variants.len() > 1 {
        let lines = error.variants.iter().map(|variant| {
            let first = variant.value.lines().next().unwrap_or_default();
            format!("{} {}: {first}", variant.ranks, error.name)
        });
        if related {
            let at = || Location { uri: uri.clone(), range: error.range };
            let related = lines.map(|message| DiagnosticRelatedInformation { location: at(), message });
            information = Some(related.collect());
        } else {
            lines.take(LISTED).for_each(|line| message.extend(["\n", &line]));
            if error.variants.len() > LISTED {
                message.push_str(&format!("\nand {} more", error.variants.len() - LISTED));
            }
        }
    }
    Diagnostic {
        range: error.range,
        severity: Some(if error.stale { DiagnosticSeverity::Hint } else { DiagnosticSeverity::Error }),
        code: Some(error.name.into()),
        source: Some(SOURCE.into()),
        message: message.into(),
        related_information: information,
        ..Default::default()
    }
}
