//! The images that a run shows: what stands on the screens of its engines at the end, identical ones once.
//!
//! Nothing is copied: an [`Image`] borrows the text that the engine sent, and decodes it when asked. What says that it is an
//! image and does not decode is listed as well, with why.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use base64::Engine as _;
use imagesize::ImageType;
use roxmltree::{Document, ParsingOptions};
use serde_json::Value;

use super::{
    pixel_size::{FORGIVING, PixelSize, size_of},
    screen::bundles,
    svg::{SVG_NAMESPACE, framed, only_draws},
    terminal_text, wording,
};
use crate::{
    engines::{EngineId, RankSet},
    jupyter::content::MimeBundle,
    run::{Run, Slot, pictures},
};

/// Kinds of images that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ImageKind {
    /// `image/png`
    Png,
    /// `image/jpeg`
    Jpeg,
    /// `image/webp`
    Webp,
    /// `image/gif`
    Gif,
    /// `image/svg+xml`: text, not base64.
    Svg,
}

impl ImageKind {
    /// Where a display comes in several kinds, the first of them that decodes is shown: those that look the same
    /// everywhere come first.
    const ALL: [Self; 5] = [Self::Png, Self::Jpeg, Self::Webp, Self::Gif, Self::Svg];

    /// Its MIME type.
    pub(crate) fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Svg => "image/svg+xml",
        }
    }

    /// How names of files of this kind end.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Svg => "svg",
        }
    }
}

/// An image that some engines show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Image<'a> {
    /// The engines that show it.
    pub ranks: RankSet,
    /// The first of all its places: 1 if it is the first image of some engine, 2 if it is nobody's first but somebody's
    /// second, and so on.
    pub ordinal: usize,
    /// Everywhere it stands: whose it is, and which of the images there, counted from 1.
    pub places: Vec<(Slot, usize)>,
    /// What the engine said it is.
    pub mime: &'a str,
    /// What there is to say instead of it: one line without control characters, `<Figure size 640x480 with 1 Axes>`. May be
    /// empty.
    pub alt: String,
    /// Its bytes, not those of its base64; of one that does not decode, those that came.
    pub bytes: usize,
    /// The picture, or why it does not decode: one line without control characters.
    pub picture: Result<Picture<'a>, String>,
}

/// An image that decodes, at least as far as its size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Picture<'a> {
    /// The kind that its first bytes show.
    pub kind: ImageKind,
    /// In pixels; unknown of an SVG that fits any.
    pub size: Option<PixelSize>,
    /// Base64 without line breaks; of an SVG its text, with the namespace that makes it an image where it lacked one, and in a
    /// frame where it may do more than draw.
    pub data: Cow<'a, str>,
}

impl<'a> Image<'a> {
    /// The picture, or why there is none to be drawn.
    pub(crate) fn drawable(&self) -> Result<&Picture<'a>, String> {
        let picture = self.picture.as_ref().map_err(String::clone)?;
        picture.too_large().map_or(Ok(picture), Err)
    }
}

/// How many pixels are drawn at most. A file of a few bytes may have more than a viewer has memory for.
const MOST_PIXELS: u64 = 100_000_000;

impl Picture<'_> {
    /// Why it should not be handed to a viewer without being asked for; `None` if it may be.
    pub(crate) fn too_large(&self) -> Option<String> {
        self.size.filter(|_| self.pixels() > MOST_PIXELS).map(|PixelSize { width, height }| {
            format!("it has {width} × {height} pixels, too many to be shown; export the run to get its file")
        })
    }

    /// How many pixels a viewer has to hold; none of an SVG, which is drawn in the size that is shown.
    pub(crate) fn pixels(&self) -> u64 {
        let pixels = |size: PixelSize| u64::from(size.width) * u64::from(size.height);
        self.size.filter(|_| self.kind != ImageKind::Svg).map_or(0, pixels)
    }

    /// The bytes of the image's file.
    pub(crate) fn decoded(&self) -> Vec<u8> {
        match self.kind {
            ImageKind::Svg => self.data.as_bytes().to_vec(),
            // It was decoded to get here.
            _ => FORGIVING.decode(self.data.as_ref()).unwrap_or_default(),
        }
    }
}

