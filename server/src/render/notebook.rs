//! A run as the outputs of a notebook's cell, which are saved with the notebook's file: text in groups, images with the engines
//! that show them, errors once per stack.
//!
//! What engines sent is text, or an image that decodes; HTML and SVG of theirs never become markup of the page. The outputs panel
//! shows HTML, and the outputs say so where there is nothing else to see.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    GroupBy, Image, ImageKind, Limits,
    bundle::is_html_alone,
    error_text::error_texts,
    images,
    layout::{lay_out_outputs, share},
    screen::{Scope, bundles},
    view::View,
    without_keys,
};
use crate::{
    engines::RankSet,
    run::{Ending, OutputKind, Run, pictures::is_picture},
};

/// Most bytes of the text of a run; of more both ends are shown.
pub(crate) const MOST_TEXT: usize = 1_000_000;

/// Most bytes of the images of a run.
const MOST_IMAGES: usize = 16_000_000;

const PLAIN: &str = "text/plain";
const STDOUT: &str = "application/vnd.code.notebook.stdout";
const ERROR: &str = "application/vnd.code.notebook.error";

/// One output, in several forms; the best first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NotebookOutput {
    /// What it is, and in what form.
    pub items: Vec<NotebookItem>,
}

/// An output in one form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NotebookItem {
    /// Its MIME type.
    pub mime: &'static str,
    /// A text.
    pub data: String,
    /// Whether that is base64.
    pub base64: bool,
}

impl NotebookOutput {
    /// A line that pxlens says.
    pub(crate) fn note(text: impl Into<String>) -> Self {
        Self::text(PLAIN, text.into())
    }

    /// Why something was not run.
    pub(crate) fn failure(why: &str) -> Self {
        let error = json!({ "name": "Not run", "message": why, "stack": why });
        Self::text(ERROR, error.to_string())
    }

    fn text(mime: &'static str, text: String) -> Self {
        Self { items: vec![NotebookItem { mime, data: text, base64: false }] }
    }
}

/// The outputs of a run. `says_where`: it is of a cell that does not say on which engines it runs, so the outputs do.
pub(crate) fn notebook(run: &Run, by: GroupBy, says_where: bool) -> Vec<NotebookOutput> {
    let mut outputs = Vec::new();
    if says_where && !run.was_never_sent() {
        let engines: RankSet = run.request.engines.iter().copied().collect();
        let verb = if run.is_over() { "ran" } else { "runs" };
        outputs.push(NotebookOutput::note(format!("{verb} on engines {engines}")));
    }
    let images = images(run);
    if !(is_silent(run) || shows_images_only(run)) {
        outputs.push(NotebookOutput::text(STDOUT, text(run, by)));
    }
    if run.parts().any(|part| bundles(part).any(is_html_alone)) {
        outputs
            .push(NotebookOutput::note("HTML of engines is shown in the outputs panel, and not saved here"));
    }
    let mut room = MOST_IMAGES;
    for image in &images {
        image_outputs(image, run.parts().len() > 1, &mut room, &mut outputs);
    }
    for error in error_texts(run) {
        let stack = without_keys(&error.text);
        let data = json!({ "name": error.name, "message": without_keys(&error.message), "stack": stack });
        outputs.push(NotebookOutput::text(ERROR, data.to_string()));
    }
    outputs
}

fn text(run: &Run, by: GroupBy) -> String {
    let bytes = share(run, Limits { bytes: MOST_TEXT, ..Limits::default() });
    let scope = Scope { bytes: Some(bytes), ..Scope::default() };
    let view = View { by, scope, width: 80, names_stderr: true, keeps_values: true };
    let lines = lay_out_outputs(run, view);
    let text: String = lines.iter().map(|line| line.text() + "\n").collect();
    without_keys(&text).into_owned()
}

/// Whether all engines ended, well or with an error that says it, without a word.
fn is_silent(run: &Run) -> bool {
    run.parts().all(|part| {
        let spoke = |output: &crate::run::Output| !matches!(output.kind, OutputKind::Error(_));
        matches!(part.ending(), Some(Ending::Ok | Ending::Error(_)))
            && part.pages.is_empty()
            && !part.outputs.iter().any(spoke)
    })
}

/// Whether there is nothing to say in words: each engine ended well and gave images.
fn shows_images_only(run: &Run) -> bool {
    run.parts().all(|part| {
        matches!(part.ending(), Some(Ending::Ok))
            && part.pages.is_empty()
            && part.outputs.iter().all(|output| match &output.kind {
                OutputKind::Display { data, .. } | OutputKind::Result { data, .. } => {
                    data.keys().any(|mime| is_picture(mime))
                }
                _ => false,
            })
    })
}

