//! Reads text back from the files of [`super::spill`], for documents, exports and results on disk, which hold what
//! engines wrote whole, or both ends of it. Blocking. The text is never all in memory at once, except in a [`filled`]
//! run.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
};

use crate::{
    jupyter::content::{MimeBundle, StreamName},
    render::{Cursor, JsonEvent, JsonKind},
    run::{EngineRun, Hidden, Moved, OutputKind, RopeText, Run, Slot},
};

/// How many bytes are read at a time.
const CHUNK: usize = 256 * 1024;

/// Everything that one engine wrote to its streams, in order of arrival, partly in memory and partly in its file.
pub(super) struct EngineText<'a> {
    pieces: Vec<Piece<'a>>,
    /// The file, if part of the text is not in memory.
    pub(super) file: Option<&'a Path>,
    /// The length of the whole text in bytes.
    pub(super) bytes: usize,
}

/// A piece of the text, and the offset where it begins.
struct Piece<'a> {
    start: usize,
    source: Source<'a>,
}

enum Source<'a> {
    Memory(&'a RopeText),
    /// `output`: the index of the output it belongs to, among those of the engine.
    File {
        output: usize,
        hidden: Hidden,
    },
}

impl Source<'_> {
    fn bytes(&self) -> usize {
        match self {
            Self::Memory(text) => text.len_bytes(),
            Self::File { hidden, .. } => hidden.bytes,
        }
    }
}

impl<'a> EngineText<'a> {
    pub(super) fn of(part: &'a EngineRun) -> Self {
        let mut pieces = Vec::new();
        let mut bytes = 0;
        for (output, text) in part.outputs.iter().enumerate().filter_map(|(i, output)| match &output.kind {
            OutputKind::Stream(_, text) => Some((i, text)),
            _ => None,
        }) {
            let hidden = Source::File { output, hidden: text.hidden() };
            for source in [Source::Memory(text.head()), hidden, Source::Memory(text.tail())] {
                let length = source.bytes();
                if length > 0 {
                    pieces.push(Piece { start: bytes, source });
                    bytes += length;
                }
            }
        }
        Self { pieces, file: part.spilled.as_deref(), bytes }
    }

    /// Whether all of it is in memory.
    pub(super) fn is_in_memory(&self) -> bool {
        self.in_file().next().is_none()
    }

    /// The pieces that are not in memory: the offset, the output they belong to, and their size.
    fn in_file(&self) -> impl Iterator<Item = (usize, usize, Hidden)> {
        self.pieces.iter().filter_map(|piece| match piece.source {
            Source::File { output, hidden } => Some((piece.start, output, hidden)),
            Source::Memory(_) => None,
        })
    }

    /// The text between two byte offsets, without characters that are cut at either end.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn read(&self, range: Range<usize>) -> io::Result<String> {
        let mut bytes = Vec::with_capacity(range.len());
        for piece in &self.pieces {
            let (start, end) = (piece.start, piece.start + piece.source.bytes());
            let (from, to) = (range.start.clamp(start, end), range.end.clamp(start, end));
            if from >= to {
                continue;
            }
            match piece.source {
                Source::Memory(text) => copy(text, from - start..to - start, &mut bytes),
                Source::File { .. } => self.read_file(from..to, &mut bytes)?,
            }
        }
        Ok(whole_characters(bytes).0)
    }

    /// The file holds the whole text, so offsets in it are offsets in the text.
    fn read_file(&self, range: Range<usize>, into: &mut Vec<u8>) -> io::Result<()> {
        let mut read = || {
            let path = self.file.ok_or(io::ErrorKind::NotFound)?;
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(range.start as u64))?;
            let read = file.take(range.len() as u64).read_to_end(into)?;
            if read < range.len() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
        };
        read().map_err(|error: io::Error| {
            let path = self.file.map(|path| path.display().to_string()).unwrap_or_default();
            io::Error::new(error.kind(), format!("{path}: {error}"))
        })
    }
}

fn copy(text: &RopeText, range: Range<usize>, into: &mut Vec<u8>) {
    let mut start = 0;
    for chunk in text.chunks() {
        let end = start + chunk.len();
        let (from, to) = (range.start.clamp(start, end), range.end.clamp(start, end));
        into.extend_from_slice(&chunk.as_bytes()[from - start..to - start]);
        start = end;
    }
}

/// The text of bytes that may begin and end within a character, and the bytes of the unfinished one at the end.
fn whole_characters(mut bytes: Vec<u8>) -> (String, Vec<u8>) {
    let begun = bytes.iter().take(3).take_while(|byte| (0x80..0xC0).contains(*byte)).count();
    bytes.drain(..begun);
    let unfinished = match std::str::from_utf8(&bytes) {
        Err(error) if error.error_len().is_none() => bytes.split_off(error.valid_up_to()),
        _ => Vec::new(),
    };
    // The bytes were written as text, so nothing is replaced here unless another program changed the file.
    (
        String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()),
        unfinished,
    )
}

