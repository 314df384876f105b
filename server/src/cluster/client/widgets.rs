//! What the widgets of one engine show, as text, and what each message about them changes of it.
//!
//! Widgets are the comms named `jupyter.widget`, as ipywidgets and the Jupyter widget messaging protocol 2 have them: progress
//! bars above all, since `tqdm.auto` makes one wherever ipywidgets is installed. Here they are only looked at: what a widget shows
//! becomes a display, and what changes it an update of that display. Nobody can press a button.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    jupyter::{
        Message,
        content::{DisplayData, ExecuteResult, MimeBundle},
    },
    run::EventKind,
};

/// So many widgets of an engine are remembered; the oldest are forgotten and stay as they are.
const MOST: usize = 4_096;

/// How deep boxes in boxes are looked into.
const DEEPEST: usize = 16;

/// The type of a view of a widget, which says its id and nothing else.
const VIEW: &str = "application/vnd.jupyter.widget-view+json";

/// What stands before the id of a widget where another refers to it.
const REFERENCE: &str = "IPY_MODEL_";

/// What is kept of a widget's state.
const FIELDS: [&str; 8] =
    ["_model_name", "children", "value", "min", "max", "description", "bar_style", "outputs"];

/// The widgets of one engine, by the ids of their comms.
#[derive(Debug, Default)]
pub(super) struct Widgets {
    models: HashMap<String, Model>,
    /// Their ids, the oldest first.
    order: VecDeque<String>,
}

#[derive(Debug, Default)]
struct Model {
    state: Map<String, Value>,
    /// The boxes it is in.
    boxes: Vec<String>,
    /// What it was last shown as, if it is shown by itself.
    shown: Option<String>,
}

/// The content of `comm_open`, `comm_msg` and `comm_close`.
#[derive(Deserialize)]
struct Comm {
    comm_id: String,
    #[serde(default)]
    target_name: String,
    #[serde(default)]
    data: CommData,
}

#[derive(Default, Deserialize)]
struct CommData {
    #[serde(default)]
    method: String,
    #[serde(default)]
    state: Map<String, Value>,
}

impl Widgets {
    /// Takes in a message of the engine; gives what it means to the run it belongs to. `None` if it is about no widget that is
    /// known.
    pub(super) fn read(&mut self, message: &Message) -> Option<Vec<EventKind>> {
        match message.header.msg_type.as_str() {
            "comm_open" => {
                let comm = message.content_as::<Comm>().ok()?;
                (comm.target_name == "jupyter.widget").then(|| self.open(comm))?;
                Some(Vec::new())
            }
            "comm_msg" => {
                let comm = message.content_as::<Comm>().ok()?;
                let model = self.models.get_mut(&comm.comm_id)?;
                if comm.data.method != "update" {
                    return Some(Vec::new());
                }
                model.state.extend(kept(comm.data.state));
                self.note_children(&comm.comm_id);
                Some(self.redrawn(&comm.comm_id))
            }
            "comm_close" => {
                let comm = message.content_as::<Comm>().ok()?;
                let model = self.models.remove(&comm.comm_id)?;
                self.order.retain(|id| *id != comm.comm_id);
                Some(model.shown.map(|_| update(&comm.comm_id, String::new())).into_iter().collect())
            }
            "display_data" => {
                let DisplayData { data, .. } = message.content_as().ok()?;
                let (id, data) = self.show(&data)?;
                Some(vec![EventKind::Display { data, display_id: Some(display_id(&id)) }])
            }
            "execute_result" => {
                let ExecuteResult { data, execution_count, .. } = message.content_as().ok()?;
                let (_, data) = self.show(&data)?;
                Some(vec![EventKind::Result { data, execution_count }])
            }
            _ => None,
        }
    }

