//! The output to the client. It replaces placeholders by raw responses, and notices a broken pipe, after which
//! tower-lsp would keep reading.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

use super::{lifetime::Lifetime, raw_response::RawResponses};

/// How many bytes are searched for the end of a header.
const HEADER: usize = 64;

/// The output to the client, which ends the lifetime when writing fails.
#[derive(Debug)]
pub(in crate::lsp) struct Encode<W> {
    inner: W,
    lifetime: Lifetime,
    store: RawResponses,
    state: State,
}

/// The position in the stream of messages.
#[derive(Debug)]
enum State {
    /// In a header, or in a message short enough to hold a placeholder: the bytes so far.
    Buffering(Vec<u8>),
    /// Bytes to write before anything else, how many of them are written, and how many bytes of the same message
    /// follow, which are passed through.
    Writing { bytes: Vec<u8>, done: usize, rest: usize },
}

impl<W: AsyncWrite + Unpin> Encode<W> {
    pub(in crate::lsp) fn new(inner: W, lifetime: Lifetime, store: RawResponses) -> Self {
        Self { inner, lifetime, store, state: State::Buffering(Vec::new()) }
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.lifetime.end(&format!("writing to the client failed: {error}"));
        }
        result
    }

    /// Writes the bytes that must be written before anything else.
    fn poll_write_pending(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
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
        if matches!(self.state, State::Writing { rest: 0, .. }) {
            self.state = State::Buffering(Vec::new());
        }
        Poll::Ready(Ok(()))
    }

    /// Buffers bytes up to the end of a header or of a short message; returns how many were taken.
    fn buffer(&mut self, new: &[u8]) -> usize {
        let State::Buffering(buffered) = &mut self.state else { return 0 };
        let before = buffered.len();
        let wanted = header(buffered).map_or(HEADER, |(end, length)| end + length - before);
        buffered.extend_from_slice(&new[..new.len().min(wanted)]);
        let Some((end, length)) = header(buffered) else { return buffered.len() - before };
        let is_short = RawResponses::may_hold(length);
        buffered.truncate(if is_short { end + length } else { end });
        let taken = buffered.len() - before;
        if !is_short {
            self.state = State::Writing { bytes: std::mem::take(buffered), done: 0, rest: length };
        } else if buffered.len() == end + length {
            let filled = self.store.fill(&buffered[end..]).map(|body| {
                let header = format!("Content-Length: {}\r\n\r\n", body.len());
                [header.as_bytes(), &body].concat()
            });
            let bytes = filled.unwrap_or_else(|| std::mem::take(buffered));
            self.state = State::Writing { bytes, done: 0, rest: 0 };
        }
        taken
    }
}

/// The end of the header at the start of a text, and the length of the message after it. tower-lsp writes the header.
fn header(text: &[u8]) -> Option<(usize, usize)> {
    let end = text.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let header = std::str::from_utf8(&text[..end]).unwrap_or_default();
    let length = header.strip_prefix("Content-Length: ").and_then(|length| length.parse().ok());
    // If the header is not understood, it is passed through, and what follows is read as another message.
    Some((end + 4, length.unwrap_or(0)))
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Encode<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_write_pending(context))?;
        let State::Writing { rest, .. } = &mut this.state else {
            return Poll::Ready(Ok(this.buffer(bytes)));
        };
        let part = &bytes[..bytes.len().min(*rest)];
        let result = ready!(Pin::new(&mut this.inner).poll_write(context, part));
        if let Ok(written) = &result {
            *rest -= written;
        }
        Poll::Ready(this.note(result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_pending(context))?;
        let result = ready!(Pin::new(&mut self.inner).poll_flush(context));
        Poll::Ready(self.note(result))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_pending(context))?;
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
    async fn placeholders_are_replaced_and_all_else_passes_through_however_it_is_split() {
        let long = format!("\"{}\"", "é".repeat(2000));
        for size in [1, 3, 7, 40, 600, 10_000] {
            let store = RawResponses::default();
            let mut written = Vec::new();
            let mut output = Encode::new(&mut written, Lifetime::default(), store.clone());
            let placeholder = serde_json::to_string(&store.put(&[1, 2]).unwrap()).unwrap();
            let mut messages = Vec::new();
            for body in
                [&long, "{}", &format!("{{\"result\":{placeholder}}}"), "", &long, "{\"result\":null}"]
            {
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
