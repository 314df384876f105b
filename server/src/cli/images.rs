//! `--images DIR`: what engines displayed as pictures, saved as files; identical pictures once.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    engines::{EngineId, RankSet},
    run::{OutputKind, Run},
};

/// A picture that some engines showed.
struct Picture {
    bytes: Vec<u8>,
    extension: &'static str,
    engines: Vec<EngineId>,
}

/// Saves the pictures of a run into `folder`, which is made if needed; gives the files, in the order of the engines.
///
/// # Errors
/// Where a file cannot be written.
pub(super) fn save(run: &Run, number: u32, folder: &Path) -> io::Result<Vec<(RankSet, PathBuf)>> {
    let pictures = pictures(run);
    if pictures.is_empty() {
        return Ok(Vec::new());
    }
    fs::create_dir_all(folder)?;
    let mut saved = Vec::new();
    for (index, picture) in pictures.into_iter().enumerate() {
        let path = folder.join(format!("cell-{number}-{}.{}", index + 1, picture.extension));
        fs::write(&path, &picture.bytes)?;
        saved.push((picture.engines.into_iter().collect(), path));
    }
    Ok(saved)
}

fn pictures(run: &Run) -> Vec<Picture> {
    let mut pictures: Vec<Picture> = Vec::new();
    for part in run.parts() {
        for output in &part.outputs {
            let (OutputKind::Display { data, .. }
            | OutputKind::UpdateDisplay { data, .. }
            | OutputKind::Result { data, .. }) = &output.kind
            else {
                continue;
            };
            let Some((bytes, extension)) = decode(data) else { continue };
            match pictures.iter_mut().find(|picture| picture.bytes == bytes) {
                Some(picture) => picture.engines.push(part.engine),
                None => pictures.push(Picture { bytes, extension, engines: vec![part.engine] }),
            }
        }
    }
    pictures
}

/// The best picture of a bundle; binary ones are base64, with a newline at the end from older stacks.
fn decode(data: &serde_json::Map<String, serde_json::Value>) -> Option<(Vec<u8>, &'static str)> {
    let text = |mime: &str| data.get(mime)?.as_str();
    let binary = |mime: &str| STANDARD.decode(text(mime)?.trim()).ok();
    binary("image/png")
        .map(|bytes| (bytes, "png"))
        .or_else(|| binary("image/jpeg").map(|bytes| (bytes, "jpg")))
        .or_else(|| text("image/svg+xml").map(|svg| (svg.as_bytes().to_vec(), "svg")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::{
        jupyter::content::MimeBundle,
        run::{Event, EventKind, RunId, RunRequest, Slot, Time},
    };

    fn bundle(mime: &str, data: &str) -> MimeBundle {
        Arc::new(serde_json::Map::from_iter([(mime.to_owned(), json!(data))]))
    }

    /// A run on as many engines as there are lists of displays.
    fn shown(displays: &[&[(&str, &str)]]) -> Run {
        let engines = (0..displays.len()).map(|id| EngineId(u32::try_from(id).expect("few"))).collect();
        let request = RunRequest { code: "code".into(), engines, single: false };
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0));
        for (slot, displays) in (0u32..).zip(displays) {
            for (mime, data) in *displays {
                let kind = EventKind::Display { data: bundle(mime, data), display_id: None };
                run.apply(Event { slot: Slot(slot), at: Time(1), kind });
            }
        }
        run
    }

    fn saved(run: &Run) -> Vec<(String, String, Vec<u8>)> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let saved = save(run, 7, &folder.path().join("new")).expect("the folder can be written");
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        saved
            .into_iter()
            .map(|(ranks, path)| (ranks.to_string(), name(&path), fs::read(&path).expect("it was written")))
            .collect()
    }

    #[test]
    fn an_identical_picture_is_saved_once_for_all_engines_that_showed_it() {
        let (one, other) = (("image/png", "b25l\n"), ("image/png", "b3RoZXI="));
        let found = saved(&shown(&[&[one], &[one, other], &[one]]));
        let expected = [
            ("[0-2]".to_owned(), "cell-7-1.png".to_owned(), b"one".to_vec()),
            ("[1]".to_owned(), "cell-7-2.png".to_owned(), b"other".to_vec()),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn each_kind_of_picture_has_its_extension() {
        let kinds = [("image/jpeg", "anBn"), ("image/svg+xml", "<svg/>"), ("text/plain", "no picture")];
        let names: Vec<String> = saved(&shown(&[&kinds])).into_iter().map(|(_, name, _)| name).collect();
        assert_eq!(names, ["cell-7-1.jpg", "cell-7-2.svg"]);
    }

    #[test]
    fn without_a_picture_no_folder_is_made() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let new = folder.path().join("new");
        let broken = shown(&[&[("image/png", "not base64!"), ("text/plain", "text")]]);
        assert!(save(&broken, 1, &new).expect("nothing is written").is_empty());
        assert!(!new.exists());
    }
}
