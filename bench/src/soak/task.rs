//! What simulated engines do in the soak, and what of it is to be seen.

use pxlens_tests::sim::{Garbage, Script, Step};
use serde_json::json;

/// Stands around each mark.
pub(super) const QUOTE: char = '¤';

/// Lines in the output of [`Kind::Many`], and how many a message has.
const MANY: usize = 400;
const PER_MESSAGE: usize = 40;

/// Messages of [`Kind::Large`], and about how many bytes each has: more than pxlens keeps in memory of one engine.
const LARGE: usize = 30;
const LARGE_MESSAGE: usize = 40_000;

/// What the code of a px cell does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Nothing,
    Lines,
    Mixed,
    Progress,
    Many,
    Large,
    Error,
    /// One engine raises.
    OneError,
    IdleBeforeReply,
    ReplyFirst,
    Garbage,
    /// Output for another client in between.
    Foreign,
    /// Runs until it is interrupted.
    Hang,
    /// One engine dies after its output.
    Die,
}

impl Kind {
    const ALL: [(Self, &str); 14] = [
        (Self::Nothing, "nothing"),
        (Self::Lines, "lines"),
        (Self::Mixed, "mixed"),
        (Self::Progress, "progress"),
        (Self::Many, "many"),
        (Self::Large, "large"),
        (Self::Error, "error"),
        (Self::OneError, "one_error"),
        (Self::IdleBeforeReply, "idle_before_reply"),
        (Self::ReplyFirst, "reply_first"),
        (Self::Garbage, "garbage"),
        (Self::Foreign, "foreign"),
        (Self::Hang, "hang"),
        (Self::Die, "die"),
    ];

    /// What the dice choose from.
    pub(super) const COMMON: [Self; 23] = [
        Self::Nothing,
        Self::Lines,
        Self::Lines,
        Self::Lines,
        Self::Lines,
        Self::Mixed,
        Self::Mixed,
        Self::Mixed,
        Self::Mixed,
        Self::Mixed,
        Self::Progress,
        Self::Progress,
        Self::Many,
        Self::Many,
        Self::Error,
        Self::OneError,
        Self::IdleBeforeReply,
        Self::IdleBeforeReply,
        Self::ReplyFirst,
        Self::Garbage,
        Self::Foreign,
        Self::Foreign,
        Self::Hang,
    ];
}

/// The code of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task {
    pub(super) number: usize,
    pub(super) kind: Kind,
    /// The engine to which something happens in some kinds.
    pub(super) engine: u32,
}

/// The marks that an engine writes.
pub(super) struct Marks {
    pub(super) all: Vec<String>,
    /// Those that have to be shown: of a long text its beginning and its end.
    pub(super) shown: Vec<String>,
}

impl Task {
    pub(super) fn code(self) -> String {
        let name = Kind::ALL.iter().find(|(kind, _)| *kind == self.kind).map_or("", |(_, name)| name);
        format!("soak({}, '{name}', {})", self.number, self.engine)
    }

    /// The task that a code stands for.
    pub(super) fn read(code: &str) -> Option<Self> {
        let arguments = code.trim().strip_prefix("soak(")?.strip_suffix(')')?;
        let mut arguments = arguments.split(", ");
        let number = arguments.next()?.parse().ok()?;
        let name = arguments.next()?.trim_matches('\'');
        let kind = Kind::ALL.iter().find(|(_, known)| *known == name)?.0;
        Some(Self { number, kind, engine: arguments.next()?.parse().ok()? })
    }

    fn mark(self, engine: u32, place: usize) -> String {
        format!("{}.{engine}.{place}", self.number)
    }

    /// What the engine writes, and what of it is shown.
    pub(super) fn marks(self, engine: u32) -> Marks {
        let places = match self.kind {
            Kind::Nothing => 0,
            Kind::Lines | Kind::Die => 5,
            Kind::Mixed => 4,
            Kind::Progress | Kind::Error | Kind::OneError | Kind::Hang => 1,
            Kind::Many => MANY,
            Kind::Large => LARGE,
            Kind::IdleBeforeReply | Kind::ReplyFirst | Kind::Garbage | Kind::Foreign => 2,
        };
        let all: Vec<String> = (0..places).map(|place| self.mark(engine, place)).collect();
        let shown = match self.kind {
            Kind::Large => vec![self.mark(engine, 0), self.mark(engine, LARGE - 1)],
            // It may be interrupted before it writes.
            Kind::Hang => Vec::new(),
            _ => all.clone(),
        };
        Marks { all, shown }
    }

    pub(super) fn script(self, engine: u32) -> Script {
        let mark = |place| format!("{QUOTE}{}{QUOTE}", self.mark(engine, place));
        let line = |place| mark(place) + "\n";
        let lines =
            |script: Script, count| (0..count).fold(script, |script, place| script.stdout(line(place)));
        let new = Script::new();
        match self.kind {
            Kind::Nothing => new,
            Kind::Lines => lines(new, 5),
            Kind::Mixed => {
                let display =
                    json!({ "text/plain": mark(2), "text/html": format!("<b>{}</b>", self.number) });
                new.stdout(line(0)).stderr(line(1)).display(display).result_text(&mark(3))
            }
            Kind::Progress => {
                let bars = (0..60)
                    .fold(new, |script, step| script.stderr(format!("\r{step:3}% \u{1b}[32m██\u{1b}[0m")));
                bars.stderr(format!("\r\u{1b}[2K{}", line(0)))
            }
            Kind::Many => {
                let messages = (0..MANY).step_by(PER_MESSAGE);
                messages.fold(new, |script, first| {
                    script.stdout((first..first + PER_MESSAGE).map(line).collect::<String>())
                })
            }
            Kind::Large => (0..LARGE).fold(new, |script, place| {
                let filling = "a line of sixty-four bytes, as programs print them in their logs\n"
                    .repeat(LARGE_MESSAGE / 65);
                script.stdout(if place == 0 { line(0) + &filling } else { filling + &line(place) })
            }),
            Kind::Error => new.stdout(line(0)).error("ValueError", "every engine raises this"),
            Kind::OneError if engine == self.engine => new.stdout(line(0)).error("KeyError", "here alone"),
            Kind::OneError => new.stdout(line(0)),
            Kind::IdleBeforeReply => lines(new, 2).idle_before_reply(),
            Kind::ReplyFirst => lines(new.reply_first(), 2),
            Kind::Garbage => {
                let garbage = Garbage::ALL[self.number % Garbage::ALL.len()];
                // Some of it is an answer of this engine, with which its part would be over.
                let garbage = match garbage {
                    Garbage::BadJson | Garbage::MissingFields | Garbage::BadUtf8 => Garbage::BadSignature,
                    other => other,
                };
                new.stdout(line(0)).garbage(garbage).stdout(line(1))
            }
            Kind::Foreign => {
                let other =
                    Step::Stream { name: "stdout", text: format!("{QUOTE}of another client{QUOTE}\n") };
                new.stdout(line(0)).foreign(other).stdout(line(1))
            }
            Kind::Hang => new.stdout(line(0)).hang(),
            Kind::Die if engine == self.engine => lines(new, 5).die(),
            Kind::Die => lines(new, 5),
        }
    }
}
