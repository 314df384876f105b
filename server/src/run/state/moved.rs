//! Displays whose data was moved from memory to a file, since nobody shows them any more.

use std::{path::Path, sync::Arc};

use super::{EngineRun, Run};
use crate::{
    jupyter::content::MimeBundle,
    run::{OutputKind, Slot, weight::of_bundle},
};

/// Where the data of a display is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The index of the display among the engine's outputs.
    pub output: usize,
    /// The file that has its data, as a JSON object.
    pub file: Arc<Path>,
    /// Where that begins in the file.
    pub start: u64,
    /// Its length in bytes.
    pub bytes: usize,
}

impl EngineRun {
    /// Where the data of this output is, if it was moved out of memory.
    pub fn moved(&self, output: usize) -> Option<&Moved> {
        let at = self.moved.binary_search_by_key(&output, |moved| moved.output).ok()?;
        self.moved.get(at)
    }

    /// About how many bytes of memory everything but stream text takes.
    pub fn others(&self) -> usize {
        self.others
    }

    fn move_out(&mut self, moved: Vec<Moved>) {
        let nothing = MimeBundle::default();
        for moved in &moved {
            if let Some(OutputKind::Display { data, .. } | OutputKind::UpdateDisplay { data, .. }) =
                self.outputs.get_mut(moved.output).map(|output| &mut output.kind)
            {
                self.others = self.others.saturating_sub(of_bundle(data));
                *data = Arc::clone(&nothing);
            }
        }
        self.moved.extend(moved);
        self.moved.sort_by_key(|moved| moved.output);
    }
}

impl Run {
    /// Drops the data of displays of one engine from memory. The files must have it. The displays themselves stay, with their
    /// places and ids; what tells engines apart does not change.
    pub fn move_out(&mut self, slot: Slot, moved: Vec<Moved>) {
        if let Some(part) = self.parts.get_mut(slot.0 as usize) {
            Arc::make_mut(part).move_out(moved);
        }
    }
}
