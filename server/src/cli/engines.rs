//! `pxlens engines`: the engines of the running cluster.

use std::io::{self, Write};

use serde_json::json;

use super::{Failure, Status, args::EnginesArgs, no_cluster};
use crate::{
    cluster::Origin,
    engines::{Activity, Engine},
    session::{About, ClusterView, Session, Settings, StartPolicy},
    text::Encoding,
};

/// Lists the engines that are alive. Starts nothing.
pub(super) async fn engines(args: EnginesArgs) -> Result<Status, Failure> {
    let settings = Settings { cluster: args.cluster.selection(), ..Settings::default() };
    let (session, _notices) = Session::start(settings, Encoding::Utf8, true, false);
    let connected = session.connect(StartPolicy::Never).await;
    let connected = match connected {
        Ok(_) => {
            session.places().await;
            Ok(session.snapshot(About::Nothing).await.cluster)
        }
        Err(error) => Err(error),
    };
    session.shutdown().await;
    let cluster = connected.map_err(no_cluster)?;
    let mut out = io::stdout().lock();
    if !args.json {
        let heading = match cluster.engines.len() {
            0 => "has no engines".to_owned(),
            1 => "has 1 engine".to_owned(),
            n => format!("has {n} engines"),
        };
        writeln!(out, "{} {heading}", cluster.name)?;
    }
    let host = |engine: &Engine| engine.host.as_deref().unwrap_or("-").to_owned();
    let width = cluster.engines.iter().map(|engine| host(engine).len()).max().unwrap_or_default();
    for engine in cluster.engines.iter() {
        let activity = word(cluster.activities.of(engine.id));
        if args.json {
            let Engine { id, uuid, host, pid } = engine;
            let (whose, run) = match origin(&cluster, engine) {
                None | Some(Origin::Own) => (None, None),
                Some(Origin::Mine(run)) => (Some("mine"), Some(run.to_string())),
                Some(Origin::Other) => (Some("other"), None),
            };
            let object = json!({
                "id": id, "uuid": uuid, "activity": activity, "host": host, "pid": pid, "whose": whose, "run": run,
            });
            writeln!(out, "{object}")?;
        } else {
            let pid = engine.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
            let host = host(engine);
            let line = format!("{:>5}  {activity:<8} {host:<width$} {pid:>8}  {}", engine.id, engine.uuid);
            match origin(&cluster, engine) {
                None | Some(Origin::Own) => writeln!(out, "{line}")?,
                Some(Origin::Mine(run)) => writeln!(out, "{line}  run {run}, of another pxlens of yours")?,
                Some(Origin::Other) => writeln!(out, "{line}  for another client")?,
            }
        }
    }
    Ok(Status::Ok)
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
