//! `pxlens stop`: stops clusters that pxlens started, and others only on request.

use std::io::Write;

use super::clusters::ClusterCommandError;
use crate::cluster::{
    discovery::{self, ClusterState, FoundCluster, Selection},
    local::{self, StopError},
};

/// Arguments of `pxlens stop`.
#[derive(Clone, Debug, Default)]
pub struct StopArgs {
    /// Which; without a name, the one that pxlens started.
    pub selection: Selection,
    /// All that fit, instead of exactly one.
    pub all: bool,
    /// Whether to stop what pxlens did not start.
    pub yes: bool,
}

/// Stops them one after the other, and says so.
pub async fn run(args: &StopArgs, out: &mut impl Write) -> Result<(), ClusterCommandError> {
    let found = discovery::find(&args.selection)?;
    for cluster in wanted(args, found)? {
        let stopped = local::stop(&cluster, args.yes).await;
        stopped.map_err(|error| match error {
            StopError::NotConfirmed(label) => ClusterCommandError::NeedsYes(label),
            other => other.into(),
        })?;
        writeln!(out, "Stopped the cluster {}.", cluster.label())?;
    }
    Ok(())
}

/// Of those found, the ones to stop. A cluster that is gone is stopped by name only: it may have left engines.
fn wanted(args: &StopArgs, found: Vec<FoundCluster>) -> Result<Vec<FoundCluster>, ClusterCommandError> {
    let explicit = args.selection.is_explicit();
    let runs = |cluster: &FoundCluster| cluster.state != ClusterState::Gone;
    let named_id = args.selection.cluster_id.is_some() || args.selection.connection_file.is_some();
    let fits = |cluster: &FoundCluster| match explicit {
        true => runs(cluster) || named_id,
        false => runs(cluster) && cluster.ours && !cluster.is_temporary(),
    };
    let fit: Vec<FoundCluster> = found.into_iter().filter(fits).collect();
    match fit.as_slice() {
        [] if !explicit => Err(ClusterCommandError::NoneOfOurs),
        // The same sentence as for whoever wants to use it.
        [] => {
            discovery::choose(&args.selection)?;
            Err(ClusterCommandError::NoneOfOurs)
        }
        [_, _, ..] if !args.all => {
            let labels: Vec<String> = fit.iter().map(FoundCluster::label).collect();
            Err(ClusterCommandError::Several(labels.join(", ")))
        }
        _ => Ok(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::clusters::tests::cluster;

    fn labels(args: &StopArgs) -> Result<Vec<String>, String> {
        let found = vec![
            cluster("default", "pxlens-1", ClusterState::Running),
            cluster("default", "pxlens-2", ClusterState::Gone),
            cluster("default", "pxlens-run-3", ClusterState::Running),
            cluster("default", "mine", ClusterState::Running),
        ];
        let fits = found
            .into_iter()
            .filter(|c| args.selection.cluster_id.as_ref().is_none_or(|id| *id == c.cluster_id));
        let wanted = wanted(args, fits.collect()).map_err(|error| error.to_string())?;
        Ok(wanted.iter().map(FoundCluster::label).collect())
    }

    #[test]
    fn without_a_name_only_what_pxlens_started_to_stay_is_stopped() {
        assert_eq!(labels(&StopArgs::default()), Ok(vec!["default:pxlens-1".to_owned()]));
    }

    #[test]
    fn by_id_even_a_cluster_that_is_gone_is_cleared_away() {
        let selection = Selection { cluster_id: Some("pxlens-2".to_owned()), ..Selection::default() };
        let args = StopArgs { selection, ..StopArgs::default() };
        assert_eq!(labels(&args), Ok(vec!["default:pxlens-2".to_owned()]));
    }

    #[test]
    fn of_several_that_fit_one_must_be_named() {
        let selection = Selection { profile: Some("default".to_owned()), ..Selection::default() };
        let mut args = StopArgs { selection, ..StopArgs::default() };
        let error = labels(&args).expect_err("three run");
        assert!(
            error.starts_with("several clusters fit: default:pxlens-1, default:pxlens-run-3, default:mine;"),
            "{error}"
        );
        args.all = true;
        assert_eq!(labels(&args).map(|labels| labels.len()), Ok(3));
    }
}
