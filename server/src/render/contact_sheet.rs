//! A contact sheet: all images of a run on one SVG page, by rank, identical ones once.
//!
//! Each engine's first image, then each engine's second, and so on. Images are embedded as `data:` images, those that are SVG as
//! well, so that no script and no link of an engine's works; all text is escaped. Images that do not decode or do not
//! fit are listed.

use std::{collections::BTreeSet, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    images::{Image, ImageKind, Picture},
    pixel_size::PixelSize,
    terminal_text,
    wording::{count, cut, size},
};
use crate::{engines::RankSet, run::Run};

/// How much a sheet may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SheetLimits {
    /// Most images.
    pub images: usize,
    /// Most bytes of all images, as they are embedded.
    pub bytes: usize,
}

impl Default for SheetLimits {
    /// 200 images, 16 MB.
    fn default() -> Self {
        Self { images: 200, bytes: 16_000_000 }
    }
}

/// How wide a page is at most, and what is between and below its images, in pixels.
const WIDTH: usize = 1280;
const MARGIN: usize = 24;
const GAP: usize = 16;
const CAPTION: usize = 42;
/// Between the edge of a cell and its image.
const PADDING: usize = 6;

/// The colours are greys that follow the viewer's theme; images stand on white paper, as they expect.
const STYLE: &str = "\
.pxlens-page{fill:#f6f6f7}.pxlens-paper{fill:#fff;stroke:#d4d4d8}.pxlens-box{fill:none;stroke:#8e8e96;stroke-dasharray:4 3}\
.pxlens-text{fill:#6a6a73;font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif}\
.pxlens-title{fill:#26262b;font:600 17px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif}\
.pxlens-row{fill:#26262b;font:600 13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif}\
.pxlens-ranks{fill:#26262b;font:600 13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}\
.pxlens-warning{fill:#b4560f}\
@media(prefers-color-scheme:dark){.pxlens-page{fill:#1f1f23}.pxlens-paper{stroke:#3c3c43}.pxlens-text{fill:#a3a3ad}\
.pxlens-title,.pxlens-row,.pxlens-ranks{fill:#ececf0}.pxlens-warning{fill:#e39a5c}}";

