//! Messages to and from the frames of one multipart message:
//! `[prefix…] <IDS|MSG> signature header parent_header metadata content [buffer…]`.

use bytes::Bytes;

use super::{Message, ParentHeader, Signer, SigningError, message::Header};
use crate::json;

/// Stands between the routing frames and the message.
const DELIMITER: &[u8] = b"<IDS|MSG>";

/// Why frames are not a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FrameError {
    /// No frame is the delimiter.
    #[error("no <IDS|MSG> frame among {0} frames")]
    NoDelimiter(usize),
    /// Fewer than five frames stand after the delimiter.
    #[error("only {0} frames after <IDS|MSG>, 5 are needed")]
    TooFewFrames(usize),
    /// The signature is wrong.
    #[error(transparent)]
    Signature(#[from] SigningError),
    /// A header that is no JSON object of the known shape.
    #[error("unreadable {which}: {source}")]
    Json {
        /// The name of the header.
        which: &'static str,
        /// Serde's error.
        source: serde_json::Error,
    },
}

/// Reads the frames of one message, and checks its signature.
///
/// # Errors
/// See [`FrameError`]; the connection can live on.
pub(crate) fn decode(signer: &Signer, mut frames: Vec<Bytes>) -> Result<Message, FrameError> {
    let at = frames
        .iter()
        .position(|frame| frame.as_ref() == DELIMITER)
        .ok_or(FrameError::NoDelimiter(frames.len()))?;
    let after = frames.len() - at - 1;
    if after < 5 {
        return Err(FrameError::TooFewFrames(after));
    }
    let [signature, header, parent, metadata, content] = [1, 2, 3, 4, 5].map(|i| frames[at + i].clone());
    frames.truncate(at);
    signer.verify(&signature, [&header, &parent, &metadata, &content])?;
    let header = read::<Header>("header", &header)?;
    let parent = read::<ParentHeader>("parent_header", &parent)?;
    Ok(Message { prefix: frames, header, parent, metadata, content })
}

/// The signed frames of a message without a parent, as every request is.
///
/// The content is not copied, since many messages may share it.
pub(crate) fn encode(
    signer: &Signer,
    prefix: &[&[u8]],
    header: &Header,
    metadata: &str,
    content: Bytes,
) -> Vec<Bytes> {
    let header = serde_json::to_vec(header).expect("a header is plain strings");
    let signature = signer.sign([&header, b"{}", metadata.as_bytes(), &content]);
    let mut frames: Vec<Bytes> = prefix.iter().map(|frame| Bytes::copy_from_slice(frame)).collect();
    frames.push(Bytes::from_static(DELIMITER));
    frames.push(Bytes::from(signature));
    frames.push(Bytes::from(header));
    frames.push(Bytes::from_static(b"{}"));
    frames.push(Bytes::copy_from_slice(metadata.as_bytes()));
    frames.push(content);
    frames
}

fn read<T: serde::de::DeserializeOwned>(which: &'static str, frame: &[u8]) -> Result<T, FrameError> {
    json::read(frame).map_err(|source| FrameError::Json { which, source })
}
