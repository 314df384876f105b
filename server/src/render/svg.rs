//! What an SVG may do besides being drawn, and the frame that keeps it from doing so.
//!
//! An SVG is a document: a browser that opens it runs its scripts and loads what it names. Within an `<image>` of another
//! document no browser does either. So what is not known to do nothing but draw is put into one, and nothing of it is lost.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use roxmltree::{Document, Node};

use super::pixel_size::PixelSize;

/// The namespace of SVG.
pub(super) const SVG_NAMESPACE: &str = "http://www.w3.org/2000/svg";

const XHTML_NAMESPACE: &str = "http://www.w3.org/1999/xhtml";

/// The elements of SVG that only draw or say something; those of filters begin with `fe`.
const DRAWING: &[&str] = &[
    "a",
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "filter",
    "g",
    "image",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "metadata",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "style",
    "svg",
    "switch",
    "symbol",
    "text",
    "textPath",
    "title",
    "tspan",
    "use",
    "view",
];

/// Whether the SVG does nothing but draw, wherever it is opened.
pub(super) fn only_draws(text: &str, document: &Document<'_>) -> bool {
    // Defaults of attributes may be declared, which roxmltree does not read and browsers do.
    is_utf_8(text) && !text.contains("<!ATTLIST") && document.descendants().all(|node| node_only_draws(&node))
}

/// Whether it is read as UTF-8, as pxlens reads it, and not as an encoding in which other markup appears.
fn is_utf_8(text: &str) -> bool {
    let declaration =
        text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map_or("", |(inside, _)| inside);
    let Some((_, encoding)) = declaration.split_once("encoding") else { return true };
    encoding.to_ascii_lowercase().contains("utf-8")
}

fn node_only_draws(node: &Node<'_, '_>) -> bool {
    // A processing instruction may name a style sheet that writes scripts.
    if node.is_pi() {
        return false;
    }
    if !node.is_element() {
        return node.parent_element().is_none_or(|parent| parent.tag_name().name() != "style")
            || node.text().is_none_or(is_harmless_style);
    }
    let name = node.tag_name();
    let is_harmless = match name.namespace() {
        None | Some(SVG_NAMESPACE) => DRAWING.contains(&name.name()) || name.name().starts_with("fe"),
        // What drawing programs note for themselves.
        Some(other) => other != XHTML_NAMESPACE,
    };
    is_harmless
        && node.attributes().all(|attribute| {
            let value = attribute.value().trim();
            match attribute.name() {
                "href" | "src" => is_harmless_address(name.name(), value),
                name => !name.to_ascii_lowercase().starts_with("on") && is_harmless_style(value),
            }
        })
}

fn is_harmless_address(element: &str, address: &str) -> bool {
    let begins = |with: &str| address.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    begins("#")
        || match element {
            "a" => begins("https://") || begins("http://"),
            "image" | "feImage" => begins("data:image/"),
            _ => false,
        }
}

/// Whether what may be CSS loads nothing from elsewhere. Escapes could hide that it does.
fn is_harmless_style(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let is_inside = |(_, rest): (usize, &str)| {
        let address = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        address.starts_with('#') || address.starts_with("data:")
    };
    let mut addresses = text.match_indices("url(").map(|(at, call)| (at, &text[at + call.len()..]));
    !text.contains("@import") && !text.contains('\\') && addresses.all(is_inside)
}

/// An SVG that shows another one, of that size if it is known, as an image.
pub(super) fn framed(svg: &str, size: Option<PixelSize>) -> String {
    let mut frame = format!("<svg xmlns=\"{SVG_NAMESPACE}\"");
    if let Some(PixelSize { width, height }) = size {
        let _ = write!(frame, " width=\"{width}\" height=\"{height}\"");
    }
    frame.push_str("><image width=\"100%\" height=\"100%\" href=\"data:image/svg+xml;base64,");
    BASE64_STANDARD.encode_string(svg, &mut frame);
    frame.push_str("\"/></svg>");
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(text: &str) -> bool {
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        only_draws(text, &Document::parse_with_options(text, options).expect("it is XML"))
    }

    fn in_svg(inside: &str) -> String {
        format!(
            "<svg xmlns='{SVG_NAMESPACE}' xmlns:xlink='http://www.w3.org/1999/xlink' xmlns:h='{XHTML_NAMESPACE}'>{inside}</svg>"
        )
    }

    #[test]
    fn what_matplotlib_and_graphviz_write_only_draws() {
        let declaration = "<?xml version='1.0' encoding='utf-8' standalone='no'?>\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'a.dtd'>\n";
        assert!(draws(&format!("{declaration}{}", in_svg("<g id='figure_1'/>"))));
        for inside in [
            "<metadata><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:x rdf:resource='y'/></rdf:RDF></metadata>",
            "<style type='text/css'>*{stroke-linejoin: round; fill: url(#p)}</style>",
            "<defs><path id='m' d='M 0 3'/></defs><use xlink:href='#m' x='3' style='clip-path: url(\"#p\")'/>",
            "<image xlink:href='data:image/png;base64,iVBORw0KGgo=' width='2'/>",
            "<a xlink:href='https://example.org'><text>one</text></a><!-- a note -->",
            "<filter id='f'><feGaussianBlur stdDeviation='2'/></filter>",
        ] {
            assert!(draws(&in_svg(inside)), "{inside}");
        }
    }

    #[test]
    fn what_acts_or_loads_does_not_only_draw() {
        for inside in [
            "<script>alert(1)</script>",
            "<s:script xmlns:s='http://www.w3.org/2000/svg'/>",
            "<g onload='alert(1)'/>",
            "<g ONCLICK='alert(1)'/>",
            "<a xlink:href='javascript:alert(1)'/>",
            "<a href=' JavaScript:alert(1)'/>",
            "<use href='data:image/svg+xml;base64,PHN2Zy8+#x'/>",
            "<image href='https://example.org/seen.png'/>",
            "<foreignObject><h:iframe src='https://example.org'/></foreignObject>",
            "<metadata><h:script>alert(1)</h:script></metadata>",
            "<a id='x'/><set attributeName='href' to='javascript:alert(1)'/>",
            "<animate attributeName='href' values='javascript:alert(1)'/>",
            "<style>@import 'https://example.org/a.css';</style>",
            "<style>* {fill: url(https://example.org/a.svg)}</style>",
            "<style>* {fill: \\75rl(https://example.org/a.svg)}</style>",
            "<g style='fill:url( //example.org/a)'/>",
        ] {
            assert!(!draws(&in_svg(inside)), "{inside}");
        }
        for before in [
            "<?xml-stylesheet type='text/xsl' href='a.xsl'?>",
            "<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'alert(1)'>]>",
            "<?xml version='1.0' encoding='iso-2022-jp'?>",
        ] {
            assert!(!draws(&format!("{before}{}", in_svg("<g/>"))), "{before}");
        }
    }
}
