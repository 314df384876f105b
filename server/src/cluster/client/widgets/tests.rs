//! Widgets as ipywidgets and tqdm send them.

use serde_json::{Value, json};

use super::*;
use crate::jupyter::ParentHeader;

/// What a message of this type means to a run: texts of displays, and of updates behind an arrow.
fn read(widgets: &mut Widgets, kind: &str, content: Value) -> Option<Vec<String>> {
    let text = |data: &MimeBundle| data.get("text/plain").and_then(Value::as_str).unwrap_or("?").to_owned();
    let message = Message {
        prefix: Vec::new(),
        header: serde_json::from_value(json!({ "msg_id": "", "msg_type": kind })).unwrap(),
        parent: ParentHeader::default(),
        metadata: "{}".into(),
        content: content.to_string().into(),
    };
    let shown = widgets.read(&message)?.into_iter().map(|event| match event {
        EventKind::Display { data, display_id: Some(_) } | EventKind::Result { data, .. } => text(&data),
        EventKind::UpdateDisplay { data, display_id: Some(_) } => format!("-> {}", text(&data)),
        other => panic!("{other:?}"),
    });
    Some(shown.collect())
}

fn open(widgets: &mut Widgets, id: &str, state: Value) {
    let content = json!({ "comm_id": id, "target_name": "jupyter.widget", "data": { "state": state } });
    assert_eq!(read(widgets, "comm_open", content), Some(Vec::new()));
}

fn change(widgets: &mut Widgets, id: &str, state: Value) -> Vec<String> {
    let content = json!({ "comm_id": id, "data": { "method": "update", "state": state } });
    read(widgets, "comm_msg", content).expect("it is known")
}

fn view(id: &str) -> Value {
    json!({ "data": { "text/plain": "Widget()", VIEW: { "model_id": id } }, "metadata": {} })
}

/// The widgets of `tqdm.auto` where ipywidgets is installed.
fn tqdm() -> Widgets {
    let mut widgets = Widgets::default();
    open(&mut widgets, "left", json!({ "_model_name": "HTMLModel", "value": "" }));
    let bar = json!({ "_model_name": "FloatProgressModel", "value": 0.0, "min": 0.0, "max": 20.0, "bar_style": "" });
    open(&mut widgets, "bar", bar);
    open(&mut widgets, "right", json!({ "_model_name": "HTMLModel", "value": "" }));
    let children = ["IPY_MODEL_left", "IPY_MODEL_bar", "IPY_MODEL_right"];
    open(&mut widgets, "box", json!({ "_model_name": "HBoxModel", "children": children }));
    widgets
}

#[test]
fn a_bar_of_tqdm_moves() {
    let mut widgets = tqdm();
    assert_eq!(read(&mut widgets, "display_data", view("box")), Some(vec!["|          |".to_owned()]));
    let left = json!({ "value": "a\u{2007}&lt;b&gt;:\u{2007}\u{2007}45%" });
    assert_eq!(change(&mut widgets, "left", left), ["-> a <b>:  45%|          |"]);
    assert_eq!(change(&mut widgets, "bar", json!({ "value": 9.0 })), ["-> a <b>:  45%|████▌     |"]);
    let right = json!({ "value": "\u{2007}9/20\u{2007}[00:01&lt;00:02]" });
    assert_eq!(change(&mut widgets, "right", right), ["-> a <b>:  45%|████▌     | 9/20 [00:01<00:02]"]);
    // What nobody sees is no update.
    assert_eq!(change(&mut widgets, "bar", json!({ "bar_style": "success" })), [""; 0]);
    assert_eq!(change(&mut widgets, "bar", json!({ "value": 9.0 })), [""; 0]);
}

