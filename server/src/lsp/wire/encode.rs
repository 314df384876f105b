//! The output to the client, which puts written answers in the place of their words, and notices when the client is gone:
//! tower-lsp reads on after a broken one.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

use super::{lifetime::Lifetime, raw_response::RawResponses};

/// As much as is looked at for the end of a header.
const HEADER: usize = 64;

/// The output, which tells the lifetime when it breaks.
#[derive(Debug)]
pub(in crate::lsp) struct Encode<W> {
    inner: W,
    lifetime: Lifetime,
    store: RawResponses,
    state: State,
}

/// Where in the messages it is.
#[derive(Debug)]
enum State {
    /// In a header, or in a message short enough to hold a word: what is there of both.
    Gathering(Vec<u8>),
    /// Something to write before anything else, and how much of it is written; and how many bytes of a message that is
    /// passed on as it comes are behind it.
    Writing { bytes: Vec<u8>, done: usize, behind: usize },
}

impl<W: AsyncWrite + Unpin> Encode<W> {
    pub(in crate::lsp) fn new(inner: W, lifetime: Lifetime, store: RawResponses) -> Self {
        Self { inner, lifetime, store, state: State::Gathering(Vec::new()) }
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.lifetime.end(&format!("writing to the client failed: {error}"));
        }
        result
    }

    /// Writes what is to be written before anything else.
    fn poll_settle(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let State::Writing { bytes, done, .. } = &mut self.state
            && *done < bytes.len()
        {
            match ready!(Pin::new(&mut self.inner).poll_write(context, &bytes[*done..])) {
                Ok(0) => {
                    let error = Err(io::ErrorKind::WriteZero.into());
                    return Poll::Ready(self.note(error));
                }
                Ok(written) => *done += written,
                Err(error) => return Poll::Ready(self.note(Err(error))),
            }
        }
        if matches!(self.state, State::Writing { behind: 0, .. }) {
            self.state = State::Gathering(Vec::new());
        }
        Poll::Ready(Ok(()))
    }

    /// Takes bytes in up to where something can be decided; gives how many.
    fn gather(&mut self, new: &[u8]) -> usize {
        let State::Gathering(gathered) = &mut self.state else { return 0 };
        let before = gathered.len();
        let wanted = header(gathered).map_or(HEADER, |(end, length)| end + length - before);
        gathered.extend_from_slice(&new[..new.len().min(wanted)]);
        let Some((end, length)) = header(gathered) else { return gathered.len() - before };
        let is_short = RawResponses::may_hold(length);
        gathered.truncate(if is_short { end + length } else { end });
        let taken = gathered.len() - before;
        if !is_short {
            self.state = State::Writing { bytes: std::mem::take(gathered), done: 0, behind: length };
        } else if gathered.len() == end + length {
            let filled = self.store.fill(&gathered[end..]).map(|body| {
                let header = format!("Content-Length: {}\r\n\r\n", body.len());
                [header.as_bytes(), &body].concat()
            });
            let bytes = filled.unwrap_or_else(|| std::mem::take(gathered));
            self.state = State::Writing { bytes, done: 0, behind: 0 };
        }
        taken
    }
}

/// Where the header ends that a text begins with, and how long the message behind it is. It is tower-lsp that writes it.
fn header(text: &[u8]) -> Option<(usize, usize)> {
    let end = text.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let header = std::str::from_utf8(&text[..end]).unwrap_or_default();
    let length = header.strip_prefix("Content-Length: ").and_then(|length| length.parse().ok());
    // A message that is not understood is passed on with its header, and then what follows, as a message of its own.
    Some((end + 4, length.unwrap_or(0)))
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Encode<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_settle(context))?;
        let State::Writing { behind, .. } = &mut this.state else {
            return Poll::Ready(Ok(this.gather(bytes)));
        };
        let part = &bytes[..bytes.len().min(*behind)];
        let result = ready!(Pin::new(&mut this.inner).poll_write(context, part));
        if let Ok(written) = &result {
            *behind -= written;
        }
        Poll::Ready(this.note(result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_settle(context))?;
        let result = ready!(Pin::new(&mut self.inner).poll_flush(context));
        Poll::Ready(self.note(result))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_settle(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn message(body: &str) -> Vec<u8> {
        format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[tokio::test]
    async fn words_are_replaced_and_all_else_passes_whatever_the_pieces() {
        let long = format!("\"{}\"", "é".repeat(2000));
        for size in [1, 3, 7, 40, 600, 10_000] {
            let store = RawResponses::default();
            let mut written = Vec::new();
            let mut output = Encode::new(&mut written, Lifetime::default(), store.clone());
            let word = serde_json::to_string(&store.put(&[1, 2]).unwrap()).unwrap();
            let mut messages = Vec::new();
            for body in [&long, "{}", &format!("{{\"result\":{word}}}"), "", &long, "{\"result\":null}"] {
                messages.extend(message(body));
            }
            for piece in messages.chunks(size) {
                output.write_all(piece).await.unwrap();
                output.flush().await.unwrap();
            }
            let mut expected = Vec::new();
            for body in [&long, "{}", "{\"result\":[1,2]}", "", &long, "{\"result\":null}"] {
                expected.extend(message(body));
            }
            assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(expected).unwrap(), "{size}");
        }
    }
}
