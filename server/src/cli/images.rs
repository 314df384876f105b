//! `--images DIR`: saves the pictures that engines displayed, identical ones once, and a contact sheet.

use std::{fs, io, path::Path};

use crate::{
    engines::RankSet,
    render::{self, Image, SheetLimits},
    run::Run,
};

/// The most pictures that are named in messages.
const MAX_LINES: usize = 12;

/// The most characters of a rank set in a file name.
const MAX_RANKS: usize = 48;

/// Saves the pictures of a run to `folder`, which is created if needed, and a contact sheet if there are several. Returns
/// lines that say what was saved where.
///
/// # Errors
/// If a file cannot be written.
pub(super) fn save(run: &Run, number: u32, title: &str, folder: &Path) -> io::Result<Vec<String>> {
    let images = render::images(run);
    let (mut lines, mut failed) = (Vec::new(), Vec::new());
    for (index, image) in images.iter().enumerate() {
        match &image.picture {
            Ok(picture) => {
                let ranks = ranks_in_file_name(&image.ranks);
                let extension = picture.kind.extension();
                let path = folder.join(format!("cell-{number}-{}-{ranks}.{extension}", index + 1));
                write(&path, &picture.decoded(), folder)?;
                lines.push(format!("picture of {}: {}", image.ranks, path.display()));
            }
            Err(why) => failed.push(not_saved(image, why)),
        }
    }
    let saved = lines.len();
    shorten(&mut lines, |more| format!("{more} more in {}", folder.display()));
    shorten(&mut failed, |more| format!("{more} more not saved"));
    lines.append(&mut failed);
    if saved > 1 {
        let sheet = render::contact_sheet(run, &images, title, SheetLimits::default());
        let path = folder.join(format!("cell-{number}-contact-sheet.svg"));
        write(&path, sheet.unwrap_or_default().as_bytes(), folder)?;
        lines.push(format!("contact sheet: {}", path.display()));
    }
    Ok(lines)
}

/// Keeps the first [`MAX_LINES`], and `more` for the rest.
fn shorten(lines: &mut Vec<String>, more: impl Fn(usize) -> String) {
    if lines.len() > MAX_LINES {
        let more = more(lines.len() - MAX_LINES);
        lines.truncate(MAX_LINES);
        lines.push(more);
    }
}

fn write(path: &Path, bytes: &[u8], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(path, bytes)
}

fn not_saved(image: &Image<'_>, why: &str) -> String {
    format!(
        "picture of {} not saved: {}: {why}",
        image.ranks,
        render::terminal_text(image.mime, false).replace('\n', " ")
    )
}

/// `engines-0-2,4`; of many ranges the first ones: `engines-0,2,4-and-7-more`.
fn ranks_in_file_name(ranks: &RankSet) -> String {
    let written = ranks.to_string();
    let written = written.trim_matches(['[', ']']);
    let (mut kept, mut engines) = (String::new(), 0);
    for range in written.split(',') {
        if kept.len() + range.len() > MAX_RANKS {
            break;
        }
        kept += if kept.is_empty() { "" } else { "," };
        kept += range;
        engines += range.parse::<RankSet>().map_or(0, |range| range.len());
    }
    let what = if ranks.len() == 1 { "engine" } else { "engines" };
    match ranks.len() - engines {
        0 => format!("{what}-{kept}"),
        more => format!("{what}-{kept}-and-{more}-more"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::{
        engines::EngineId,
        jupyter::content::MimeBundle,
        run::{Event, EventKind, RunId, RunRequest, Slot, Time},
    };

    /// A GIF of one pixel, and one of another colour.
    const ONE: &str = "R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=";
    const OTHER: &str = "R0lGODlhAQABAIAAAAUFBAAAACwAAAAAAQABAAACAkQBADs=";

    fn bundle(mime: &str, data: &str) -> MimeBundle {
        Arc::new(serde_json::Map::from_iter([(mime.to_owned(), json!(data))]))
    }

    /// A run on as many engines as there are lists of displays.
    fn shown(displays: &[Vec<(&str, &str)>]) -> Run {
        let engines = (0..displays.len()).map(|id| EngineId(u32::try_from(id).expect("few"))).collect();
        let request = RunRequest { code: "code".into(), engines, single: false };
        let mut run = Run::new(RunId(1), Arc::new(request), Time(0), true);
        for (slot, displays) in (0u32..).zip(displays) {
            for (mime, data) in displays {
                let kind = EventKind::Display { data: bundle(mime, data), display_id: None };
                run.apply(Event { slot: Slot(slot), at: Time(1), kind });
            }
        }
        run
    }

    /// The lines, without the folder, and the files in it.
    fn saved(run: &Run) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let new = folder.path().join("new");
        let lines = save(run, 7, "plot()", &new).expect("the folder can be written");
        let start = format!("{}{}", new.display(), std::path::MAIN_SEPARATOR);
        let lines = lines.iter().map(|line| line.replace(&start, "").replace(&*new.to_string_lossy(), "new"));
        let files = fs::read_dir(&new).into_iter().flatten();
        let mut files: Vec<String> =
            files.map(|file| file.expect("readable").file_name().to_string_lossy().into_owned()).collect();
        files.sort();
        (lines.collect(), files)
    }

    #[test]
    fn an_identical_picture_is_saved_once_for_all_engines_that_showed_it() {
        let (one, other) = (("image/gif", ONE), ("image/gif", OTHER));
        let (lines, files) = saved(&shown(&[vec![one], vec![one, other], vec![], vec![one]]));
        let expected = [
            "picture of [0-1,3]: cell-7-1-engines-0-1,3.gif",
            "picture of [1]: cell-7-2-engine-1.gif",
            "contact sheet: cell-7-contact-sheet.svg",
        ];
        assert_eq!(lines, expected);
        assert_eq!(
            files,
            ["cell-7-1-engines-0-1,3.gif", "cell-7-2-engine-1.gif", "cell-7-contact-sheet.svg"]
        );
    }

    #[test]
    fn one_picture_needs_no_contact_sheet() {
        let (lines, files) =
            saved(&shown(&[vec![("image/svg+xml", "<svg/>"), ("text/plain", "no picture")]]));
        assert_eq!(lines, ["picture of [0]: cell-7-1-engine-0.svg"]);
        assert_eq!(files, ["cell-7-1-engine-0.svg"]);
    }

    #[test]
    fn of_very_many_pictures_the_first_are_named() {
        let svgs: Vec<String> = (0..40).map(|n| format!("<svg id='{n}'/>")).collect();
        let displays: Vec<_> = svgs.iter().map(|svg| vec![("image/svg+xml", svg.as_str())]).collect();
        let (lines, files) = saved(&shown(&displays));
        assert_eq!((lines.len(), files.len()), (14, 41));
        assert_eq!(lines[12..], ["28 more in new", "contact sheet: cell-7-contact-sheet.svg"]);
    }

    #[test]
    fn a_picture_that_does_not_decode_is_reported_and_makes_no_file() {
        let (lines, files) = saved(&shown(&[vec![("image/png", "not base64!"), ("text/plain", "text")]]));
        assert_eq!(
            lines,
            ["picture of [0] not saved: image/png: its base64 is broken: Invalid symbol 33, offset 9."]
        );
        assert!(files.is_empty());
    }

    #[test]
    fn many_ranges_make_no_long_name() {
        let even: RankSet = (0..40).map(|n| EngineId(2 * n)).collect();
        assert_eq!(
            ranks_in_file_name(&even),
            "engines-0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34-and-22-more"
        );
    }
}