/// An image, with its engines above it where there are several.
fn image_outputs(image: &Image<'_>, is_labelled: bool, room: &mut usize, outputs: &mut Vec<NotebookOutput>) {
    let (ranks, alt) = (&image.ranks, &image.alt);
    let why = match image.drawable() {
        Err(why) => Err(why),
        Ok(picture) => match room.checked_sub(picture.data.len()) {
            None => Err(format!("a cell has no room for more than {} MB of images", MOST_IMAGES / 1_000_000)),
            Some(left) => {
                *room = left;
                Ok(picture)
            }
        },
    };
    let label = format!("{ranks} {alt}");
    match why {
        Err(why) => outputs.push(NotebookOutput::note(format!("{} (not shown: {why})", label.trim_end()))),
        Ok(picture) => {
            if is_labelled {
                outputs.push(NotebookOutput::note(label.trim_end()));
            }
            let (mime, data, base64) = match picture.kind {
                ImageKind::Png | ImageKind::Jpeg | ImageKind::Gif => {
                    (picture.kind.mime(), picture.data.clone().into_owned(), true)
                }
                // An SVG can hold scripts, which do not run in an image of its own.
                ImageKind::Svg => {
                    ("text/html", embedded("image/svg+xml", &STANDARD.encode(&*picture.data)), false)
                }
                ImageKind::Webp => ("text/html", embedded("image/webp", &picture.data), false),
            };
            let plain = NotebookItem { mime: PLAIN, data: label.trim_end().to_owned(), base64: false };
            outputs.push(NotebookOutput { items: vec![NotebookItem { mime, data, base64 }, plain] });
        }
    }
}

