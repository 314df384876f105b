//! Decides whether two images are the same. Line breaks in base64 do not count, nor does what matplotlib makes up anew in
//! each SVG.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use regex::{Captures, Regex};

/// The MIME type of images that are text.
pub(crate) const SVG: &str = "image/svg+xml";

/// Whether data of this MIME type is an image.
pub(crate) fn is_picture(mime: &str) -> bool {
    mime.starts_with("image/")
}

/// The data of an image, in a form that is equal for equal images.
pub(crate) fn same<'a>(mime: &str, data: &'a str) -> Cow<'a, str> {
    match mime {
        SVG => plain_svg(data.trim_ascii()),
        _ => without_line_breaks(data),
    }
}

/// Base64 in one line.
pub(crate) fn without_line_breaks(data: &str) -> Cow<'_, str> {
    let data = data.trim_ascii();
    match data.bytes().any(|byte| byte.is_ascii_whitespace()) {
        false => Cow::Borrowed(data),
        true => Cow::Owned(data.split_ascii_whitespace().collect()),
    }
}

/// What matplotlib writes that says nothing: the time, and names with ten random hexadecimal digits, which are numbered here.
static MADE_UP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r##"<dc:date>[^<]*|(?P<before>id="|href="#|url\(#)(?P<name>\w*?[0-9a-f]{10})\b"##)
        .expect("it is constant, and tested")
});

fn plain_svg(svg: &str) -> Cow<'_, str> {
    let mut names: HashMap<&str, usize> = HashMap::new();
    MADE_UP.replace_all(svg, |found: &Captures<'_>| match (found.name("before"), found.name("name")) {
        (Some(before), Some(name)) => {
            let next = names.len();
            // Names are parts of the text, which outlives the match.
            let number = *names.entry(&svg[name.range()]).or_insert(next);
            format!("{}{number}", before.as_str())
        }
        _ => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matplotlib_makes_up_anew_does_not_tell_svgs_apart() {
        let plot = |time: &str, a: &str, b: &str| {
            format!(
                "<svg><dc:date>{time}</dc:date><path id=\"{a}\"/><use xlink:href=\"#{a}\"/><g clip-path=\"url(#{b})\" \
                 id=\"figure_1\"/><clipPath id=\"{b}\"/></svg>\n"
            )
        };
        let one = plot("2026-11-23T01:06:52", "m0123456789", "pabcdef0123");
        let same_one = plot("2026-11-23T01:07:00", "mfedcba9876", "p00000000ff");
        let other = plot("2026-11-23T01:06:52", "m0123456789", "m0123456789");
        assert_eq!(same(SVG, &one), same(SVG, &same_one));
        assert_ne!(same(SVG, &one), same(SVG, &other));
        assert_ne!(same(SVG, "<svg id=\"a\"/>"), same(SVG, "<svg id=\"b\"/>"));
    }

    #[test]
    fn line_breaks_do_not_tell_base64_apart() {
        assert_eq!(same("image/png", "AAAA\nBBBB\n"), "AAAABBBB");
        assert!(matches!(same("image/png", "AAAABBBB\n"), Cow::Borrowed("AAAABBBB")));
    }
}
