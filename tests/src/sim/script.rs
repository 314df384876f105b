//! What a simulated engine does with a request: a list of steps, the usual ones around it.

use serde_json::{Value, json};

/// What one engine does with one `execute_request`.
///
/// [`Script::new`] stands for a run without output: busy, execute_input, reply, idle. Output goes between, in
/// the order in which it was added. After [`Script::error`] the reply says the error too.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    pub(super) before: Vec<Step>,
    pub(super) body: Vec<Step>,
    pub(super) after: Vec<Step>,
}

/// One thing that an engine does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// `status` busy on iopub.
    Busy,
    /// `execute_input` with the code and the engine's count.
    Input,
    /// `stream` on iopub.
    Stream {
        /// `stdout` or `stderr`.
        name: &'static str,
        /// The text, as one message.
        text: String,
    },
    /// Many numbered lines, see [`flood_line`].
    Flood {
        /// `stdout` or `stderr`.
        name: &'static str,
        /// How many lines.
        lines: usize,
        /// How many bytes each line has, its end included.
        bytes: usize,
        /// How many lines one `stream` message carries.
        per_message: usize,
    },
    /// A message on iopub: its type and content.
    Output {
        /// Also the last part of the topic, as the engine writes it.
        kind: &'static str,
        /// The content, as it is.
        content: Value,
    },
    /// `execute_result` with this mime bundle and the engine's count.
    Result(Value),
    /// `error` on iopub; the reply says it too.
    Error {
        /// Name of the exception.
        ename: String,
        /// Its text.
        evalue: String,
        /// The lines of the traceback.
        traceback: Vec<String>,
    },
    /// `execute_reply`, ok or with the error that the script had before.
    Reply,
    /// `execute_reply` with this content.
    ReplyWith(Value),
    /// `status` idle on iopub.
    Idle,
    /// Waits until the test calls `Sim::open` with this name, or the engine is interrupted.
    Wait(String),
    /// Runs until it is interrupted or dies.
    Hang,
    /// The engine dies here: an `unregistration_notification`, and nothing more.
    Die,
    /// The engine falls silent here, and nobody is told.
    Vanish,
    /// Something that no reader can use.
    Garbage(Garbage),
    /// The step as an answer to a request of another client.
    Foreign(Box<Step>),
    /// The step's messages twice, byte for byte.
    Twice(Box<Step>),
}

/// What can be wrong with a message. Each goes out on iopub *and* mux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// Frames without the delimiter.
    NoDelimiter,
    /// Too few frames after the delimiter.
    TooFewFrames,
    /// An empty message of one empty frame.
    Empty,
    /// A `stream` message signed with another key.
    BadSignature,
    /// A well signed message whose content is no JSON.
    BadJson,
    /// A well signed message whose parent header is a JSON list.
    BadParent,
    /// A well signed message of a type that nobody knows.
    UnknownType,
    /// A well signed `stream` message whose content lacks every field.
    MissingFields,
    /// A `stream` message whose text is no UTF-8.
    BadUtf8,
}

