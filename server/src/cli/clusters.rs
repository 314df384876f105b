//! `pxlens clusters`: a table of the running clusters.

use serde_json::json;

use super::{Failure, Status, args::ClustersArgs, no_cluster, print, print_json};
use crate::{
    cluster::discovery::{self, ClusterState, FoundCluster},
    render::visible_name,
};

/// Lists the clusters that run on this machine, and batch jobs that may be running.
pub(super) fn clusters(args: &ClustersArgs) -> Result<Status, Failure> {
    let mut found = discovery::find(&args.selection()).map_err(no_cluster)?;
    found.retain(|cluster| args.all || cluster.state != ClusterState::Gone);
    if args.json {
        print_json(&found.iter().map(|cluster| format!("{}\n", as_json(cluster))).collect::<String>())?;
    } else {
        print(&table(&found))?;
    }
    Ok(Status::Ok)
}

fn as_json(cluster: &FoundCluster) -> serde_json::Value {
    json!({
        "cluster": cluster.label(),
        "profile": cluster.profile,
        "clusterId": cluster.cluster_id,
        "connectionFile": cluster.connection_file,
        "state": word(cluster.state),
        "pid": cluster.pid,
        "engines": cluster.engines_expected,
        "launcher": cluster.launcher,
        "startedByPxlens": cluster.ours,
    })
}

fn word(state: ClusterState) -> &'static str {
    match state {
        ClusterState::Running => "running",
        ClusterState::Starting => "starting",
        ClusterState::Unknown => "unknown",
        ClusterState::Gone => "gone",
    }
}

fn table(found: &[FoundCluster]) -> String {
    if found.is_empty() {
        return "No cluster is running. `pxlens start` starts one.\n".to_owned();
    }
    let head = ["CLUSTER", "STATE", "CONFIGURED", "LAUNCHER", "STARTED BY"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(found.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// As many as it was started with; how many there are now, only its controller knows.
fn engines(count: u32) -> String {
    format!("{count} {}", if count == 1 { "engine" } else { "engines" })
}

fn row(cluster: &FoundCluster) -> [String; 5] {
    let by = match (cluster.ours, cluster.is_temporary()) {
        (_, true) => "pxlens run",
        (true, false) => "pxlens",
        (false, false) => "",
    };
    [
        visible_name(&cluster.label()),
        word(cluster.state).to_owned(),
        cluster.engines_expected.map_or_else(|| "?".to_owned(), engines),
        cluster.launcher.as_deref().map_or_else(|| "?".to_owned(), visible_name),
        by.to_owned(),
    ]
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::PathBuf;

    use expect_test::expect;

    use super::*;

    pub(in crate::cli) fn cluster(profile: &str, id: &str, state: ClusterState) -> FoundCluster {
        FoundCluster {
            profile: profile.to_owned(),
            cluster_id: id.to_owned(),
            connection_file: PathBuf::from("client.json"),
            cluster_file: None,
            pid: None,
            state,
            engines_expected: id.starts_with("pxlens").then_some(4),
            launcher: id.starts_with("pxlens").then(|| "local".to_owned()),
            ours: id.starts_with("pxlens"),
            written: None,
            note: None,
        }
    }

    #[test]
    fn clusters_are_listed_with_what_is_known_of_them() {
        let found = [
            cluster("default", "pxlens-0a1b2c3d", ClusterState::Running),
            cluster("default", "pxlens-run-99aa00ff", ClusterState::Starting),
            cluster("slurm", "", ClusterState::Unknown),
        ];
        expect![[r#"
            CLUSTER                      STATE     CONFIGURED  LAUNCHER  STARTED BY
            default:pxlens-0a1b2c3d      running   4 engines   local     pxlens
            default:pxlens-run-99aa00ff  starting  4 engines   local     pxlens run
            slurm                        unknown   ?           ?
        "#]]
        .assert_eq(&table(&found));
    }

    #[test]
    fn what_a_name_hides_is_seen_and_keeps_the_table_in_order() {
        let found = [cluster("\x1b]0;x\x07a\nb", "\u{202e}c", ClusterState::Running)];
        let table = table(&found);
        assert_eq!(table.lines().count(), 2, "{table}");
        assert!(table.contains(r"\u001b]0;x\u0007a\u000ab:\u202ec  running"), "{table}");
    }
}
