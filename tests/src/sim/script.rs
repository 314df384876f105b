//! What a simulated engine does with a request: a list of steps, between those of every request.

use serde_json::{Value, json};

/// What one engine does with one `execute_request`.
///
/// [`Script::new`] is a run without output: busy, execute_input, reply, idle. Output is added between, in the order of the
/// calls. After [`Script::error`] the reply has the error too.
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
    /// Many numbered lines; see [`flood_line`].
    Flood {
        /// `stdout` or `stderr`.
        name: &'static str,
        /// How many lines.
        lines: usize,
        /// The length of each line, with its `\n`.
        bytes: usize,
        /// How many lines one `stream` message carries.
        per_message: usize,
    },
    /// A message on iopub.
    Output {
        /// Its type, from which the topic follows.
        kind: &'static str,
        /// Its content.
        content: Value,
    },
    /// `execute_result` with this mime bundle and the engine's count.
    Result(Value),
    /// `error` on iopub; the reply has it too.
    Error {
        /// The name of the exception.
        ename: String,
        /// Its message.
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
    /// The engine dies: an `unregistration_notification`, and nothing more.
    Die,
    /// The engine falls silent, and stays registered.
    Vanish,
    /// A message that is malformed or makes no sense.
    Garbage(Garbage),
    /// The step's messages as if they answered a request of another client.
    Foreign(Box<Step>),
    /// The step's messages twice, byte for byte.
    Twice(Box<Step>),
}

/// What can be wrong with a message. Each is sent on iopub *and* mux.
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
    /// A message whose content is no JSON, with the right signature.
    BadJson,
    /// A message whose parent header is a JSON list, with the right signature.
    BadParent,
    /// A message of a type that does not exist, with the right signature.
    UnknownType,
    /// A `stream` message whose content has no fields, with the right signature.
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

    /// Only these steps.
    pub fn exactly(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { before: Vec::new(), body: steps.into_iter().collect(), after: Vec::new() }
    }

    /// Adds any step.
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

    /// `display_data` with a `display_id`, by which [`Self::update_display`] replaces it.
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

    /// The code raised this, with a traceback like IPython's.
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

    /// The engine dies.
    #[must_use]
    pub fn die(self) -> Self {
        self.step(Step::Die)
    }

    /// Sends a malformed message, then goes on.
    #[must_use]
    pub fn garbage(self, garbage: Garbage) -> Self {
        self.step(Step::Garbage(garbage))
    }

    /// Does `step` as if for a request of another client.
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

    /// What is added after this comes after reply and idle, as the output of a thread may.
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

    /// Leaves out the reply.
    #[must_use]
    pub fn without_reply(mut self) -> Self {
        self.after.retain(|step| *step != Step::Reply);
        self
    }

    /// Leaves out idle.
    #[must_use]
    pub fn without_idle(mut self) -> Self {
        self.after.retain(|step| *step != Step::Idle);
        self
    }
}

/// The 0-based line `number` of the flood of engine `engine`: `bytes` bytes with its `\n`, or more where the number needs
/// them.
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