/// The images on the engines' screens: each engine's first, then each engine's second, ...; among those by rank.
pub(crate) fn images(run: &Run) -> Vec<Image<'_>> {
    let mut images: Vec<(BTreeSet<EngineId>, Image<'_>)> = Vec::new();
    // Any of its forms may be the one that decodes.
    let mut known: HashMap<Vec<(&str, Cow<'_, str>)>, usize> = HashMap::new();
    for (slot, part) in (0..).map(Slot).zip(run.parts()) {
        let shown = bundles(part).filter_map(|data| Some((data, candidates(data)?)));
        for (at, (data, candidates)) in (1..).zip(shown) {
            let forms = candidates.iter().map(|&(mime, value)| match value {
                Value::String(data) => (mime, pictures::same(mime, data)),
                other => (mime, Cow::Owned(other.to_string())),
            });
            let key = forms.collect();
            let index = *known.entry(key).or_insert_with(|| {
                images.push((BTreeSet::new(), read(data, &candidates)));
                images.len() - 1
            });
            let (engines, image) = &mut images[index];
            engines.insert(part.engine);
            image.ordinal = image.ordinal.min(at);
            image.places.push((slot, at));
        }
    }
    let finish = |(engines, image)| Image { ranks: RankSet::from_iter(engines), ..image };
    let mut images: Vec<Image<'_>> = images.into_iter().map(finish).collect();
    images.sort_by_key(|image| (image.ordinal, image.ranks.iter().next()));
    images
}

/// The forms of a display that are images, the best first. `None`: it is no image.
fn candidates(data: &MimeBundle) -> Option<Vec<(&str, &Value)>> {
    let place = |mime: &str| ImageKind::ALL.iter().position(|kind| kind.mime() == mime);
    let forms = data.iter().filter(|(mime, _)| mime.starts_with("image/"));
    let mut forms: Vec<_> = forms.map(|(mime, value)| (mime.as_str(), value)).collect();
    forms.sort_by_key(|(mime, _)| place(mime).unwrap_or(usize::MAX));
    (!forms.is_empty()).then_some(forms)
}

fn read<'a>(data: &'a MimeBundle, candidates: &[(&'a str, &'a Value)]) -> Image<'a> {
    let mut failed = None;
    let mut found = None;
    for &(mime, value) in candidates {
        match decode(mime, value) {
            Ok((picture, bytes)) => {
                found = Some((mime, bytes, Ok(picture)));
                break;
            }
            Err(why) => {
                let bytes = value.as_str().map_or(0, str::len);
                failed.get_or_insert((
                    mime,
                    bytes,
                    Err(terminal_text(&why, false).replace(['\n', '\t'], " ")),
                ));
            }
        }
    }
    let (mime, bytes, picture) = found.or(failed).expect("there is a candidate");
    let alt = data.get("text/plain").and_then(Value::as_str).unwrap_or_default();
    let alt = wording::cut(terminal_text(alt, false).trim().lines().next().unwrap_or_default(), 200);
    Image { ranks: RankSet::default(), ordinal: usize::MAX, places: Vec::new(), mime, alt, bytes, picture }
}

