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
