//! Turns a px cell and what a face asks for into a plan: code, targets, options; or into a sentence that says why the cell
//! cannot run.
//!
//! Pure. Every error about targets ends here: a request that leaves this module can be sent.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use crate::{
    cells::{CellKind, Effective, PxCell, magic::defaults},
    engines::{EngineTable, RankSet, ResolveError, Targets},
    render::GroupBy,
    run::RunRequest,
};

/// What a face asks for on top of what the document says.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Replaces the cell's targets.
    pub targets: Option<Targets>,
    /// Replaces the cell's `--block` or `--noblock`.
    pub block: Option<bool>,
}

/// What running a cell would do, before its targets are resolved to engines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// The code, exactly as it is sent.
    pub code: Arc<str>,
    /// The engines, as the cell or a face names them.
    pub targets: Targets,
    /// Restricts the run to these of the targets, where a cell runs again on some of its engines.
    pub only: Option<RankSet>,
    /// Whether the next cell waits for this one.
    pub blocking: bool,
    /// The grouping that the cell asks for; `None` leaves it to the setting.
    pub group_by: Option<GroupBy>,
    /// Whether the body also runs locally (`--local`), which is left to the client.
    pub local: bool,
    /// Whether a terminal prints output as it comes.
    pub stream: bool,
    /// Whether the engines are announced before the run (`--verbose`).
    pub verbose: bool,
    /// When the progress of the run is shown (`--progress-after`).
    pub progress: ProgressAfter,
    /// The signal that an interrupt sends to the engines: a name or a number, as written in the cell.
    pub signal: Arc<str>,
    /// The name under which the result is kept (`-o`).
    pub name: Option<Arc<str>>,
}

/// When the progress of a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgressAfter {
    /// This many milliseconds after the run began; 0 is at once.
    Milliseconds(u64),
    /// Never.
    Never,
}

impl ProgressAfter {
    /// Reads the value of `--progress-after`: seconds; a negative number is never.
    fn seconds(seconds: f64) -> Self {
        // NaN is never, too.
        if seconds.is_nan() || seconds < 0.0 {
            return Self::Never;
        }
        // The cast saturates.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is not negative")]
        Self::Milliseconds((seconds * 1000.0) as u64)
    }
}

/// Why a cell cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The cell is wrong in itself, for instance it has an option that does not exist.
    #[error("{0}")]
    Cell(String),
    /// A line that sets or shows something and runs nothing.
    #[error("{0}")]
    RunsNothing(&'static str),
}

/// Plans the run of a cell.
///
/// # Errors
/// A [`Refusal`] for a cell that is wrong in itself, or that runs nothing.
pub fn plan(cell: &PxCell, overrides: &Overrides) -> Result<Plan, Refusal> {
    if let Some(why) = cell.refusal() {
        return Err(Refusal::Cell(why.to_owned()));
    }
    match cell.kind {
        CellKind::Result => return Err(Refusal::RunsNothing("this line shows a result and runs nothing")),
        CellKind::Config | CellKind::Autopx if cell.suite.is_some() => {
            return Err(Refusal::RunsNothing(
                "this line is in the body of a statement such as `if`: it runs nothing, and changes nothing below it",
            ));
        }
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
    let Effective { block, config } = cell.effective();
    let seconds = config.progress_after.unwrap_or(defaults::PROGRESS_AFTER.as_secs_f64());
    let group_by = options.own.group_outputs.map(GroupBy::from);
    Ok(Plan {
        code: cell.code.clone(),
        targets,
        only: None,
        blocking: overrides.block.or(block).unwrap_or(defaults::BLOCK),
        group_by,
        local: options.own.local,
        stream: config.stream.unwrap_or(defaults::STREAM),
        verbose: config.verbose.unwrap_or(defaults::VERBOSE),
        progress: ProgressAfter::seconds(seconds),
        signal: Arc::from(config.signal_on_interrupt.as_deref().unwrap_or(defaults::SIGNAL_ON_INTERRUPT)),
        name: options.own.out.as_deref().map(Arc::from),
    })
}

impl Plan {
    /// The request for the engines of `table`.
    ///
    /// # Errors
    /// If the targets select no engine of `table`.
    pub fn request(&self, table: &EngineTable) -> Result<RunRequest, ResolveError> {
        let ids = table.ids();
        let mut resolved = self.targets.resolve(&ids)?;
        if let Some(only) = &self.only {
            resolved.engines.retain(|engine| only.contains(*engine));
            if resolved.engines.is_empty() {
                return Err(ResolveError::Empty { alive: ids.into_iter().collect() });
            }
        }
        Ok(RunRequest { code: self.code.clone(), engines: resolved.engines, single: resolved.single })
    }

    /// Equal for plans that would send the same code to the same targets in the same way, even if only to some of them. A
    /// result is stale when its cell no longer has the fingerprint of its run.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = DefaultHasher::new();
        (&self.code, &self.targets, self.blocking, self.local).hash(&mut hasher);
        Fingerprint(hasher.finish())
    }
}

/// See [`Plan::fingerprint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::{Dialect, recognize};

    fn last_plan(text: &str) -> Plan {
        let cells = recognize(text, Dialect::Script).expect("a script").cells;
        plan(cells.last().expect("a px cell"), &Overrides::default()).expect("it can run")
    }

    #[test]
    fn options_of_a_cell_override_those_of_a_pxconfig_above_it() {
        let text =
            "# %%\n%pxconfig --verbose --progress-after 5 --signal-on-interrupt SIGTERM --no-stream\n# %%\n";
        let above = last_plan(&format!("{text}%px x\n"));
        assert_eq!((above.verbose, above.stream, above.name), (true, false, None));
        assert_eq!(above.progress, ProgressAfter::Milliseconds(5000));
        assert_eq!(&*above.signal, "SIGTERM");
        let own = "%%px --no-verbose --stream --progress-after=-1 --signal-on-interrupt 10 -o fit\nx\n";
        let own = last_plan(&format!("{text}{own}"));
        assert_eq!((own.verbose, own.stream, own.name.as_deref()), (false, true, Some("fit")));
        assert_eq!((own.progress, &*own.signal), (ProgressAfter::Never, "10"));
    }

    #[test]
    fn options_that_only_change_the_display_make_no_result_stale() {
        let shown = last_plan("%%px --verbose --stream -o fit --progress-after 3\nx\n");
        assert_eq!(shown.fingerprint(), last_plan("%%px\nx\n").fingerprint());
        assert_ne!(shown.fingerprint(), last_plan("%%px --noblock\nx\n").fingerprint());
    }
}
