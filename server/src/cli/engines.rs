//! `pxlens engines`: the engines of the cluster that runs.

use std::io::{self, Write};

use serde_json::json;

use super::{Failure, Status, args::EnginesArgs, no_cluster};
use crate::{
    engines::Activity,
    session::{Session, Settings, StartPolicy},
    text::Encoding,
};

/// Lists the engines that are alive. Starts nothing.
pub(super) async fn engines(args: EnginesArgs) -> Result<Status, Failure> {
    let settings = Settings { cluster: args.cluster.selection(), ..Settings::default() };
    let (session, _notices) = Session::start(settings, Encoding::Utf8, true, false);
    let connected = session.connect(StartPolicy::Never).await;
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
    for engine in cluster.engines.iter() {
        let activity = word(cluster.activities.of(engine.id));
        if args.json {
            writeln!(out, "{}", json!({ "id": engine.id, "uuid": engine.uuid, "activity": activity }))?;
        } else {
            writeln!(out, "{:>5}  {activity:<8} {}", engine.id, engine.uuid)?;
        }
    }
    Ok(Status::Ok)
}

fn word(activity: &Activity) -> &'static str {
    match activity {
        Activity::Unknown => "alive",
        Activity::Idle => "idle",
        Activity::Busy(_) => "busy",
    }
}
