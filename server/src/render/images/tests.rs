//! Real images of a few pixels, and what engines may send instead.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    render::sample::{BLUE, GIF, RED, SVG, Sample, bundle},
    run::EventKind,
};

const WEBP: &str = "UklGRh4AAABXRUJQVlA4TBEAAAAvA4AAAAdQvFIUpf+BiOh/AAA=";
/// The header of a baseline JPEG of 4 × 3, and its end.
const JPEG: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/wAALCAADAAQBAREA/9k=";

const FIGURE: (&str, &str) = ("text/plain", "<Figure size 3x2 with 1 Axes>");

/// Each image in a line.
fn listed(run: &Run) -> String {
    let line = |image: &Image<'_>| {
        let size = |size: PixelSize| format!(" {} × {}", size.width, size.height);
        let what = match &image.picture {
            Ok(picture) => format!("{:?}{}", picture.kind, picture.size.map(size).unwrap_or_default()),
            Err(why) => format!("broken: {why}"),
        };
        let Image { ranks, ordinal, mime, bytes, alt, .. } = image;
        let places: Vec<String> = image.places.iter().map(|(slot, at)| format!("{}:{at}", slot.0)).collect();
        format!("{ordinal} {ranks} at {} · {mime} · {what} · {bytes} B · {alt}\n", places.join(" "))
    };
    images(run).iter().map(line).collect()
}

fn check(sample: Sample, expected: Expect) {
    expected.assert_eq(&listed(&sample.run()));
}

fn one(mime: &str, data: &str) -> String {
    let run = Sample::new(1).display(0, &[(mime, data)]).run();
    match &images(&run)[0].picture {
        Ok(Picture { size: Some(size), .. }) => format!("{} × {}", size.width, size.height),
        Ok(_) => "any size".to_owned(),
        Err(why) => why.clone(),
    }
}

