//! Sheets of few and of many images, and of what engines may send to break one.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use roxmltree::{Document, Node};

use super::*;
use crate::render::{
    images::images,
    sample::{GIF, RED, SVG, Sample},
};

fn sheet(sample: Sample, title: &str, limits: SheetLimits) -> String {
    let run = sample.run();
    contact_sheet(&run, &images(&run), title, limits).expect("there are images")
}

/// What one sees on a sheet: each text, box and image with its place.
fn seen(sheet: &str) -> String {
    let document = Document::parse(sheet).expect("a sheet is well-formed");
    let number = |node: Node<'_, '_>, name| node.attribute(name).unwrap_or("0").to_owned();
    let mut seen = String::new();
    for node in document.descendants().filter(Node::is_element) {
        let at = format!("{},{}", number(node, "x"), number(node, "y"));
        let size = format!("{}x{}", number(node, "width"), number(node, "height"));
        match node.tag_name().name() {
            "svg" => seen += &format!("page {size}\n"),
            "text" => seen += &format!("  {at} {}\n", node.text().unwrap_or_default()),
            "title" => seen += &format!("cell {:?}\n", node.text().unwrap_or_default()),
            "image" => {
                let href = node.attribute("href").unwrap_or_default();
                seen += &format!("  {at} image {size} {}…\n", &href[..href.len().min(30)]);
            }
            "rect" if node.attribute("class") == Some("pxlens-box") => {
                seen += &format!("  {at} box {size}\n")
            }
            _ => {}
        }
    }
    seen
}

fn check(sample: Sample, limits: SheetLimits, expected: Expect) {
    expected.assert_eq(&seen(&sheet(sample, "tour.py line 3 · %%px", limits)));
}

fn many(engines: u32) -> Sample {
    (0..engines).fold(Sample::new(engines), |sample, slot| {
        sample.display(slot, &[("image/svg+xml", &format!("<svg width='40' height='30' id='e{slot}'/>"))])
    })
}