#[test]
fn a_bar_that_is_left_behind_goes_and_one_without_an_end_is_none() {
    let mut widgets = tqdm();
    read(&mut widgets, "display_data", view("box"));
    let endless = json!({ "value": 1.0, "max": 1.0, "bar_style": "info" });
    assert_eq!(change(&mut widgets, "bar", endless), ["-> "]);
    assert_eq!(change(&mut widgets, "right", json!({ "value": "12it [00:01]" })), ["-> 12it [00:01]"]);
    assert_eq!(read(&mut widgets, "comm_close", json!({ "comm_id": "box" })), Some(vec!["-> ".to_owned()]));
    assert_eq!(change(&mut widgets, "right", json!({ "value": "13it" })), [""; 0]);
}

#[test]
fn widgets_are_shown_by_what_they_say() {
    let cases = [
        (json!({ "_model_name": "LabelModel", "value": "<5 left" }), "<5 left"),
        (json!({ "_model_name": "HTMLModel", "value": "<b>5</b> &amp; up<br/>1 < 2" }), "5 & up\n1 < 2"),
        (json!({ "_model_name": "IntSliderModel", "description": "n", "value": 3 }), "n 3"),
        (json!({ "_model_name": "ButtonModel", "description": "Go" }), "Go"),
        (
            json!({ "_model_name": "OutputModel", "outputs": [
                { "output_type": "stream", "text": "a\n" }, { "output_type": "display_data", "data": { "text/plain": "b" } },
            ] }),
            "a\nb",
        ),
        // By its own text, without the id that differs on each engine.
        (json!({ "_model_name": "FigureModel" }), "Widget()"),
    ];
    for (state, shown) in cases {
        let mut widgets = Widgets::default();
        open(&mut widgets, "w", state);
        assert_eq!(read(&mut widgets, "display_data", view("w")), Some(vec![shown.to_owned()]));
    }
}

#[test]
fn a_value_that_is_a_widget_is_shown_and_boxes_in_boxes_end() {
    let mut widgets = Widgets::default();
    open(&mut widgets, "a", json!({ "_model_name": "LabelModel", "value": "a" }));
    open(&mut widgets, "b", json!({ "_model_name": "LabelModel", "value": "b" }));
    let children = ["IPY_MODEL_a", "IPY_MODEL_b", "IPY_MODEL_loop", "IPY_MODEL_gone"];
    open(&mut widgets, "loop", json!({ "_model_name": "VBoxModel", "children": children }));
    let mut result = view("loop");
    result["execution_count"] = json!(3);
    let text = read(&mut widgets, "execute_result", result).expect("it is known").concat();
    assert!(text.starts_with("a\nb\na\nb\n"), "{text}");
    let changed = change(&mut widgets, "a", json!({ "value": "c" })).concat();
    assert!(changed.starts_with("-> c\nb\nc"), "{changed}");
}

#[test]
fn what_is_about_no_widget_is_left_alone() {
    let mut widgets = tqdm();
    assert_eq!(read(&mut widgets, "display_data", view("unknown")), None);
    assert_eq!(read(&mut widgets, "display_data", json!({ "data": { "text/plain": "1" } })), None);
    assert_eq!(read(&mut widgets, "comm_open", json!({ "comm_id": "x", "target_name": "other" })), None);
    let other = json!({ "comm_id": "x", "data": { "method": "update", "state": {} } });
    assert_eq!(read(&mut widgets, "comm_msg", other), None);
    assert_eq!(read(&mut widgets, "comm_open", json!({ "comm_id": 5 })), None);
    assert_eq!(read(&mut widgets, "stream", json!({ "name": "stdout", "text": "1" })), None);
    assert_eq!(
        read(&mut widgets, "comm_msg", json!({ "comm_id": "bar", "data": { "method": "custom" } })),
        Some(vec![])
    );
}

#[test]
fn the_oldest_are_forgotten() {
    let mut widgets = Widgets::default();
    for number in 0..MOST + 2 {
        open(&mut widgets, &number.to_string(), json!({ "_model_name": "LabelModel", "value": "x" }));
    }
    assert_eq!(widgets.models.len(), MOST);
    assert_eq!(read(&mut widgets, "display_data", view("1")), None);
    assert_eq!(read(&mut widgets, "display_data", view("2")), Some(vec!["x".to_owned()]));
}
