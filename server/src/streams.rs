//! Standard output and standard error: the one place that writes to them, but for the protocol of the language server.
//!
//! Nothing that a document, a file name, an engine or an error says controls a terminal from here. Texts for people are
//! filtered wherever they go, since pipes and logs end in terminals too; what programs read is exact, except on a terminal.

#![expect(clippy::disallowed_methods, reason = "this is the module that the rule names")]

use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
};

use crate::{
    blocking,
    run::{terminal_text, visible},
};

/// One of the two standard streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// For results.
    Stdout,
    /// For messages about them, and for the log.
    Stderr,
}

/// A text to write.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text<'a> {
    /// For people.
    Words(&'a str),
    /// For people; coloured by pxlens or the engines.
    Colored(&'a str),
    /// For programs.
    Json(&'a str),
    /// What ipyparallel prints, or a document; byte for byte where it goes to a file or a pipe.
    Exact(&'a str),
}

impl<'a> Text<'a> {
    /// What is written of it.
    pub(crate) fn written(self, to_terminal: bool) -> Cow<'a, str> {
        match self {
            Self::Words(text) => visible(text, false),
            Self::Colored(text) => visible(text, true),
            // Spelled out as JSON spells it, so that it still says the same.
            Self::Json(text) if to_terminal => visible(text, false),
            Self::Exact(text) if to_terminal => Cow::Owned(come_to(text)),
            Self::Json(text) | Self::Exact(text) => Cow::Borrowed(text),
        }
    }
}

/// What a terminal would show of an output, in its colours.
fn come_to(text: &str) -> String {
    let end = if text.ends_with('\n') { "\n" } else { "" };
    terminal_text(text, true) + end
}

/// Erases the line of the cursor.
const ERASE: &str = "\r\x1b[2K";

impl Stream {
    /// Writes a text, and does not keep any of it back. If nobody can read it any more, that is a broken pipe, also where it is a
    /// terminal that has gone.
    pub(crate) fn write(self, text: Text<'_>) -> io::Result<()> {
        blocking::in_place(|| self.put(&text.written(self.is_terminal())))
    }

    /// Writes over the line of the cursor, on a terminal.
    pub(crate) fn repaint(self, line: &str) -> io::Result<()> {
        blocking::in_place(|| self.put(&format!("{ERASE}{}", visible(line, false))))
    }

    fn put(self, text: &str) -> io::Result<()> {
        let written = match self {
            Self::Stdout => write_all(io::stdout().lock(), text),
            Self::Stderr => write_all(io::stderr().lock(), text),
        };
        written
            .map_err(|error| if self.has_hung_up(&error) { io::ErrorKind::BrokenPipe.into() } else { error })
    }

    /// Whether it is a terminal.
    pub(crate) fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }

    /// Whether colours are wanted: knows `NO_COLOR`, `CLICOLOR_FORCE` and whether this is a terminal.
    pub(crate) fn takes_color(self) -> bool {
        let choice = match self {
            Self::Stdout => anstream::AutoStream::choice(&io::stdout()),
            Self::Stderr => anstream::AutoStream::choice(&io::stderr()),
        };
        choice != anstream::ColorChoice::Never
    }

    /// The columns of a terminal, read each time since a window may be resized.
    pub(crate) fn columns(self) -> Option<usize> {
        let size = match self {
            Self::Stdout => terminal_size::terminal_size_of(io::stdout()),
            Self::Stderr => terminal_size::terminal_size_of(io::stderr()),
        };
        size.map(|(columns, _)| usize::from(columns.0))
    }

    /// Whether an error says that the terminal has gone. The same number means a broken disk where this is a file.
    #[cfg(unix)]
    fn has_hung_up(self, error: &io::Error) -> bool {
        use std::{fs::File, os::unix::fs::FileTypeExt};
        let is_device =
            || File::from(self.copy()?).metadata().map(|about| about.file_type().is_char_device());
        error.raw_os_error() == Some(nix::errno::Errno::EIO as i32) && is_device().unwrap_or(false)
    }

    #[cfg(not(unix))]
    fn has_hung_up(self, _: &io::Error) -> bool {
        false
    }

    /// Waits until nobody reads it any more: a pipe whose other end was closed, a terminal that has gone.
    #[cfg(unix)]
    pub(crate) async fn closed(self) {
        let (sender, closed) = tokio::sync::oneshot::channel();
        let wait = move || self.wait_until_closed().map(|()| sender.send(()));
        // A thread of its own: most streams are never closed, and the runtime waits for its own threads at the end.
        let waiting = std::thread::Builder::new().name("closed-stream".to_owned()).spawn(wait);
        if waiting.is_err() || closed.await.is_err() {
            // It cannot be watched; then it shows when something is written.
            std::future::pending().await
        }
    }

    #[cfg(unix)]
    fn wait_until_closed(self) -> io::Result<()> {
        use std::os::fd::AsFd;

        use nix::{
            errno::Errno,
            poll::{PollFd, PollFlags, PollTimeout, poll},
        };
        let copy = self.copy()?;
        // Errors are reported whatever is asked for.
        let mut watched = [PollFd::new(copy.as_fd(), PollFlags::empty())];
        while let Err(error) = poll(&mut watched, PollTimeout::NONE) {
            if error != Errno::EINTR {
                return Err(error.into());
            }
        }
        let closed = PollFlags::POLLERR | PollFlags::POLLHUP;
        match watched[0].revents() {
            Some(seen) if seen.intersects(closed) => Ok(()),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Never on this system: it shows when something is written.
    #[cfg(not(unix))]
    pub(crate) async fn closed(self) {
        std::future::pending().await
    }

    /// Another descriptor of the same stream.
    #[cfg(unix)]
    fn copy(self) -> io::Result<std::os::fd::OwnedFd> {
        use std::os::fd::AsFd;
        match self {
            Self::Stdout => io::stdout().as_fd().try_clone_to_owned(),
            Self::Stderr => io::stderr().as_fd().try_clone_to_owned(),
        }
    }
}

fn write_all(mut to: impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// Standard error as the log writes to it, one whole line at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogLines;

impl Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        Stream::Stderr.write(Text::Words(&String::from_utf8_lossy(line)))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A title, a C1 sequence, a colour, and characters that turn or hide text.
    const WILD: &str = "\x1b]0;title\x07\u{9b}2J\x1b[31mred\x1b[0m\u{202e}\u{200b}\r\n";

    #[test]
    fn texts_for_people_control_nothing_wherever_they_go() {
        for to_terminal in [false, true] {
            let words = r"\u001b]0;title\u0007\u009b2J\u001b[31mred\u001b[0m\u202e\u200b";
            assert_eq!(Text::Words(WILD).written(to_terminal), format!("{words}\r\n"));
            let colored = "\\u001b]0;title\\u0007\\u009b2J\x1b[31mred\x1b[0m\\u202e\\u200b\r\n";
            assert_eq!(Text::Colored(WILD).written(to_terminal), colored);
        }
    }

    #[test]
    fn texts_for_programs_are_exact_but_on_a_terminal() {
        assert_eq!(Text::Exact(WILD).written(false), WILD);
        assert_eq!(Text::Exact(WILD).written(true), "\\x9b2J\x1b[31mred\x1b[0m\\u202e\\u200b\n");
        let json = serde_json::json!(WILD).to_string();
        assert_eq!(Text::Json(&json).written(false), json);
        let shown = Text::Json(&json).written(true);
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).expect("still JSON"), WILD);
    }
}