/// The picture, and how many bytes its file has.
fn decode<'a>(mime: &'a str, value: &'a Value) -> Result<(Picture<'a>, usize), String> {
    let Some(kind) = ImageKind::ALL.into_iter().find(|kind| kind.mime() == mime) else {
        return Err("pxlens cannot show this kind of image".to_owned());
    };
    let Value::String(data) = value else { return Err("its data is not text".to_owned()) };
    if kind == ImageKind::Svg {
        let data = data.trim_ascii();
        let bytes = data.len();
        let Svg { size, lacks_namespace, only_draws } = read_svg(data)?;
        let data = lacks_namespace.map_or(Cow::Borrowed(data), |at| {
            Cow::Owned(format!("{} xmlns=\"{SVG_NAMESPACE}\"{}", &data[..at], &data[at..]))
        });
        let data = if only_draws { data } else { Cow::Owned(framed(&data, size)) };
        return Ok((Picture { kind, size, data }, bytes));
    }
    let data = pictures::without_line_breaks(data);
    let decoded = FORGIVING.decode(data.as_ref()).map_err(|why| format!("its base64 is broken: {why}"))?;
    if decoded.is_empty() {
        return Err("it is empty".to_owned());
    }
    // What the first bytes say counts: every viewer goes by them.
    let kind = match imagesize::image_type(&decoded) {
        Ok(ImageType::Png) => ImageKind::Png,
        Ok(ImageType::Jpeg) => ImageKind::Jpeg,
        Ok(ImageType::Webp) => ImageKind::Webp,
        Ok(ImageType::Gif) => ImageKind::Gif,
        _ => return Err(format!("its first bytes are not those of {mime}")),
    };
    let size = Some(size_of(&decoded).ok_or("it ends before its size")?);
    Ok((Picture { kind, size, data }, decoded.len()))
}

/// Most nodes of an SVG that is read: some hundred megabytes.
const NODES: u32 = 2_000_000;

struct Svg {
    /// What it asks for, if it does.
    size: Option<PixelSize>,
    /// Where its namespace should stand, if it has none: in a page it goes without.
    lacks_namespace: Option<usize>,
    /// Whether it does nothing but draw.
    only_draws: bool,
}

fn read_svg(text: &str) -> Result<Svg, String> {
    // A few bytes of entities can stand for gigabytes.
    if text.contains("<!ENTITY") {
        return Err("its XML declares entities, which pxlens does not read".to_owned());
    }
    // matplotlib writes a document type.
    let options = ParsingOptions { allow_dtd: true, nodes_limit: NODES, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(text, options).map_err(|why| format!("its XML is broken: {why}"))?;
    let root = document.root_element();
    if root.tag_name().name() != "svg" {
        return Err("its XML is no SVG".to_owned());
    }
    let side = |name| root.attribute(name).and_then(pixels);
    let boxed = root.attribute("viewBox").and_then(view_box);
    // As CSS does: a side that is missing follows from the other and the box.
    let size = match (side("width"), side("height"), boxed) {
        (Some(width), Some(height), _) => Some((width, height)),
        (Some(width), None, Some((w, h))) => Some((width, width * h / w)),
        (None, Some(height), Some((w, h))) => Some((height * w / h, height)),
        (None, None, boxed) => boxed,
        _ => None,
    };
    let whole = |n: f64| (0.5..1e6).contains(&n).then_some(n.round() as u32);
    let size =
        size.and_then(|(width, height)| Some(PixelSize { width: whole(width)?, height: whole(height)? }));
    let lacks_namespace = root.tag_name().namespace().is_none();
    Ok(Svg {
        size,
        lacks_namespace: lacks_namespace.then_some(root.range().start + "<svg".len()),
        only_draws: only_draws(text, &document),
    })
}

/// A length of CSS in pixels, 96 to the inch; `None` for one that depends on something else.
fn pixels(length: &str) -> Option<f64> {
    let length = length.trim();
    let unit_at = length.find(|c: char| c.is_ascii_alphabetic() && c != 'e').unwrap_or(length.len());
    let (number, unit) = length.split_at(unit_at);
    let scale = match unit {
        "" | "px" => 1.0,
        "pt" => 96.0 / 72.0,
        "pc" => 16.0,
        "in" => 96.0,
        "cm" => 96.0 / 2.54,
        "mm" => 96.0 / 25.4,
        _ => return None,
    };
    number.trim().parse::<f64>().ok().filter(|number| *number > 0.0).map(|number| number * scale)
}

fn view_box(value: &str) -> Option<(f64, f64)> {
    let numbers: Vec<f64> = value
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|piece| !piece.is_empty())
        .filter_map(|piece| piece.parse().ok())
        .collect();
    match numbers[..] {
        [_, _, width, height] if width > 0.0 && height > 0.0 => Some((width, height)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
