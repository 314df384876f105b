//! `pxlens stop`: stops clusters that pxlens started, and others only with `--yes`.

use super::{Failure, Status, args::StopArgs, no_cluster, print};
use crate::cluster::{
    discovery::{self, ClusterState, DiscoveryError, FoundCluster, Selection},
    local::{self, StopError},
};

/// Why there is nothing to stop.
#[derive(Debug, thiserror::Error)]
enum NothingToStop {
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    #[error("no cluster that pxlens started is running; name another one with --profile or --cluster-id")]
    NoneOfOurs,
    #[error("several clusters match: {0}; name one with --cluster-id, or add --all")]
    Several(String),
}

/// Stops the clusters one after the other, and says so.
pub(super) async fn stop(args: &StopArgs) -> Result<Status, Failure> {
    let selection = args.cluster.selection();
    let found = discovery::find(&selection).map_err(no_cluster)?;
    for cluster in wanted(&selection, args.all, found).map_err(no_cluster)? {
        match local::stop(&cluster, args.yes).await {
            Ok(()) => print(&format!("Stopped the cluster {}.\n", cluster.label()))?,
            Err(StopError::NotConfirmed(label)) => {
                let message =
                    format!("pxlens did not start the cluster {label}; add --yes to stop it anyway");
                return Err(Failure::new(Status::Usage, message));
            }
            Err(error) => return Err(no_cluster(error)),
        }
    }
    Ok(Status::Ok)
}

/// The clusters to stop. One that is gone is chosen only by name; it may have left engines behind.
fn wanted(
    selection: &Selection,
    all: bool,
    found: Vec<FoundCluster>,
) -> Result<Vec<FoundCluster>, NothingToStop> {
    let explicit = selection.is_explicit();
    let runs = |cluster: &FoundCluster| cluster.state != ClusterState::Gone;
    let named_id = selection.cluster_id.is_some() || selection.connection_file.is_some();
    let fits = |cluster: &FoundCluster| match explicit {
        true => runs(cluster) || named_id,
        false => runs(cluster) && cluster.ours && !cluster.is_temporary(),
    };
    let fit: Vec<FoundCluster> = found.into_iter().filter(fits).collect();
    match fit.as_slice() {
        [] if !explicit => Err(NothingToStop::NoneOfOurs),
        // Gives the same error as using that cluster would.
        [] => {
            discovery::choose(selection)?;
            Err(NothingToStop::NoneOfOurs)
        }
        [_, _, ..] if !all => {
            let labels: Vec<String> = fit.iter().map(FoundCluster::label).collect();
            Err(NothingToStop::Several(labels.join(", ")))
        }
        _ => Ok(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::clusters::tests::cluster;

    fn labels(selection: &Selection, all: bool) -> Result<Vec<String>, String> {
        let found = vec![
            cluster("default", "pxlens-1", ClusterState::Running),
            cluster("default", "pxlens-2", ClusterState::Gone),
            cluster("default", "pxlens-run-3", ClusterState::Running),
            cluster("default", "mine", ClusterState::Running),
        ];
        let fits =
            found.into_iter().filter(|c| selection.cluster_id.as_ref().is_none_or(|id| *id == c.cluster_id));
        let wanted = wanted(selection, all, fits.collect()).map_err(|error| error.to_string())?;
        Ok(wanted.iter().map(FoundCluster::label).collect())
    }

    #[test]
    fn without_a_name_only_what_pxlens_started_to_stay_is_stopped() {
        assert_eq!(labels(&Selection::default(), false), Ok(vec!["default:pxlens-1".to_owned()]));
    }

    #[test]
    fn a_cluster_that_is_gone_can_be_stopped_by_its_id() {
        let selection = Selection { cluster_id: Some("pxlens-2".to_owned()), ..Selection::default() };
        assert_eq!(labels(&selection, false), Ok(vec!["default:pxlens-2".to_owned()]));
    }

    #[test]
    fn of_several_that_match_one_must_be_named() {
        let selection = Selection { profile: Some("default".to_owned()), ..Selection::default() };
        let error = labels(&selection, false).expect_err("three run");
        assert!(
            error
                .starts_with("several clusters match: default:pxlens-1, default:pxlens-run-3, default:mine;"),
            "{error}"
        );
        assert_eq!(labels(&selection, true).map(|labels| labels.len()), Ok(3));
    }
}
