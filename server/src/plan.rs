//! A px cell, the settings and what a face asks for, made into a request: code, engines, options. Or a sentence why not.
//!
//! Pure. Every error about targets ends here: what leaves this module can be sent.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use crate::{
    cells::{CellKind, PxCell},
    engines::{EngineTable, ResolveError, Targets},
    render::GroupBy,
    run::RunRequest,
};

/// What a face asks for on top of what the document says.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Instead of the cell's targets.
    pub targets: Option<Targets>,
    /// Instead of the cell's `--block` or `--noblock`.
    pub block: Option<bool>,
}

/// What running a cell would do, before any engine is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The exact code.
    pub code: Arc<str>,
    /// Which engines.
    pub targets: Targets,
    /// Whether the next cell waits for this one.
    pub blocking: bool,
    /// How the cell asks for its output to be grouped; `None` leaves it to the setting.
    pub group_by: Option<GroupBy>,
    /// Whether the body is to run locally as well, which is left to the client (`--local`).
    pub local: bool,
}

/// Why a cell cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The cell itself says why, for instance an option that does not exist.
    #[error("{0}")]
    Cell(String),
    /// A line that sets or shows something and runs nothing.
    #[error("{0}")]
    RunsNothing(&'static str),
}

/// Makes the plan of a cell.
///
/// # Errors
/// A [`Refusal`] for a cell that is wrong in itself, or that runs nothing.
pub fn plan(cell: &PxCell, overrides: &Overrides) -> Result<Plan, Refusal> {
    if let Some(why) = cell.refusal() {
        return Err(Refusal::Cell(why.to_owned()));
    }
    match cell.kind {
        CellKind::Result => return Err(Refusal::RunsNothing("this line shows a result and runs nothing")),
        CellKind::Config => {
            return Err(Refusal::RunsNothing(
                "this line sets defaults for the cells below it and runs nothing",
            ));
        }
        CellKind::Autopx => {
            return Err(Refusal::RunsNothing("this line begins or ends an %autopx region and runs nothing"));
        }
        _ => {}
    }
    let options = &cell.magic.options;
    let targets = match &overrides.targets {
        Some(targets) => targets.clone(),
        None => cell.targets().map_err(|error| Refusal::Cell(error.to_string()))?,
    };
    let blocking = overrides.block.or(options.block).or(cell.view.block).unwrap_or(true);
    let group_by = options.group_outputs.map(GroupBy::from);
    Ok(Plan { code: cell.code.clone(), targets, blocking, group_by, local: options.local })
}

impl Plan {
    /// The request for the engines of `table`.
    ///
    /// # Errors
    /// Where the targets choose no engine that is there.
    pub fn request(&self, table: &EngineTable) -> Result<RunRequest, ResolveError> {
        let resolved = self.targets.resolve(&table.ids())?;
        Ok(RunRequest { code: self.code.clone(), engines: resolved.engines, single: resolved.single })
    }

    /// Equal for plans that would send the same code to the same targets in the same way. A result is stale when the
    /// fingerprint of its cell is no longer that of its run.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = DefaultHasher::new();
        (&self.code, &self.targets, self.blocking, self.local).hash(&mut hasher);
        Fingerprint(hasher.finish())
    }
}

/// See [`Plan::fingerprint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);
