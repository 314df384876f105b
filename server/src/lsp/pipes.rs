//! The two ends of the pipe to the client, each of which notices when the client is gone.
//!
//! tower-lsp reads on after a broken output, and drains running handlers after the end of the input; with these two the
//! shell hears of both at once.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::lifetime::Lifetime;

/// The input, which tells the lifetime of its end.
#[derive(Debug)]
pub(super) struct Input<R> {
    inner: R,
    lifetime: Lifetime,
}

impl<R> Input<R> {
    pub(super) fn new(inner: R, lifetime: Lifetime) -> Self {
        Self { inner, lifetime }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Input<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.inner).poll_read(context, buffer));
        match &result {
            Ok(()) if buffer.filled().len() == before && buffer.remaining() > 0 => {
                self.lifetime.end("the client closed its end");
            }
            Ok(()) => {}
            Err(error) => self.lifetime.end(&format!("reading from the client failed: {error}")),
        }
        Poll::Ready(result)
    }
}

/// The output, which tells the lifetime when it breaks.
#[derive(Debug)]
pub(super) struct Output<W> {
    inner: W,
    lifetime: Lifetime,
}

impl<W> Output<W> {
    pub(super) fn new(inner: W, lifetime: Lifetime) -> Self {
        Self { inner, lifetime }
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.lifetime.end(&format!("writing to the client failed: {error}"));
        }
        result
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Output<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(Pin::new(&mut self.inner).poll_write(context, bytes));
        Poll::Ready(self.note(result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.inner).poll_flush(context));
        Poll::Ready(self.note(result))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