fn embedded(mime: &str, base64: &str) -> String {
    format!("<img src=\"data:{mime};base64,{base64}\">")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::render::sample::{BLUE, RED, SVG, Sample};

    fn check(sample: Sample, says_where: bool, expected: Expect) {
        let shown: String = notebook(&sample.run(), GroupBy::Fold, says_where)
            .iter()
            .flat_map(|output| &output.items)
            .map(|item| {
                let data: String = item.data.chars().take(200).collect();
                format!("{}: {}\n", item.mime, data.trim_end())
            })
            .collect();
        expected.assert_eq(&shown);
    }

    #[test]
    fn text_stands_in_groups_below_the_engines() {
        let sample = Sample::new(3).stdout(0, "ready\n").stdout(1, "ready\n").stderr(2, "late\n");
        check(
            sample.all_ok(),
            true,
            expect![[r#"
            text/plain: ran on engines [0-2]
            application/vnd.code.notebook.stdout: [0-1] ready
            [2]   stderr: late
        "#]],
        );
    }

    /// The text of a run, and whether each engine's words stand in it under the engine: in a block of its own, or in that of a group
    /// which shows what each has.
    fn text_of(sample: Sample) -> String {
        let outputs = notebook(&sample.all_ok().run(), GroupBy::Fold, false);
        outputs.into_iter().flat_map(|output| output.items).map(|item| item.data).collect()
    }

    #[test]
    fn a_saved_notebook_holds_all_that_each_engine_printed_and_returned() {
        let value = |slot: u32, n: u32| format!("{}", f64::from(slot * 97 + n * 13) / 8.0);
        for engines in [3, 12] {
            let printed = (0..engines).fold(Sample::new(engines), |sample, slot| {
                sample.stdout(slot, &format!("loss {} acc {}\n", value(slot, 1), value(slot, 2)))
            });
            let array = |slot: u32| {
                let row = |n: u32| (0..4).map(|m| value(slot, n * 4 + m)).collect::<Vec<_>>().join(", ");
                format!("array([[{}],\n       [{}],\n       [{}]])", row(0), row(1), row(2))
            };
            let returned =
                (0..engines).fold(Sample::new(engines), |sample, slot| sample.result(slot, &array(slot)));
            let (printed, returned) = (text_of(printed), text_of(returned));
            for slot in 0..engines {
                for n in 1..3 {
                    assert!(printed.contains(&value(slot, n)), "{slot} {n}: {printed}");
                }
                assert!(returned.contains(&array(slot)), "{slot}: {returned}");
            }
            assert_eq!(printed.lines().count() == 1, engines == 3, "few are folded: {printed}");
        }
    }

    #[test]
    fn a_cell_that_says_nothing_shows_nothing() {
        assert_eq!(notebook(&Sample::new(2).all_ok().run(), GroupBy::Fold, false), []);
    }

    #[test]
    fn what_goes_on_says_so() {
        check(
            Sample::new(2).busy(0).stdout(0, "step 1\n"),
            true,
            expect![[r#"
            text/plain: runs on engines [0-1]
            application/vnd.code.notebook.stdout: [0] ⏳ step 1
            [1] ⏳ running
        "#]],
        );
    }

    #[test]
    fn images_have_their_engines_above_them() {
        let sample = Sample::new(3)
            .display(0, &[("image/png", RED), ("text/plain", "<Figure>")])
            .display(1, &[("image/png", RED), ("text/plain", "<Figure>")])
            .display(2, &[("image/png", BLUE), ("text/plain", "<Figure>")]);
        check(
            sample.all_ok(),
            false,
            expect![[r#"
            text/plain: [0-1] <Figure>
            image/png: iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mM4IScHQQxwFgBBAAYZ1ETuGQAAAABJRU5ErkJggg==
            text/plain: [0-1] <Figure>
            text/plain: [2] <Figure>
            image/png: iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mOQkzsBQQxwFgA5CAYZDOxrbQAAAABJRU5ErkJggg==
            text/plain: [2] <Figure>
        "#]],
        );
    }

    #[test]
    fn markup_of_an_engine_never_becomes_markup_of_the_page() {
        let evil = SVG.replace("<path", "<script>alert(1)</script><path");
        let sample = Sample::new(1)
            .display(0, &[("image/svg+xml", &evil)])
            .result(0, "<b>")
            .display(0, &[("text/html", "<script>alert(2)</script>"), ("text/plain", "table")]);
        let outputs = notebook(&sample.all_ok().run(), GroupBy::Fold, false);
        let html: Vec<&NotebookItem> =
            outputs.iter().flat_map(|output| &output.items).filter(|item| item.mime == "text/html").collect();
        let [image] = html[..] else { panic!("{outputs:?}") };
        assert!(image.data.starts_with("<img src=\"data:image/svg+xml;base64,"), "{}", image.data);
        assert_eq!(image.data.matches('<').count(), 1);
    }

    #[test]
    fn html_without_a_text_says_where_it_is_shown() {
        let html = [("text/html", "<table></table>"), ("text/plain", "<IPython.core.display.HTML object>")];
        let frame = [("text/html", "<table></table>"), ("text/plain", "   a\n0  1")];
        check(
            Sample::new(1).display(0, &html).all_ok(),
            false,
            expect![[r#"
            application/vnd.code.notebook.stdout: [0] <text/html 15 B>
            text/plain: HTML of engines is shown in the outputs panel, and not saved here
        "#]],
        );
        check(
            Sample::new(1).display(0, &frame).all_ok(),
            false,
            expect![[r#"
            application/vnd.code.notebook.stdout: ── [0] ─────────────────────────────────────────────────────────────────────────
               a
            0  1
        "#]],
        );
    }

    #[test]
    fn an_error_stands_once_for_all_engines_that_raised_it() {
        let trace = "Cell In[1], line 2\n----> 2 1/0\n\nZeroDivisionError: division by zero";
        let mut sample = Sample::asked(&[0, 1, 2], "print('x')\n1/0", false).stdout(0, "x\n").ok(0);
        for slot in [1, 2] {
            let raised = sample.busy(slot).input(slot, 1);
            sample = raised.raise(slot, "ZeroDivisionError", "division by zero", &[trace]);
        }
        check(
            sample,
            false,
            expect![[r#"
            application/vnd.code.notebook.stdout: [0] x
            application/vnd.code.notebook.error: {"message":"division by zero","name":"ZeroDivisionError","stack":"✗ [1-2] ZeroDivisionError: division by zero · line 2\nCell In[1], line 2\n----> 2 1/0\n\nZeroDivisionError: division by zero"}
        "#]],
        );
    }

    #[test]
    fn a_key_is_not_saved_with_the_notebook() {
        let info = "{\"shell_port\": 1, \"key\": \"eee2dd69-7dd3-4340-bf3e-7e2e22a62542\"}\n";
        let raised = Sample::new(2).stdout(0, info).raise(1, "E", info, &[info]);
        let outputs = notebook(&raised.all_ok().run(), GroupBy::Fold, false);
        assert!(!format!("{outputs:?}").contains("eee2dd69"), "{outputs:?}");
    }

    #[test]
    fn a_flood_shows_both_ends() {
        let sample = Sample::new(1).stdout(0, &"a line of some length\n".repeat(200_000)).all_ok();
        let outputs = notebook(&sample.run(), GroupBy::Fold, false);
        assert!(outputs[0].items[0].data.len() < 2 * MOST_TEXT, "{}", outputs[0].items[0].data.len());
    }
}
