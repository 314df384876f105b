//! The images of a run, as in the response to `px/result`.

use pxlens_protocol::{ResultImage, ResultParams, ResultResult};

use crate::{
    render::{self, Image, SheetLimits},
    run::Run,
};

/// The maximum size in bytes of the image data in one response.
const MOST: usize = 16_000_000;

/// Which images a client wants.
#[derive(Clone, Copy, Debug)]
pub(in crate::lsp) struct Wanted {
    images: bool,
    contact_sheet: bool,
}

impl Wanted {
    pub(in crate::lsp) fn of(params: &ResultParams) -> Self {
        Self { images: params.images == Some(true), contact_sheet: params.contact_sheet == Some(true) }
    }
}

/// Adds the requested images to a response. `title` is the title of the contact sheet.
pub(in crate::lsp) fn add(result: &mut ResultResult, run: &Run, wanted: Wanted, title: &str) {
    if !(wanted.images || wanted.contact_sheet) {
        return;
    }
    let images = render::images(run);
    if wanted.contact_sheet {
        result.contact_sheet = render::contact_sheet(run, &images, title, SheetLimits::default());
    }
    if wanted.images {
        result.images = within_room(images);
    }
}

/// All images of a run, as far as a response has room for them.
pub(in crate::lsp) fn all(run: &Run) -> Vec<ResultImage> {
    within_room(render::images(run))
}

fn within_room(images: Vec<Image<'_>>) -> Vec<ResultImage> {
    let mut room = MOST;
    images.into_iter().map(|image| result_image(image, &mut room)).collect()
}

fn result_image(image: Image<'_>, room: &mut usize) -> ResultImage {
    let mut result = ResultImage {
        ranks: image.ranks.to_string(),
        engines: image.ranks.iter().map(|engine| engine.0).collect(),
        ordinal: u32::try_from(image.ordinal).unwrap_or(u32::MAX),
        mime: render::terminal_text(image.mime, false),
        data: None,
        missing: None,
        bytes: image.bytes,
        width: None,
        height: None,
        alt: image.alt,
    };
    match image.picture {
        Err(why) => result.missing = Some(why),
        Ok(picture) => {
            result.mime = picture.kind.mime().to_owned();
            result.width = picture.size.map(|size| size.width);
            result.height = picture.size.map(|size| size.height);
            result.missing = picture.too_large();
            match room.checked_sub(picture.data.len()) {
                _ if result.missing.is_some() => {}
                None => {
                    result.missing =
                        Some(format!("the images of one response are limited to {} MB", MOST / 1_000_000))
                }
                Some(left) => {
                    *room = left;
                    result.data = Some(picture.data.into_owned());
                }
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pxlens_protocol::{CellState, RunId};
    use serde_json::{Map, json};

    use super::*;
    use crate::{
        engines::EngineId,
        run::{Event, EventKind, RunRequest, Slot, Time},
    };

    fn run_of(svgs: &[String]) -> Run {
        let engines = (0..).map(EngineId).take(svgs.len()).collect();
        let request = RunRequest { code: "plot()".into(), engines, single: false };
        let mut run = Run::new(crate::run::RunId(1), Arc::new(request), Time(0), true);
        for (slot, svg) in (0..).map(Slot).zip(svgs) {
            let data = Arc::new(Map::from_iter([("image/svg+xml".to_owned(), json!(svg))]));
            run.apply(Event { slot, at: Time(1), kind: EventKind::Display { data, display_id: None } });
        }
        run
    }

    fn answer(run: &Run, wanted: Wanted) -> ResultResult {
        let mut result = ResultResult {
            run: RunId(1),
            state: CellState::Succeeded,
            groups: vec![],
            text: String::new(),
            markdown: String::new(),
            images: vec![],
            contact_sheet: None,
        };
        add(&mut result, run, wanted, "a plot");
        result
    }

    #[test]
    fn a_response_has_images_only_if_they_were_requested() {
        let run = run_of(&["<svg/>".to_owned(), "<svg/>".to_owned()]);
        let plain = answer(&run, Wanted::of(&ResultParams::default()));
        assert!(plain.images.is_empty() && plain.contact_sheet.is_none());
        let wanted =
            ResultParams { images: Some(true), contact_sheet: Some(true), ..ResultParams::default() };
        let full = answer(&run, Wanted::of(&wanted));
        assert_eq!((full.images.len(), full.images[0].ranks.as_str()), (1, "[0-1]"));
        assert!(full.contact_sheet.is_some_and(|sheet| sheet.contains("a plot")));
    }

    #[test]
    fn images_without_room_in_the_response_are_listed_without_data() {
        let big = |c: &str| format!("<svg><!--{}--></svg>", c.repeat(9_000_000));
        let run = run_of(&[big("a"), big("b"), "<svg/>".to_owned()]);
        let images = answer(&run, Wanted { images: true, contact_sheet: false }).images;
        let with_data: Vec<bool> = images.iter().map(|image| image.data.is_some()).collect();
        assert_eq!(with_data, [true, false, true]);
        assert_eq!(images[1].missing.as_deref(), Some("the images of one response are limited to 16 MB"));
        assert_eq!(images[1].bytes, 9_000_018);
    }
}