/// The same run with all its text in memory; `None` if it is already, or is more than `most` bytes.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn filled(run: &Run, most: usize) -> io::Result<Option<Run>> {
    let all: Vec<EngineText<'_>> = run.parts().map(EngineText::of).collect();
    if all.iter().all(EngineText::is_in_memory) || all.iter().map(|wrote| wrote.bytes).sum::<usize>() > most {
        return Ok(None);
    }
    let mut filled = run.clone();
    for (slot, wrote) in (0..).map(Slot).zip(&all) {
        for (start, output, hidden) in wrote.in_file() {
            let mut bytes = Vec::new();
            wrote.read_file(start..start + hidden.bytes, &mut bytes)?;
            let text = String::from_utf8(bytes).map_err(|_| {
                let file = wrote.file.map(|file| file.display().to_string()).unwrap_or_default();
                io::Error::new(io::ErrorKind::InvalidData, format!("another program has changed {file}"))
            })?;
            filled.fill(slot, output, &text);
        }
    }
    Ok(Some(filled))
}

/// The data of a display that was moved to a file.
fn read_display(moved: &Moved) -> io::Result<MimeBundle> {
    let read = || {
        let mut file = File::open(&moved.file)?;
        file.seek(SeekFrom::Start(moved.start))?;
        let mut json = Vec::new();
        file.take(moved.bytes as u64).read_to_end(&mut json)?;
        Ok(serde_json::from_slice(&json)?)
    };
    read().map_err(|error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", moved.file.display()))
    })
}

/// Where the data of each display of an engine is, if it is not in memory.
fn displays(part: &EngineRun) -> impl Iterator<Item = Option<&Moved>> {
    part.outputs.iter().enumerate().filter_map(|(at, output)| match output.kind {
        OutputKind::Display { .. } | OutputKind::UpdateDisplay { .. } => Some(part.moved(at)),
        _ => None,
    })
}