impl Garbage {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::NoDelimiter,
        Self::TooFewFrames,
        Self::Empty,
        Self::BadSignature,
        Self::BadJson,
        Self::BadParent,
        Self::UnknownType,
        Self::MissingFields,
        Self::BadUtf8,
    ];
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    /// Busy, execute_input, reply, idle.
    pub fn new() -> Self {
        Self { before: vec![Step::Busy, Step::Input], body: Vec::new(), after: vec![Step::Reply, Step::Idle] }
    }

    /// These steps and no other.
    pub fn exactly(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { before: Vec::new(), body: steps.into_iter().collect(), after: Vec::new() }
    }

    /// Any step.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.body.push(step);
        self
    }

    /// One `stream` message on stdout.
    #[must_use]
    pub fn stdout(self, text: impl Into<String>) -> Self {
        self.step(Step::Stream { name: "stdout", text: text.into() })
    }

    /// One `stream` message on stderr.
    #[must_use]
    pub fn stderr(self, text: impl Into<String>) -> Self {
        self.step(Step::Stream { name: "stderr", text: text.into() })
    }

    /// `lines` numbered lines of `bytes` bytes on stdout, one per message.
    #[must_use]
    pub fn flood(self, lines: usize, bytes: usize) -> Self {
        self.flood_by(lines, bytes, 1)
    }

    /// `lines` numbered lines of `bytes` bytes on stdout, `per_message` of them per message.
    #[must_use]
    pub fn flood_by(self, lines: usize, bytes: usize, per_message: usize) -> Self {
        self.step(Step::Flood { name: "stdout", lines, bytes, per_message: per_message.max(1) })
    }

    /// `display_data` with a mime bundle.
    #[must_use]
    pub fn display(self, data: Value) -> Self {
        self.step(Step::Output {
            kind: "display_data",
            content: json!({"data": data, "metadata": {}, "transient": {}}),
        })
    }

    /// `display_data` that can be updated.
    #[must_use]
    pub fn display_id(self, id: &str, data: Value) -> Self {
        let content = json!({"data": data, "metadata": {}, "transient": {"display_id": id}});
        self.step(Step::Output { kind: "display_data", content })
    }

    /// `update_display_data`.
    #[must_use]
    pub fn update_display(self, id: &str, data: Value) -> Self {
        let content = json!({"data": data, "metadata": {}, "transient": {"display_id": id}});
        self.step(Step::Output { kind: "update_display_data", content })
    }

    /// `clear_output`.
    #[must_use]
    pub fn clear_output(self, wait: bool) -> Self {
        self.step(Step::Output { kind: "clear_output", content: json!({"wait": wait}) })
    }

    /// `execute_result` with a mime bundle.
    #[must_use]
    pub fn result(self, data: Value) -> Self {
        self.step(Step::Result(data))
    }

    /// `execute_result` with plain text only.
    #[must_use]
    pub fn result_text(self, text: &str) -> Self {
        self.result(json!({"text/plain": text}))
    }

    /// The code raised. The traceback is made of the two.
    #[must_use]
    pub fn error(self, ename: &str, evalue: &str) -> Self {
        let traceback = vec![
            "\u{1b}[31m---------------------------------------------------------------------------\u{1b}[39m".to_owned(),
            format!("\u{1b}[31m{ename}\u{1b}[39m                                 Traceback (most recent call last)"),
            "\u{1b}[36mCell\u{1b}[39m\u{1b}[36m \u{1b}[39m\u{1b}[32mIn[1]\u{1b}[39m\u{1b}[32m, line 1\u{1b}[39m\n\u{1b}[32m----> \u{1b}[39m\u{1b}[32m1\u{1b}[39m raise".to_owned(),
            format!("\u{1b}[31m{ename}\u{1b}[39m: {evalue}"),
        ];
        self.step(Step::Error { ename: ename.to_owned(), evalue: evalue.to_owned(), traceback })
    }

    /// Waits for `Sim::open(gate)` before it goes on.
    #[must_use]
    pub fn wait(self, gate: &str) -> Self {
        self.step(Step::Wait(gate.to_owned()))
    }

    /// Runs until it is interrupted or dies.
    #[must_use]
    pub fn hang(self) -> Self {
        self.step(Step::Hang)
    }

    /// The engine dies here.
    #[must_use]
    pub fn die(self) -> Self {
        self.step(Step::Die)
    }

    /// Sends something unreadable, then goes on.
    #[must_use]
    pub fn garbage(self, garbage: Garbage) -> Self {
        self.step(Step::Garbage(garbage))
    }

    /// Does `step` in the name of another client's request.
    #[must_use]
    pub fn foreign(self, step: Step) -> Self {
        self.step(Step::Foreign(Box::new(step)))
    }

    /// Idle comes before the reply.
    #[must_use]
    pub fn idle_before_reply(mut self) -> Self {
        self.after = vec![Step::Idle, Step::Reply];
        self
    }

    /// The reply comes before all output; idle stays at the end.
    #[must_use]
    pub fn reply_first(mut self) -> Self {
        self.before.push(Step::Reply);
        self.after = vec![Step::Idle];
        self
    }

    /// What is added from here on comes after the reply and idle, as output of a thread does.
    #[must_use]
    pub fn afterwards(mut self) -> Self {
        self.body.append(&mut self.after);
        self
    }

    /// The reply waits for `Sim::open(gate)`; idle does not.
    #[must_use]
    pub fn late_reply(mut self, gate: &str) -> Self {
        self.after = vec![Step::Idle, Step::Wait(gate.to_owned()), Step::Reply];
        self
    }

    /// Idle waits for `Sim::open(gate)`; the reply does not.
    #[must_use]
    pub fn late_idle(mut self, gate: &str) -> Self {
        self.after = vec![Step::Reply, Step::Wait(gate.to_owned()), Step::Idle];
        self
    }

    /// No reply ever comes.
    #[must_use]
    pub fn without_reply(mut self) -> Self {
        self.after.retain(|step| *step != Step::Reply);
        self
    }

    /// No idle ever comes.
    #[must_use]
    pub fn without_idle(mut self) -> Self {
        self.after.retain(|step| *step != Step::Idle);
        self
    }
}

/// Line `number` (from 0) of a flood from engine `engine`: `bytes` bytes, its end included, or as few more as
/// its number needs.
pub fn flood_line(engine: u32, number: usize, bytes: usize) -> String {
    let mut line = format!("engine {engine} line {number} ");
    let room = bytes.saturating_sub(1);
    line.extend(std::iter::repeat_n('x', room.saturating_sub(line.len())));
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_line_has_the_asked_size_unless_its_number_needs_more() {
        assert_eq!(flood_line(3, 12, 80).len(), 80);
        assert_eq!(flood_line(3, 12, 1), "engine 3 line 12 \n");
    }

    #[test]
    fn output_after_afterwards_follows_idle() {
        let script = Script::new().stdout("a").afterwards().stdout("b");
        let late = Step::Stream { name: "stdout", text: "b".to_owned() };
        assert_eq!(&script.body[1..], [Step::Reply, Step::Idle, late]);
        assert!(script.after.is_empty());
    }
}
