//! A display or a result in words, for views that show text only.

use serde_json::Value;

use super::{pixel_size::pixel_size, terminal_text, wording::size};
use crate::{
    jupyter::content::MimeBundle,
    run::pictures::{SVG, is_picture},
};

/// The text of a MIME bundle: `text/plain`, and a line such as `<image/png 640×480, 12 kB>` for each thing that text cannot show.
///
/// Markdown and LaTeX show their source where `text/plain` only names the class. May hold SGR colours if `colors`.
pub(super) fn in_words(data: &MimeBundle, colors: bool) -> String {
    let plain = data.get("text/plain").map(text_of).filter(|text| !text.is_empty());
    let names_a_class = plain.as_ref().is_some_and(|text| text.starts_with(DISPLAY_CLASS));
    let source =
        ["text/markdown", "text/latex"].iter().find_map(|&mime| data.get(mime)).filter(|_| names_a_class);
    if let Some(source) = source {
        return terminal_text(&text_of(source), colors);
    }
    if let Some(json) = json(data).filter(|_| names_a_class || plain.is_none()) {
        return terminal_text(&json, colors);
    }
    let mut lines: Vec<String> = data
        .iter()
        .filter(|(mime, _)| is_binary(mime))
        .map(|(mime, value)| sized(mime, value, mime != SVG))
        .collect();
    if names_a_class {
        let texts = data.iter().filter(|(mime, _)| !is_binary(mime) && mime.as_str() != "text/plain");
        lines.extend(texts.map(|(mime, value)| sized(mime, value, false)));
    }
    if let Some(text) = plain.filter(|_| lines.is_empty() || !names_a_class) {
        // A figure and the line that names it read as one.
        match lines.as_mut_slice() {
            [only] if !text.contains('\n') => *only = format!("{only} {}", terminal_text(&text, colors)),
            _ => lines.push(terminal_text(&text, colors)),
        }
    }
    if lines.is_empty() {
        lines.extend(data.iter().map(|(mime, value)| sized(mime, value, false)));
    }
    lines.join("\n")
}

/// JSON that came as such, as people write it.
fn json(data: &MimeBundle) -> Option<String> {
    let value = data.get("application/json")?;
    let compact = value.to_string();
    if compact.len() <= ONE_LINE { Some(compact) } else { serde_json::to_string_pretty(value).ok() }
}

/// JSON of up to so many bytes is shown in one line.
const ONE_LINE: usize = 60;

/// Whether HTML is all that there is to see in it.
pub(super) fn is_html_alone(data: &MimeBundle) -> bool {
    let plain = data.get("text/plain").map(text_of).unwrap_or_default();
    data.contains_key("text/html")
        && !has_picture(data)
        && (plain.is_empty() || plain.starts_with(DISPLAY_CLASS))
        && !["text/markdown", "text/latex"].iter().any(|&mime| data.contains_key(mime))
}

/// How the text of a display begins that only names its class.
const DISPLAY_CLASS: &str = "<IPython.core.display.";

/// Whether there is an image in it.
pub(super) fn has_picture(data: &MimeBundle) -> bool {
    data.keys().any(|mime| is_picture(mime))
}

fn is_binary(mime: &str) -> bool {
    is_picture(mime) || mime.starts_with("audio/") || mime.starts_with("video/") || mime == "application/pdf"
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `<image/png 12 kB>`, with the pixels where they are known. The size is that of the thing, not of its base64.
fn sized(mime: &str, value: &Value, base64: bool) -> String {
    let text = text_of(value);
    let bytes = if base64 { text.trim().trim_end_matches('=').len() * 3 / 4 } else { text.len() };
    let pixels = match base64 && is_picture(mime) {
        true => pixel_size(&text).map(|pixels| format!("{}×{}, ", pixels.width, pixels.height)),
        false => None,
    };
    let name = NAMES.iter().find(|(begin, _)| mime.starts_with(begin)).map(|(_, name)| (*name).to_owned());
    let name = name.unwrap_or_else(|| terminal_text(mime, false));
    format!("<{name} {}{}>", pixels.unwrap_or_default(), size(bytes))
}

/// What people call the data of libraries that draw in the browser, by how its type begins.
const NAMES: [(&str, &str); 4] = [
    ("application/vnd.plotly.", "plotly figure"),
    ("application/vnd.vegalite.", "Vega-Lite chart"),
    ("application/vnd.vega.", "Vega chart"),
    ("application/vnd.bokehjs_exec.", "Bokeh plot"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{RED, SVG as SVG_IMAGE, bundle};

    #[test]
    fn what_text_cannot_show_is_named_with_its_size() {
        let image = "A".repeat(16_000);
        for (pairs, text) in [
            (vec![("text/plain", "42")], "42"),
            (
                vec![("text/plain", "<Figure size 40x40>"), ("image/png", &image)],
                "<image/png 12 kB> <Figure size 40x40>",
            ),
            (vec![("image/png", "AAAA")], "<image/png 3 B>"),
            (vec![("image/png", RED)], "<image/png 3×2, 73 B>"),
            (
                vec![("text/plain", "<Figure size 9x9>"), ("image/svg+xml", SVG_IMAGE)],
                "<image/svg+xml 98 B> <Figure size 9x9>",
            ),
            (
                vec![("text/plain", "<IPython.core.display.HTML object>"), ("text/html", "<b>1</b>")],
                "<text/html 8 B>",
            ),
            (vec![("text/plain", "<IPython.core.display.Markdown object>"), ("text/markdown", "# 1")], "# 1"),
            (vec![("text/plain", "a  b\n1  2"), ("text/html", "<table/>")], "a  b\n1  2"),
            (vec![("application/vnd.x+json", "{}")], "<application/vnd.x+json 2 B>"),
            (vec![("application/vnd.plotly.v1+json", "{}")], "<plotly figure 2 B>"),
            (vec![], ""),
        ] {
            assert_eq!(in_words(&bundle(&pairs), false), text);
        }
    }
}