#[test]
fn a_sheet_shows_each_image_once_with_its_engines_and_what_is_broken() {
    check(
        Sample::new(6)
            .display(0, &[("image/png", RED), ("text/plain", "<Figure size 3x2 with 1 Axes>")])
            .display(1, &[("image/png", RED)])
            .display(2, &[("image/png", "no base64")])
            .display(3, &[("image/gif", GIF)])
            .display(3, &[("image/png", RED)])
            .display(3, &[("image/svg+xml", SVG)])
            .stdout(4, "no image"),
        SheetLimits::default(),
        expect![[r#"
            page 1280x816
              24,39 tour.py line 3 · %%px
              24,60 6 images of [0-3] · 4 different · 1 broken · none of [4-5]
              24,93 1st image of [0-3]
            cell "[0-1,3]\n3 engines · also 2nd · 3 × 2 · 73 B\n<Figure size 3x2 with 1 Axes>"
              30,112 image 388x258 data:image/png;base64,iVBORw0K…
              24,394 [0-1,3]
              24,410 3 engines · also 2nd · 3 × 2 · 73 B
            cell "[2]\n9 B"
              440,106 box 400x270
              640,245 broken image/png: its first bytes are not those of image/png
              440,394 [2]
              440,410 9 B
            cell "[3]\n4 × 3 · GIF · 47 B"
              862,112 image 388x258 data:image/gif;base64,R0lGODdh…
              856,394 [3]
              856,410 4 × 3 · GIF · 47 B
              24,455 3rd image of [3]
            cell "[3]\n96 × 48 · SVG · 98 B"
              30,474 image 388x258 data:image/svg+xml;base64,PHN2…
              24,756 [3]
              24,772 96 × 48 · SVG · 98 B
        "#]],
    );
}

#[test]
fn what_there_is_no_room_for_is_said() {
    let big = format!("<svg><!--{}--></svg>", "x".repeat(3000));
    check(
        many(4).display(1, &[("image/svg+xml", &big)]).display(3, &[("image/svg+xml", SVG)]),
        SheetLimits { images: 5, bytes: 2500 },
        expect![[r#"
            page 1280x762
              24,39 tour.py line 3 · %%px
              24,60 6 images of [0-3]
              24,93 1st image of [0-3]
            cell "[0]\n40 × 30 · SVG · 37 B"
              30,112 image 284x213 data:image/svg+xml;base64,PHN2…
              24,349 [0]
              24,365 40 × 30 · SVG · 37 B
            cell "[1]\n40 × 30 · SVG · 37 B"
              342,112 image 284x213 data:image/svg+xml;base64,PHN2…
              336,349 [1]
              336,365 40 × 30 · SVG · 37 B
            cell "[2]\n40 × 30 · SVG · 37 B"
              654,112 image 284x213 data:image/svg+xml;base64,PHN2…
              648,349 [2]
              648,365 40 × 30 · SVG · 37 B
            cell "[3]\n40 × 30 · SVG · 37 B"
              966,112 image 284x213 data:image/svg+xml;base64,PHN2…
              960,349 [3]
              960,365 40 × 30 · SVG · 37 B
              24,410 2nd image of [1]
            cell "[1]\nSVG · 3.0 kB"
              24,423 box 296x225
              172,539 no room for 3.0 kB
              24,666 [1]
              24,682 SVG · 3.0 kB
              24,727 1 more image (98 B) of [3] left out: a sheet holds 5 images.
              24,745 No room for 1 image of [1]: a sheet holds 2.5 kB.
        "#]],
    );
    let several = SheetLimits { images: 2, bytes: 2500 };
    assert!(
        sheet(many(9), "", several)
            .contains("7 more images (259 B) of [2-8] left out: a sheet holds 2 images.")
    );
}

#[test]
fn the_sheet_of_a_thousand_engines_is_of_a_size_one_can_look_at() {
    let text = sheet(many(1000), "all", SheetLimits::default());
    let document = Document::parse(&text).expect("well-formed");
    let images =
        document.descendants().filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "image")));
    assert_eq!(images.count(), 200);
    assert!(text.contains("800 more images (31 kB) of [200-999] left out"), "{}", &text[text.len() - 300..]);
    let root = document.root_element();
    let side = |name| root.attribute(name).and_then(|side| side.parse::<u32>().ok()).expect("a size");
    assert!(side("width") <= 1280 && side("height") <= 4000, "{} x {}", side("width"), side("height"));
}

#[test]
fn a_run_without_images_has_no_sheet() {
    let run = Sample::new(2).stdout(0, "text\n").run();
    assert_eq!(contact_sheet(&run, &images(&run), "", SheetLimits::default()), None);
}

#[test]
fn an_svg_of_an_engine_is_embedded_as_an_image_so_that_nothing_in_it_works() {
    let hostile = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(2)</script>\
                   <a href='https://example.org'><path d='M0 0h9'/></a></svg>";
    let text = sheet(Sample::new(1).display(0, &[("image/svg+xml", hostile)]), "", SheetLimits::default());
    assert!(!text.contains("script") && !text.contains("onload") && !text.contains("example.org"), "{text}");
    let document = Document::parse(&text).expect("well-formed");
    let hrefs: Vec<&str> = document.descendants().filter_map(|node| node.attribute("href")).collect();
    assert!(hrefs.len() == 1 && hrefs[0].starts_with("data:image/svg+xml;base64,"));
    // Nothing is fetched, either.
    assert_eq!(text.matches("http").count(), 1, "the namespace");
}

#[test]
fn ranks_and_words_are_cut_where_they_do_not_fit() {
    let even: RankSet = (0..40).map(|n| crate::engines::EngineId(2 * n)).collect();
    assert_eq!(short_ranks(&even, 16), "[0,2,4,6,8,10,…]");
    assert_eq!(short_ranks(&even, 3), "40 engines");
    assert_eq!(
        [1, 2, 3, 4, 11, 22, 113].map(ordinal_word),
        ["1st", "2nd", "3rd", "4th", "11th", "22nd", "113th"]
    );
    assert_eq!(wrapped("broken image/png: it is empty", 12, 9), ["broken", "image/png:", "it is empty"]);
    assert_eq!(wrapped("abcdefghij klm", 4, 2), ["abcd", "efg…"]);
}

proptest! {
    #[test]
    fn any_words_and_any_data_make_a_well_formed_sheet(
        title in ".{0,60}",
        alt in "\\PC{0,20}[<>&\"'\\]\u{0}-\u{1f}]{0,9}",
        mime in "image/[a-z+<&\"\u{1}]{1,8}",
        data in prop_oneof!["<svg>.{0,20}</svg>", "[A-Za-z0-9+/]{0,20}", ".{0,20}"],
        ids in prop::collection::vec(0u32..2000, 1..30),
        bytes in 0usize..400,
    ) {
        let sample = (0..).zip(&ids).fold(Sample::of(&ids), |sample, (slot, id)| {
            let own = format!("{data}{}", id % 7);
            sample
                .display(slot, &[("image/svg+xml", &data), ("text/plain", &alt)])
                .display(slot, &[(&mime, &own), ("text/plain", &alt)])
        });
        let text = sheet(sample, &title, SheetLimits { images: 20, bytes });
        let document = Document::parse(&text);
        prop_assert!(document.is_ok(), "{:?}\n{text}", document.err());
        let known = ["svg", "style", "rect", "text", "g", "title", "image"];
        for node in document.iter().flat_map(Document::descendants).filter(Node::is_element) {
            prop_assert!(known.contains(&node.tag_name().name()));
        }
    }
}
