//! `pxlens engines`: the engines of the running cluster.

use serde_json::json;

use super::{Failure, Status, args::EnginesArgs, no_cluster, print, print_json};
use crate::{
    cluster::Origin,
    engines::{Activity, Engine},
    session::{About, ClusterError, ClusterView, Session, StartPolicy},
    text::Encoding,
};

/// Lists the engines that are alive. Starts nothing.
pub(super) async fn engines(args: EnginesArgs) -> Result<Status, Failure> {
    let settings = args.cluster.settings();
    let (session, _notices) = Session::start(settings, Encoding::Utf8, true, false);
    let connected = session.connect(StartPolicy::Never).await;
    let connected = match connected {
        Ok(_) => {
            session.settle_hosts().await;
            let snapshot = session.snapshot(About::Nothing).await;
            // It may have been lost meanwhile.
            snapshot.connection.cluster().cloned().ok_or(ClusterError::None)
        }
        Err(error) => Err(error),
    };
    session.shutdown().await;
    let cluster = connected.map_err(no_cluster)?;
    if args.json {
        let object = |engine: &Engine| {
            let Engine { id, uuid, host, pid } = engine;
            let activity = word(cluster.activities.of(*id));
            let (whose, run) = match origin(&cluster, engine) {
                None | Some(Origin::Own) => (None, None),
                Some(Origin::Mine(run)) => (Some("mine"), Some(run.to_string())),
                Some(Origin::Other) => (Some("other"), None),
            };
            let object = json!({
                "id": id, "uuid": uuid, "activity": activity, "host": host, "pid": pid, "whose": whose, "run": run,
            });
            format!("{object}\n")
        };
        print_json(&cluster.engines.iter().map(object).collect::<String>())?;
    } else {
        print(&table(&cluster))?;
    }
    Ok(Status::Ok)
}

fn table(cluster: &ClusterView) -> String {
    let heading = match cluster.engines.len() {
        0 => "has no engines".to_owned(),
        1 => "has 1 engine".to_owned(),
        n => format!("has {n} engines"),
    };
    let host = |engine: &Engine| engine.host.as_deref().unwrap_or("-").to_owned();
    let width = cluster.engines.iter().map(|engine| host(engine).len()).max().unwrap_or_default();
    let line = |engine: &Engine| {
        let activity = word(cluster.activities.of(engine.id));
        let pid = engine.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        let host = host(engine);
        let whose = match origin(cluster, engine) {
            None | Some(Origin::Own) => String::new(),
            Some(Origin::Mine(run)) => format!("  run {run}, of another pxlens of yours"),
            Some(Origin::Other) => "  for another client".to_owned(),
        };
        format!("{:>5}  {activity:<8} {host:<width$} {pid:>8}  {}{whose}\n", engine.id, engine.uuid)
    };
    let lines: String = cluster.engines.iter().map(line).collect();
    format!("{} {heading}\n{lines}", cluster.name())
}

/// Whose work the engine does.
fn origin(cluster: &ClusterView, engine: &Engine) -> Option<Origin> {
    match cluster.activities.of(engine.id) {
        Activity::Busy(request) => Some(cluster.origins.of(request)),
        Activity::Idle | Activity::Unknown => None,
    }
}

fn word(activity: &Activity) -> &'static str {
    match activity {
        Activity::Unknown => "alive",
        Activity::Idle => "idle",
        Activity::Busy(_) => "busy",
    }
}
