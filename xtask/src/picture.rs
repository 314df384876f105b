//! The picture in the README: what `pxlens demo` prints, as an SVG. Also draws what other programs showed in a terminal.
//!
//! Only what the demo writes to stdout is drawn: that is the same on every machine but for times, and names no path.

use std::{fs, path::Path};

use anstyle_svg::{Palette, Term};
use anyhow::{Context, Result, bail};

use crate::{python, steps::cargo};

/// Where it lies below the workspace.
const PICTURE: &str = "docs/demo.svg";

/// Background, text and the 16 colours: a dark terminal, whatever page it stands on.
const BACKGROUND: Rgb = Rgb(0x1b, 0x1f, 0x27);
const TEXT: Rgb = Rgb(0xe3, 0xe6, 0xea);
const COLORS: [Rgb; 16] = [
    Rgb(0x3b, 0x40, 0x4a),
    Rgb(0xff, 0x7b, 0x72),
    Rgb(0x7e, 0xc9, 0x7f),
    Rgb(0xe6, 0xb4, 0x55),
    Rgb(0x6c, 0xb2, 0xff),
    Rgb(0xd2, 0xa8, 0xff),
    Rgb(0x56, 0xcf, 0xd8),
    Rgb(0xe3, 0xe6, 0xea),
    Rgb(0x8b, 0x93, 0xa1),
    Rgb(0xff, 0xa1, 0x98),
    Rgb(0xa3, 0xe0, 0xa1),
    Rgb(0xf2, 0xcc, 0x7f),
    Rgb(0x9c, 0xcb, 0xff),
    Rgb(0xe2, 0xc5, 0xff),
    Rgb(0x8a, 0xe3, 0xe9),
    Rgb(0xff, 0xff, 0xff),
];

/// What would name the machine that drew the picture.
const PATHS: [&str; 5] = ["/home/", "/tmp/", "/usr/", "/Users/", "site-packages"];

#[derive(Clone, Copy)]
struct Rgb(u8, u8, u8);

impl From<Rgb> for anstyle::RgbColor {
    fn from(Rgb(red, green, blue): Rgb) -> Self {
        Self(red, green, blue)
    }
}

/// Runs the demo and draws it.
pub(crate) fn draw(root: &Path) -> Result<()> {
    let python = python::ensure(root)?;
    let mut demo = cargo(root, &["run", "--quiet", "--package", "pxlens", "--", "demo", "--python"]);
    demo.path(&python).env("CLICOLOR_FORCE", "1").env("XDG_CACHE_HOME", root.join("target/picture"));
    let svg = svg(&demo.output()?)?;
    let path = root.join(PICTURE);
    fs::write(&path, svg).with_context(|| format!("cannot write {}", path.display()))?;
    println!("  {PICTURE} is drawn; look at it");
    Ok(())
}

/// What a terminal shows after `$ pxlens demo`.
fn svg(printed: &str) -> Result<String> {
    // IPython writes keywords in a green that is made for white paper.
    let printed = printed.trim_end().replace("38;5;28", "32");
    screen(&format!("\x1b[32m$\x1b[0m pxlens demo\n{printed}\n"))
}

/// What a terminal shows, with its colours.
pub(crate) fn screen(shown: &str) -> Result<String> {
    if let Some(path) = PATHS.iter().find(|path| shown.contains(**path)) {
        bail!("a path of this machine is to be seen ({path}…)");
    }
    let term = Term::new()
        .palette(Palette(COLORS.map(Into::into)))
        .fg_color(anstyle::RgbColor::from(TEXT).into())
        .bg_color(anstyle::RgbColor::from(BACKGROUND).into());
    // On a dark ground the crate's faint text is hardly there; and not every viewer knows opacity of a part of a text.
    Ok(term.render_svg(shown).replace(".dimmed { opacity: 0.4; }", ".dimmed { fill-opacity: 0.65; }"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_drawn_on_a_background_of_their_own() {
        let svg = svg("\x1b[1;36m[0-3]\x1b[0m <ready>\n").expect("no path is in it");
        for part in ["<svg ", "$", "pxlens demo", "[0-3]", "&lt;ready&gt;", "#1B1F27", "#56CFD8"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        assert!(!svg.contains('\x1b'));
    }

    #[test]
    fn faint_text_and_keywords_can_be_read_on_a_dark_ground() {
        let svg = svg("\x1b[2mfaint\x1b[0m \x1b[1;38;5;28mdef\x1b[0m\n").expect("no path is in it");
        assert!(svg.contains(".dimmed { fill-opacity: 0.65; }") && svg.contains("#7EC97F"), "{svg}");
        assert!(!svg.contains("#008700"), "{svg}");
    }

    #[test]
    fn a_path_of_the_machine_is_not_drawn() {
        assert!(svg("picture of [0]: /tmp/x.png\n").is_err());
    }
}