/// Calls `each` for every event of a run, as for `--json`, including the text and the displays that are in files. If those
/// cannot be read, an event says how much is missing. Returns the reasons why something is missing.
///
/// # Errors
/// Those of `each`.
pub(super) fn for_each_event(
    run: &Run,
    cell: u32,
    mut each: impl FnMut(&JsonEvent) -> io::Result<()>,
) -> io::Result<Vec<String>> {
    let all: Vec<EngineText<'_>> = run.parts().map(EngineText::of).collect();
    let mut in_file: HashMap<u32, _> =
        (0u32..).zip(&all).map(|(slot, wrote)| (slot, wrote.in_file())).collect();
    let mut displays: HashMap<u32, _> =
        (0u32..).zip(run.parts()).map(|(slot, part)| (slot, displays(part))).collect();
    let mut missing = Vec::new();
    Cursor::of_cell(cell).each(run, |mut event| {
        if let JsonKind::Display { data, .. } | JsonKind::UpdateDisplay { data, .. } = &mut event.what
            // As with text, the events come in the order of the outputs.
            && let Some(Some(moved)) = event.slot.and_then(|slot| displays.get_mut(&slot)?.next())
        {
            *data = read_display(moved).unwrap_or_else(|error| {
                let why = error.to_string();
                if !missing.contains(&why) {
                    missing.push(why);
                }
                let size = moved.bytes;
                let text =
                    format!("<a display of {size} bytes, which were moved to a file that cannot be read>");
                MimeBundle::new(serde_json::Map::from_iter([("text/plain".to_owned(), text.into())]))
            });
        }
        let next = match (&event.what, event.slot) {
            // The events of an engine come in the order of its outputs.
            (JsonKind::Spilled { .. }, Some(slot)) => {
                in_file.get_mut(&slot).and_then(Iterator::next).map(|piece| (slot, piece))
            }
            _ => None,
        };
        let Some((slot, (start, output, hidden))) = next else {
            return each(&event);
        };
        let (Some(part), Some(wrote)) = (run.part(Slot(slot)), all.get(slot as usize)) else { return Ok(()) };
        let Some(output) = part.outputs.get(output) else { return Ok(()) };
        let wrote_event = |text: String| {
            let late = output.late;
            let what = match &output.kind {
                OutputKind::Stream(StreamName::Stderr, _) => JsonKind::Stderr { text, late },
                _ => JsonKind::Stdout { text, late },
            };
            JsonEvent { what, ..event.clone() }
        };
        let (mut at, end, mut lines) = (start, start + hidden.bytes, hidden.lines);
        let mut rest = Vec::new();
        while at < end {
            let to = (at + CHUNK).min(end);
            if let Err(error) = wrote.read_file(at..to, &mut rest) {
                missing.push(error.to_string());
                let file = wrote.file.map(|file| file.display().to_string());
                each(&JsonEvent {
                    what: JsonKind::Spilled { bytes: end - at, lines, file },
                    ..event.clone()
                })?;
                break;
            }
            let (text, unfinished) = whole_characters(std::mem::take(&mut rest));
            rest = unfinished;
            at = to;
            lines = lines.saturating_sub(text.matches('\n').count());
            each(&wrote_event(text))?;
        }
        Ok(())
    })?;
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::Arc};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        engines::EngineId,
        run::{Event, EventKind, RunId, RunRequest, Time},
    };

    /// What an engine wrote, in pieces, with most of it in a file.
    fn run(pieces: &[(bool, String)], most: usize, file: &Path) -> Run {
        let request = RunRequest { code: "f()".into(), engines: vec![EngineId(3)], single: false };
        let mut run = Run::new(RunId(7), Arc::new(request), Time(0), true);
        let mut all = String::new();
        for (is_error, text) in pieces {
            let name = if *is_error { StreamName::Stderr } else { StreamName::Stdout };
            let kind = EventKind::Stream { name, text: text.clone() };
            run.apply(Event { slot: Slot(0), at: Time(0), kind });
            all.push_str(text);
            fs::write(file, &all).expect("it can be written");
            if run.part(Slot(0)).expect("it is there").kept() > most {
                run.hide(Slot(0), most, file.into());
            }
        }
        run
    }

    fn events_of(run: &Run) -> (Vec<JsonEvent>, Vec<String>) {
        let mut events = Vec::new();
        let missing = for_each_event(run, 1, |event| {
            events.push(event.clone());
            Ok(())
        });
        (events, missing.expect("nothing fails"))
    }

    /// What the events say was written, per stream.
    fn texts(events: &[JsonEvent]) -> (String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        for event in events {
            match &event.what {
                JsonKind::Stdout { text, .. } => out.push_str(text),
                JsonKind::Stderr { text, .. } => err.push_str(text),
                JsonKind::Spilled { .. } => panic!("it is all there"),
                _ => {}
            }
        }
        (out, err)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Whatever is written and moved to a file, its events, the filled run and reading give all of it.
        #[test]
        fn no_text_in_files_is_missing(
            pieces in prop::collection::vec((any::<bool>(), "[aé🙂\n]{0,60}"), 1..12),
            most in 8usize..200,
            cuts in (0usize..400, 0usize..400),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let run = run(&pieces, most, &folder.path().join("engine-3.txt"));
            let whole: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
            let of = |error: bool| -> String {
                pieces.iter().filter(|(is_error, _)| *is_error == error).map(|(_, text)| text.as_str()).collect()
            };
            prop_assert_eq!(texts(&events_of(&run).0), (of(false), of(true)));
            let part = run.part(Slot(0)).expect("it is there");
            let wrote = EngineText::of(part);
            prop_assert_eq!(wrote.bytes, whole.len());
            prop_assert_eq!(wrote.read(0..whole.len()).expect("it is read"), whole.clone());
            let (from, to) = (cuts.0.min(cuts.1).min(whole.len()), cuts.0.max(cuts.1).min(whole.len()));
            let some = wrote.read(from..to).expect("it is read");
            prop_assert!(whole[..].contains(&some) && some.len() + 6 >= to - from);
            if !wrote.is_in_memory() {
                let filled = filled(&run, usize::MAX).expect("it is read").expect("something was missing");
                let part = filled.part(Slot(0)).expect("it is there");
                prop_assert_eq!(part.stream(StreamName::Stdout), of(false));
                prop_assert_eq!(part.kept(), whole.len());
            }
        }
    }

    #[test]
    fn text_that_cannot_be_read_is_reported_as_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("engine-3.txt");
        let pieces = [(false, "line\n".repeat(100))];
        let run = run(&pieces, 50, &file);
        fs::remove_file(&file).expect("it is there");
        let (events, missing) = events_of(&run);
        assert!(missing[0].contains("engine-3.txt"), "{missing:?}");
        let spilled = events.iter().find(|event| matches!(event.what, JsonKind::Spilled { .. }));
        assert_eq!(
            spilled,
            Cursor::of_cell(1)
                .delta(&run)
                .iter()
                .find(|event| matches!(event.what, JsonKind::Spilled { .. }))
        );
        filled(&run, usize::MAX).expect_err("it is gone");
        assert!(filled(&run, 100).expect("nothing is read").is_none(), "it is more than that");
    }
}