/// The contact sheet of a run: an SVG document, or `None` where it shows no image. `images` are those of the run, `title` is
/// any text.
pub(crate) fn contact_sheet(
    run: &Run,
    images: &[Image<'_>],
    title: &str,
    limits: SheetLimits,
) -> Option<String> {
    if images.is_empty() {
        return None;
    }
    let (shown, left_out) = images.split_at(limits.images.min(images.len()));
    let rows: Vec<&[Image<'_>]> = shown.chunk_by(|a, b| a.ordinal == b.ordinal).collect();
    let grid = Grid::of(&rows);
    let mut page = Page { body: String::new(), y: MARGIN, grid, room: limits.bytes, no_room: Vec::new() };
    page.heading(run, images, title);
    for row in &rows {
        page.row(row, images.last().is_some_and(|last| last.ordinal > 1));
    }
    page.rest(left_out, limits);
    Some(page.finish())
}

/// Where the cells of the rows stand.
#[derive(Clone, Copy, Debug)]
struct Grid {
    columns: usize,
    width: usize,
    height: usize,
}

impl Grid {
    fn of(rows: &[&[Image<'_>]]) -> Self {
        let most = rows.iter().map(|row| row.len()).max().unwrap_or(1);
        // Several rows that fit are one below the other, so that they can be compared.
        let columns = match most {
            n @ (1..=3 | 5) => n,
            4 if rows.len() == 1 => 2,
            n @ (4 | 6..=8) if rows.len() > 1 => n,
            6 => 3,
            7..=12 => 4,
            13..=30 => 6,
            31..=80 => 8,
            _ => 10,
        };
        let width = ((WIDTH - 2 * MARGIN + GAP) / columns - GAP).min(480);
        // As high as the images are, by the median of their shapes.
        let sizes = rows.iter().flat_map(|row| row.iter()).filter_map(pixel_size);
        let mut shapes: Vec<u64> =
            sizes.map(|size| 1000 * u64::from(size.height) / u64::from(size.width)).collect();
        shapes.sort_unstable();
        let shape = shapes.get(shapes.len() / 2).map_or(750, |shape| (*shape).clamp(400, 1250));
        let height = (width - 2 * PADDING) * usize::try_from(shape).unwrap_or(750) / 1000 + 2 * PADDING;
        Self { columns, width, height }
    }

    fn page_width(self) -> usize {
        2 * MARGIN + self.columns * (self.width + GAP) - GAP
    }

    /// How many letters of this width in tenths of a pixel a cell is wide.
    fn letters(self, tenths: usize) -> usize {
        10 * self.width / tenths
    }
}

/// The page in the making.
struct Page {
    body: String,
    /// Where the next element goes.
    y: usize,
    grid: Grid,
    /// Bytes that images may still take.
    room: usize,
    /// Images that did not fit in.
    no_room: Vec<RankSet>,
}

impl Page {
    fn heading(&mut self, run: &Run, images: &[Image<'_>], title: &str) {
        // Narrow pages are made wider by their heading.
        let letters = self.grid.page_width().max(HEADING_WIDTH) / 9 - 5;
        self.line("pxlens-title", MARGIN, &cut(&terminal_text(title, false), letters), 20);
        let all: usize = images.iter().map(|image| image.places.len()).sum();
        let ranks: RankSet = images.iter().flat_map(|image| image.ranks.iter()).collect();
        let mut about = vec![format!("{} of {}", count(all, "image"), short_ranks(&ranks, 60))];
        match images.len() {
            1 if all > 1 => about.push("all the same".to_owned()),
            different if different < all => about.push(format!("{different} different")),
            _ => {}
        }
        let broken = images.iter().filter(|image| image.picture.is_err()).count();
        if broken > 0 {
            about.push(format!("{broken} broken"));
        }
        let none: RankSet = run.request.engines.iter().copied().filter(|id| !ranks.contains(*id)).collect();
        if !none.is_empty() {
            about.push(format!("none of {}", short_ranks(&none, 60)));
        }
        self.line("pxlens-text", MARGIN, &about.join(" · "), 22);
        self.y += 14;
    }

    /// All images that are the first of an engine, or the second, ...
    fn row(&mut self, row: &[Image<'_>], named: bool) {
        if named {
            let engines: RankSet = row.iter().flat_map(|image| image.ranks.iter()).collect();
            let ordinal = row.first().map_or(1, |image| image.ordinal);
            let name = format!("{} image of {}", ordinal_word(ordinal), short_ranks(&engines, 80));
            self.line("pxlens-row", MARGIN, &name, 18);
            self.y += 8;
        }
        for line in row.chunks(self.grid.columns) {
            for (column, image) in line.iter().enumerate() {
                self.cell(MARGIN + column * (self.grid.width + GAP), image);
            }
            self.y += self.grid.height + CAPTION + GAP;
        }
        self.y += if named { 8 } else { 0 };
    }

    fn cell(&mut self, x: usize, image: &Image<'_>) {
        let about = about(image);
        let whole = [image.ranks.to_string(), about.join(" · "), image.alt.clone()];
        let whole: Vec<String> =
            whole.iter().filter(|part| !part.is_empty()).map(|part| escaped(part)).collect();
        let _ = write!(self.body, "<g><title>{}</title>", whole.join("\n"));
        match image.drawable() {
            Ok(picture) => match self.embedded(picture) {
                Some(data) => self.picture(x, picture, &data),
                None => {
                    self.no_room.push(image.ranks.clone());
                    self.words(x, &format!("no room for {}", size(image.bytes)), false);
                }
            },
            Err(why) if image.picture.is_ok() => self.words(x, &why, false),
            Err(why) => self.words(x, &format!("broken {}: {why}", image.mime), true),
        }
        let y = self.y + self.grid.height;
        let ranks = short_ranks(&image.ranks, self.grid.letters(80));
        let _ = write!(
            self.body,
            "<text class=\"pxlens-ranks\" x=\"{x}\" y=\"{}\">{}</text>",
            y + 18,
            escaped(&ranks)
        );
        let mut caption = String::new();
        for part in about {
            let longer = if caption.is_empty() { part } else { format!("{caption} · {part}") };
            if longer.chars().count() <= self.grid.letters(62) {
                caption = longer;
            }
        }
        let _ = write!(
            self.body,
            "<text class=\"pxlens-text\" x=\"{x}\" y=\"{}\">{}</text></g>",
            y + 34,
            escaped(&caption)
        );
        self.body.push('\n');
    }

    /// The image as an address that holds all of it, if there is room.
    fn embedded(&mut self, picture: &Picture<'_>) -> Option<String> {
        let length = match picture.kind {
            ImageKind::Svg => picture.data.len().div_ceil(3) * 4,
            _ => picture.data.len(),
        };
        self.room = self.room.checked_sub(length)?;
        let mut address = format!("data:{};base64,", picture.kind.mime());
        match picture.kind {
            ImageKind::Svg => STANDARD.encode_string(picture.data.as_bytes(), &mut address),
            _ => address.push_str(&picture.data),
        }
        Some(address)
    }

    fn picture(&mut self, x: usize, picture: &Picture<'_>, address: &str) {
        let Grid { width, height, .. } = self.grid;
        let (y, inner_width, inner_height) = (self.y, width - 2 * PADDING, height - 2 * PADDING);
        // Pixels of tiny images stay squares.
        let is_tiny = |size: PixelSize| {
            2 * size.width as usize <= inner_width && 2 * size.height as usize <= inner_height
        };
        let tiny = picture.kind != ImageKind::Svg && picture.size.is_some_and(is_tiny);
        let rendering = if tiny { " style=\"image-rendering:pixelated\"" } else { "" };
        let _ = write!(
            self.body,
            "<rect class=\"pxlens-paper\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>\
             <image x=\"{}\" y=\"{}\" width=\"{inner_width}\" height=\"{inner_height}\"{rendering} href=\"{address}\"/>",
            x + PADDING,
            y + PADDING,
        );
    }

    /// A cell that holds words instead of an image.
    fn words(&mut self, x: usize, words: &str, is_bad: bool) {
        let Grid { width, height, .. } = self.grid;
        let _ = write!(
            self.body,
            "<rect class=\"pxlens-box\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>",
            self.y
        );
        let lines = wrapped(
            words,
            self.grid.letters(62).saturating_sub(4).max(6),
            (height / 16).saturating_sub(1).max(1),
        );
        let class = if is_bad { "pxlens-text pxlens-warning" } else { "pxlens-text" };
        let mut y = self.y + (height - 16 * lines.len().min(height / 16)) / 2 + 12;
        for line in lines {
            let _ = write!(
                self.body,
                "<text class=\"{class}\" x=\"{}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
                x + width / 2,
                escaped(&line)
            );
            y += 16;
        }
    }

    /// Says what is not on the page.
    fn rest(&mut self, left_out: &[Image<'_>], limits: SheetLimits) {
        let of = |ranks: RankSet| short_ranks(&ranks, 80);
        if !left_out.is_empty() {
            let ranks = of(left_out.iter().flat_map(|image| image.ranks.iter()).collect());
            let bytes = size(left_out.iter().map(|image| image.bytes).sum());
            let (more, most) = (count(left_out.len(), "more image"), count(limits.images, "image"));
            self.line(
                "pxlens-text",
                MARGIN,
                &format!("{more} ({bytes}) of {ranks} left out: a sheet holds {most}."),
                18,
            );
        }
        if !self.no_room.is_empty() {
            let ranks = of(self.no_room.iter().flat_map(RankSet::iter).collect());
            let (images, most) = (count(self.no_room.len(), "image"), size(limits.bytes));
            self.line(
                "pxlens-text",
                MARGIN,
                &format!("No room for {images} of {ranks}: a sheet holds {most}."),
                18,
            );
        }
    }

    fn line(&mut self, class: &str, x: usize, text: &str, height: usize) {
        let y = self.y + height * 3 / 4;
        let _ = writeln!(self.body, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(text));
        self.y += height;
    }

    fn finish(self) -> String {
        let (width, height) = (self.grid.page_width().max(HEADING_WIDTH), self.y + MARGIN / 2);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             style=\"color-scheme:light dark\">\n<style>{STYLE}</style>\n\
             <rect class=\"pxlens-page\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            self.body
        )
    }
}

/// Room for the words above the images.
const HEADING_WIDTH: usize = 520;

fn pixel_size(image: &Image<'_>) -> Option<PixelSize> {
    image.picture.as_ref().ok()?.size
}

/// What there is to say about an image, the most important first.
fn about(image: &Image<'_>) -> Vec<String> {
    let mut about = Vec::new();
    if image.ranks.len() > 1 {
        about.push(count(image.ranks.len(), "engine"));
    }
    // Its other places, of the same engines or of others.
    let others: BTreeSet<usize> =
        image.places.iter().map(|(_, at)| *at).filter(|at| *at != image.ordinal).collect();
    if let Some(first) = others.first() {
        let more = if others.len() > 1 { ", …" } else { "" };
        about.push(format!("also {}{more}", ordinal_word(*first)));
    }
    if let Some(size) = pixel_size(image) {
        about.push(format!("{} × {}", size.width, size.height));
    }
    if let Ok(picture) = &image.picture
        && picture.kind != ImageKind::Png
    {
        about.push(format!("{:?}", picture.kind).to_uppercase());
    }
    about.push(size(image.bytes));
    about
}

/// A rank set of at most so many letters, cut between its ranges.
fn short_ranks(ranks: &RankSet, most: usize) -> String {
    let whole = ranks.to_string();
    if whole.len() <= most {
        return whole;
    }
    let end = whole[..most.saturating_sub(2).max(1)].rfind(',').unwrap_or(0);
    match &whole[..end] {
        "" => count(ranks.len(), "engine"),
        start => format!("{start},…]"),
    }
}

/// `1st`, `2nd`, `3rd`, `11th`.
fn ordinal_word(n: usize) -> String {
    let end = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{end}")
}

/// Text in lines of at most so many letters, at blanks where there are some; what is too much ends in `…`.
fn wrapped(text: &str, letters: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + word.len() > letters {
            lines.push(std::mem::take(&mut line));
            length = 0;
        } else if length > 0 {
            line.push(' ');
            length += 1;
        }
        while word.len() > letters {
            lines.push(word.drain(..letters).collect());
        }
        length += word.len();
        line.extend(word);
    }
    lines.push(line);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last} …"), letters);
        }
    }
    lines
}

/// Text for XML: no markup, and no character that XML or a reader could stumble over.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' => escaped.push('\n'),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