    fn open(&mut self, comm: Comm) {
        let model = Model { state: kept(comm.data.state).collect(), ..Model::default() };
        if self.models.insert(comm.comm_id.clone(), model).is_none() {
            self.order.push_back(comm.comm_id.clone());
        }
        self.note_children(&comm.comm_id);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.models.remove(&oldest);
        }
    }

    /// Notes in the children of a box that they are in it.
    fn note_children(&mut self, id: &str) {
        let Some(model) = self.models.get(id) else { return };
        let children: Vec<String> = model.children().map(str::to_owned).collect();
        for child in children {
            if let Some(child) = self.models.get_mut(&child)
                && !child.boxes.iter().any(|known| known == id)
            {
                child.boxes.push(id.to_owned());
            }
        }
    }

    /// The widget of a view and what it shows; `None` if the bundle is no view of a widget that is known.
    fn show(&mut self, data: &MimeBundle) -> Option<(String, MimeBundle)> {
        let id = data.get(VIEW)?.get("model_id")?.as_str()?;
        let text = self.text(id, 0);
        let model = self.models.get_mut(id)?;
        let bundle = match &text {
            Some(text) => Arc::new(plain(text)),
            // The id is another on each engine, and says nothing.
            None => Arc::new(data.iter().filter(|(mime, _)| *mime != VIEW).map(own).collect()),
        };
        model.shown = Some(text.unwrap_or_default());
        Some((id.to_owned(), bundle))
    }

    /// The displays that look different since a widget has changed.
    fn redrawn(&mut self, changed: &str) -> Vec<EventKind> {
        let mut seen = HashSet::from([changed.to_owned()]);
        let mut ahead = vec![changed.to_owned()];
        let mut updates = Vec::new();
        while let Some(id) = ahead.pop() {
            let text = self.text(&id, 0);
            let Some(model) = self.models.get_mut(&id) else { continue };
            if let (Some(shown), Some(text)) = (&mut model.shown, text)
                && *shown != text
            {
                shown.clone_from(&text);
                updates.push(update(&id, text));
            }
            ahead.extend(model.boxes.iter().filter(|above| seen.insert(String::clone(above))).cloned());
        }
        updates
    }

    /// What a widget shows; `None` if that is nothing that text can say.
    fn text(&self, id: &str, depth: usize) -> Option<String> {
        let model = self.models.get(id).filter(|_| depth < DEEPEST)?;
        let children = || model.children().filter_map(|child| Some((child, self.text(child, depth + 1)?)));
        match model.name() {
            "HBoxModel" => {
                let mut line = String::new();
                let mut is_bar_before = false;
                for (child, text) in children() {
                    let is_bar = self.models.get(child).is_some_and(Model::is_bar);
                    // tqdm's texts bring their own blanks.
                    if !(line.is_empty() || is_bar || is_bar_before) {
                        line.push(' ');
                    }
                    line.push_str(&text);
                    is_bar_before = is_bar;
                }
                Some(line)
            }
            "VBoxModel" | "BoxModel" | "GridBoxModel" | "TabModel" | "AccordionModel" => {
                Some(children().map(|(_, text)| text).collect::<Vec<_>>().join("\n"))
            }
            "HTMLModel" | "HTMLMathModel" => Some(of_markup(model.str("value"))),
            "LabelModel" => Some(model.str("value").to_owned()),
            "OutputModel" => Some(model.captured()),
            _ if model.is_bar() => model.bar(),
            _ => model.described(),
        }
    }
}

impl Model {
    fn str(&self, field: &str) -> &str {
        self.state.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, field: &str) -> Option<f64> {
        self.state.get(field)?.as_f64()
    }

    fn name(&self) -> &str {
        self.str("_model_name")
    }

    fn is_bar(&self) -> bool {
        matches!(self.name(), "FloatProgressModel" | "IntProgressModel")
    }

    fn children(&self) -> impl Iterator<Item = &str> {
        let all = self.state.get("children").and_then(Value::as_array).into_iter().flatten();
        all.filter_map(|child| child.as_str()?.strip_prefix(REFERENCE))
    }

    /// A progress bar as tqdm draws it.
    fn bar(&self) -> Option<String> {
        const WIDTH: usize = 10;
        const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        let (value, min, max) = (self.number("value")?, self.number("min")?, self.number("max")?);
        if self.str("bar_style") == "info" && value >= max {
            // tqdm's bar where the end is not known.
            return Some(String::new());
        }
        let done = if max > min { ((value - min) / (max - min)).clamp(0.0, 1.0) } else { 0.0 };
        let eighths = (done * (WIDTH * 8) as f64) as usize;
        let (whole, part) = (eighths / 8, PARTS[eighths % 8]);
        let rest = WIDTH - whole - usize::from(!part.is_empty());
        let description = of_markup(self.str("description"));
        Some(format!("{description}|{}{part}{}|", "█".repeat(whole), " ".repeat(rest)))
    }

    /// What an `Output` widget was told to hold.
    fn captured(&self) -> String {
        let outputs = self.state.get("outputs").and_then(Value::as_array).into_iter().flatten();
        let text = |output: &Value| {
            let text = output.get("text").or_else(|| output.get("data")?.get("text/plain"))?;
            text.as_str().map(str::to_owned)
        };
        outputs.filter_map(text).collect()
    }

    /// Anything else that has a description or a simple value.
    fn described(&self) -> Option<String> {
        let value = self.state.get("value").and_then(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => None,
        });
        let description = of_markup(self.str("description"));
        let parts = [Some(description), value].into_iter().flatten().filter(|part| !part.is_empty());
        let text = parts.collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }
}

fn kept(state: Map<String, Value>) -> impl Iterator<Item = (String, Value)> {
    state.into_iter().filter(|(field, _)| FIELDS.contains(&field.as_str()))
}

fn own((mime, value): (&String, &Value)) -> (String, Value) {
    (mime.clone(), value.clone())
}

fn plain(text: &str) -> Map<String, Value> {
    Map::from_iter([("text/plain".to_owned(), json!(text))])
}

fn update(id: &str, text: String) -> EventKind {
    EventKind::UpdateDisplay { data: Arc::new(plain(&text)), display_id: Some(display_id(id)) }
}

/// What names the display of a widget; no display of the engine's own is named so.
fn display_id(model: &str) -> String {
    format!("{VIEW} {model}")
}

/// The text of a piece of HTML such as widgets hold: a line or two without a layout.
fn of_markup(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let tag = &rest[at..];
        let is_tag = tag[1..].starts_with(|c: char| c == '/' || c == '!' || c.is_ascii_alphabetic());
        match tag.find('>').filter(|_| is_tag) {
            Some(end) => {
                if tag[1..].to_ascii_lowercase().starts_with("br") {
                    text.push('\n');
                }
                rest = &tag[end + 1..];
            }
            None => {
                text.push('<');
                rest = &tag[1..];
            }
        }
    }
    text.push_str(rest);
    // tqdm pads with blanks as wide as a digit.
    html_escape::decode_html_entities(&text).replace('\u{2007}', " ")
}

#[cfg(test)]
mod tests;
