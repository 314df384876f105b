//! How large an image is, from its first bytes.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

/// Width and height in pixels; those that an SVG asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PixelSize {
    /// How wide it is.
    pub width: u32,
    /// How high it is.
    pub height: u32,
}

/// Base64 as Python reads it: padding may be missing, and what is left of the last byte does not count.
pub(super) const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn size_of(decoded: &[u8]) -> Option<PixelSize> {
    let size = imagesize::blob_size(decoded).ok()?;
    let pixels = |n: usize| u32::try_from(n).ok().filter(|n| *n > 0);
    Some(PixelSize { width: pixels(size.width)?, height: pixels(size.height)? })
}

/// The size of an image in base64, from its beginning, where all formats but JPEG hold it.
pub(super) fn pixel_size(data: &str) -> Option<PixelSize> {
    [64, 32_768].into_iter().find_map(|most| {
        let head = data.bytes().filter(|byte| !byte.is_ascii_whitespace()).take(most);
        size_of(&FORGIVING.decode(head.collect::<Vec<_>>()).ok()?)
    })
}
