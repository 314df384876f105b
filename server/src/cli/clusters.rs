//! `pxlens clusters`: what runs, as a table.

use std::io::{self, Write};

use crate::cluster::{
    discovery::{self, ClusterState, DiscoveryError, FoundCluster, Selection},
    local::{StartError, StopError},
    python::PythonError,
};

/// Why a command about clusters failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterCommandError {
    /// Looking for clusters failed.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// There is no Python to start one with.
    #[error(transparent)]
    Python(#[from] PythonError),
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It did not stop.
    #[error(transparent)]
    Stop(#[from] StopError),
    /// pxlens did not start it, and `--yes` was not given.
    #[error("pxlens did not start the cluster {0}; add --yes to stop it all the same")]
    NeedsYes(String),
    /// Nothing to stop.
    #[error("no cluster that pxlens started is running; name another one with --profile or --cluster-id")]
    NoneOfOurs,
    /// Several fit.
    #[error("several clusters fit: {0}; name one with --cluster-id, or add --all")]
    Several(String),
    /// The output could not be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Arguments of `pxlens clusters`.
#[derive(Clone, Debug, Default)]
pub struct ClustersArgs {
    /// Which to list.
    pub selection: Selection,
    /// Whether those that are gone and left files are listed too.
    pub all: bool,
}

/// Writes the table.
pub fn run(args: &ClustersArgs, out: &mut impl Write) -> Result<(), ClusterCommandError> {
    let mut found = discovery::find(&args.selection)?;
    found.retain(|cluster| args.all || cluster.state != ClusterState::Gone);
    table(&found, out)?;
    Ok(())
}

fn table(found: &[FoundCluster], out: &mut impl Write) -> io::Result<()> {
    if found.is_empty() {
        return writeln!(out, "No cluster is running. `pxlens start` starts one.");
    }
    let head = ["CLUSTER", "STATE", "ENGINES", "LAUNCHER", "STARTED BY"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(found.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn row(cluster: &FoundCluster) -> [String; 5] {
    let state = match cluster.state {
        ClusterState::Running => "running",
        ClusterState::Starting => "starting",
        ClusterState::Unknown => "unknown",
        ClusterState::Gone => "gone",
    };
    let by = match (cluster.ours, cluster.is_temporary()) {
        (_, true) => "pxlens run",
        (true, false) => "pxlens",
        (false, false) => "",
    };
    [
        cluster.label(),
        state.to_owned(),
        cluster.engines_expected.map_or_else(|| "?".to_owned(), |n| n.to_string()),
        cluster.launcher.clone().unwrap_or_else(|| "?".to_owned()),
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
        let mut out = Vec::new();
        table(&found, &mut out).expect("memory");
        expect![[r#"
            CLUSTER                      STATE     ENGINES  LAUNCHER  STARTED BY
            default:pxlens-0a1b2c3d      running   4        local     pxlens
            default:pxlens-run-99aa00ff  starting  4        local     pxlens run
            slurm                        unknown   ?        ?
        "#]]
        .assert_eq(&String::from_utf8_lossy(&out));
    }
}