#[test]
fn an_image_that_is_identical_is_one_with_all_its_engines() {
    let red = [("image/png", RED), FIGURE];
    check(
        Sample::of(&[4, 1, 0, 9])
            .display(0, &red)
            .display(1, &[("image/png", BLUE)])
            .display(2, &red)
            .display(3, &red),
        expect![[r#"
            1 [0,4,9] at 0:1 2:1 3:1 · image/png · Png 3 × 2 · 73 B · <Figure size 3x2 with 1 Axes>
            1 [1] at 1:1 · image/png · Png 3 × 2 · 73 B · 
        "#]],
    );
}

/// What a browser would run if the file were opened in it.
#[test]
fn an_svg_with_a_script_is_shown_and_written_as_an_image_within_another() {
    let active = "<svg width='2' height='1'><script>alert(1)</script></svg>";
    let run = Sample::new(1).display(0, &[("image/svg+xml", active)]).run();
    let picture = images(&run).remove(0).picture.expect("it is an SVG");
    assert_eq!((picture.kind, picture.size), (ImageKind::Svg, Some(PixelSize { width: 2, height: 1 })));
    let file = String::from_utf8(picture.decoded()).expect("an SVG is text");
    let whole = active.replace("<svg", &format!("<svg xmlns=\"{SVG_NAMESPACE}\""));
    let inside = base64::prelude::BASE64_STANDARD.encode(whole);
    let address = format!("data:image/svg+xml;base64,{inside}");
    assert!(!file.contains("script") && file.contains(&address), "{file}");
    let frame = Document::parse(&file).expect("it is XML");
    assert_eq!(frame.root_element().attribute("width"), Some("2"));
    // One that only draws is the engine's own.
    let run = Sample::new(1).display(0, &[("image/svg+xml", SVG)]).run();
    assert_eq!(images(&run).remove(0).picture.expect("it is an SVG").data, SVG);
}

#[test]
fn an_svg_of_very_many_levels_overflows_no_stack() {
    let deep = format!("<svg>{}{}</svg>", "<g>".repeat(200_000), "</g>".repeat(200_000));
    let _ = one("image/svg+xml", &deep);
}

/// A PNG header that declares this size, and nothing after it.
fn png_of(width: u32, height: u32) -> String {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

#[test]
fn an_image_that_declares_more_pixels_than_a_viewer_can_hold_is_listed_and_not_shown() {
    let huge = png_of(100_000, 100_000);
    let run = Sample::new(1).display(0, &[("image/png", &huge)]).run();
    let found = images(&run);
    let why = found[0].drawable().expect_err("it is too large");
    assert_eq!(why, "it has 100000 × 100000 pixels, too many to be shown; export the run to get its file");
    assert!(found[0].picture.is_ok(), "its file can be had");
    let run = Sample::new(1).display(0, &[("image/png", &png_of(4000, 3000))]).run();
    assert!(images(&run)[0].drawable().is_ok());
}

#[test]
fn line_breaks_and_padding_of_base64_make_no_difference() {
    let broken = format!("{}\n{}\r\n", &RED[..60], &RED[60..]);
    let without_padding = RED.trim_end_matches('=');
    let sample = Sample::new(2).display(0, &[("image/png", RED)]).display(1, &[("image/png", &broken)]);
    let run = sample.run();
    let found = images(&run);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].ranks.to_string(), "[0-1]");
    assert_eq!(one("image/png", without_padding), "3 × 2");
    let run = Sample::new(1).display(0, &[("image/png", &broken)]).run();
    let picture = images(&run).remove(0).picture.expect("it decodes");
    assert_eq!(picture.data, RED);
    assert!(picture.decoded().starts_with(b"\x89PNG"));
}

#[test]
fn images_come_by_their_place_among_each_engines_images() {
    let (red, blue) = ([("image/png", RED)], [("image/png", BLUE)]);
    check(
        Sample::new(3)
            .display(0, &red)
            .display(0, &[("image/gif", GIF)])
            .display(0, &red)
            .display(1, &blue)
            .display(1, &red)
            .stdout(2, "no image\n")
            .result(2, "1"),
        expect![[r#"
            1 [0-1] at 0:1 0:3 1:2 · image/png · Png 3 × 2 · 73 B · 
            1 [1] at 1:1 · image/png · Png 3 × 2 · 73 B · 
            2 [0] at 0:2 · image/gif · Gif 4 × 3 · 47 B · 
        "#]],
    );
}

#[test]
fn only_what_is_on_the_screen_at_the_end_counts() {
    let named = |png: &str, id: &str| (bundle(&[("image/png", png)]), Some(id.to_owned()));
    let display = |sample: Sample, png, id| {
        let (data, display_id) = named(png, id);
        sample.event(0, EventKind::Display { data, display_id })
    };
    let update = |sample: Sample, png, id| {
        let (data, display_id) = named(png, id);
        sample.event(0, EventKind::UpdateDisplay { data, display_id })
    };
    let sample = display(Sample::new(1), GIF, "a").clear(0, false);
    let sample = update(display(sample, RED, "b"), BLUE, "b");
    let run = update(sample, GIF, "of an earlier run").run();
    let shown: Vec<_> = images(&run).into_iter().map(|image| image.picture.expect("good").data).collect();
    assert_eq!(shown, [BLUE, GIF]);
}

#[test]
fn of_several_forms_of_a_display_the_first_that_decodes_is_shown() {
    check(
        Sample::new(2)
            .display(0, &[("image/svg+xml", SVG), ("image/png", RED)])
            .display(1, &[("image/svg+xml", SVG), ("image/png", "no base64!")]),
        expect![[r#"
            1 [0] at 0:1 · image/png · Png 3 × 2 · 73 B · 
            1 [1] at 1:1 · image/svg+xml · Svg 96 × 48 · 98 B · 
        "#]],
    );
}

#[test]
fn what_does_not_decode_is_listed_with_why() {
    let png = "iVBORw0KGgoAAAANSUhEUg==";
    let text = ("text/plain", "a \u{1b}[31mred\u{1b}[0m one\nin lines");
    check(
        Sample::new(3)
            .display(0, &[("image/png", "no base64!"), text])
            .display(0, &[("image/png", "dGV4dA==")])
            .display(0, &[("image/png", png)])
            .display(1, &[("image/png", "")])
            .display(1, &[("image/tiff", "SUkqAA==")])
            .display(1, &[("image/svg+xml", "<svg>\u{1b}<")])
            .display(2, &[("image/svg+xml", "<html/>")])
            .event(
                2,
                EventKind::Result {
                    data: std::sync::Arc::new(serde_json::Map::from_iter([(
                        "image/jpeg".to_owned(),
                        json!([1]),
                    )])),
                    execution_count: 1,
                },
            ),
        expect![[r#"
            1 [0] at 0:1 · image/png · broken: its base64 is broken: Invalid symbol 33, offset 8. · 10 B · a red one
            1 [1] at 1:1 · image/png · broken: it is empty · 0 B · 
            1 [2] at 2:1 · image/svg+xml · broken: its XML is no SVG · 7 B · 
            2 [0] at 0:2 · image/png · broken: its first bytes are not those of image/png · 8 B · 
            2 [1] at 1:2 · image/tiff · broken: pxlens cannot show this kind of image · 8 B · 
            2 [2] at 2:2 · image/jpeg · broken: its data is not text · 0 B · 
            3 [0] at 0:3 · image/png · broken: it ends before its size · 24 B · 
            3 [1] at 1:3 · image/svg+xml · broken: its XML is broken: a non-XML character '\u{1b}' found at 1:6 · 7 B · 
        "#]],
    );
}

#[test]
fn each_kind_tells_its_size() {
    for (mime, data, size) in
        [("image/jpeg", JPEG, "4 × 3"), ("image/webp", WEBP, "4 × 3"), ("image/gif", GIF, "4 × 3")]
    {
        assert_eq!(one(mime, data), size, "{mime}");
    }
    let run = Sample::new(1).display(0, &[("image/png", JPEG)]).run();
    let kind = images(&run)[0].picture.as_ref().expect("good").kind;
    assert_eq!(kind, ImageKind::Jpeg, "the bytes say what it is");
}

#[test]
fn an_svg_has_the_size_that_css_gives_it() {
    for (attributes, size) in [
        ("width='640' height='480.4px'", "640 × 480"),
        ("width='1in' height='2.54cm'", "96 × 96"),
        ("width='6e2' height='1mm'", "600 × 4"),
        ("height='50' viewBox='0,0 30 10'", "150 × 50"),
        ("width='100%' height='100%' viewBox=' 0 0  30 10 '", "30 × 10"),
        ("width='100%'", "any size"),
        ("width='-3' height='1e9'", "any size"),
        ("width='1e7' height='1'", "any size"),
        ("viewBox='0 0 0 nan'", "any size"),
    ] {
        assert_eq!(one("image/svg+xml", &format!("<svg {attributes}/>")), size, "{attributes}");
    }
    let typed = "<?xml version='1.0'?>\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'a.dtd'>\n<svg width='2' height='1'/>";
    assert_eq!(one("image/svg+xml", typed), "2 × 1");
}

#[test]
fn an_svg_without_its_namespace_gets_it() {
    let run = Sample::new(1).display(0, &[("image/svg+xml", "<!-- a plot --><svg/>")]).run();
    let picture = images(&run).remove(0).picture.expect("good");
    assert_eq!(picture.data, "<!-- a plot --><svg xmlns=\"http://www.w3.org/2000/svg\"/>");
}

#[test]
fn an_svg_made_to_exhaust_its_reader_is_broken_or_read() {
    let nested = "<g>".repeat(200_000) + &"</g>".repeat(200_000);
    one("image/svg+xml", &format!("<svg>{nested}</svg>"));
    let laughs: String =
        (1..12).map(|n| format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(10))).collect();
    let bomb = format!("<!DOCTYPE svg [<!ENTITY a0 'ha'>{laughs}]><svg>&a11;</svg>");
    assert!(one("image/svg+xml", &bomb).starts_with("its XML declares entities"));
}

#[test]
fn an_svg_that_grows_while_it_is_read_is_refused() {
    let bomb = format!(
        "<!DOCTYPE svg [<!ENTITY a \"{}\">]><svg xmlns=\"http://www.w3.org/2000/svg\"><text>{}</text></svg>",
        "x".repeat(10_000),
        "&a;".repeat(100)
    );
    let run = Sample::new(1).display(0, &[("image/svg+xml", &bomb)]).run();
    let why = images(&run).remove(0).picture.err();
    assert_eq!(why.as_deref(), Some("its XML declares entities, which pxlens does not read"));
}

#[test]
fn images_that_differ_in_the_form_that_is_shown_are_two() {
    let svg = |width: u32| format!("<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='1'/>");
    let run = (0..3).fold(Sample::new(3), |run, slot| {
        run.display(slot, &[("image/png", "AAAA"), ("image/svg+xml", &svg(slot.max(1)))])
    });
    let run = run.run();
    let found: Vec<String> = images(&run).iter().map(|image| image.ranks.to_string()).collect();
    assert_eq!(found, ["[0-1]", "[2]"]);
}

proptest! {
    #[test]
    fn any_data_is_an_image_or_broken(
        head in prop::sample::select(vec![&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff", b"GIF8", b"RIFF\0\0\0\0WEBPVP8", b""]),
        rest in prop::collection::vec(any::<u8>(), 0..60),
        svg in "<?svg.{0,40}",
    ) {
        let data = FORGIVING.encode([head, &rest].concat());
        let run = Sample::new(1).display(0, &[("image/png", &data)]).display(0, &[("image/svg+xml", &svg)]).run();
        let found = images(&run);
        prop_assert_eq!(found.len(), 2);
        for image in &found {
            if let Err(why) = &image.picture {
                prop_assert!(!why.contains(char::is_control), "{why:?}");
            }
        }
    }
}
