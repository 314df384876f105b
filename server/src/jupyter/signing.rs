//! HMAC signatures over the four JSON frames of a message.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Signs and verifies with the key of a connection file. Never shows the key.
#[derive(Clone)]
pub struct Signer {
    /// `None` where the file's key is empty: then frames are neither signed nor checked.
    keyed: Option<Hmac<Sha256>>,
}

/// Why no signer could be made, or why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// `signature_scheme` of the connection file.
    #[error("the controller asks for the signature scheme '{0}'; pxlens knows hmac-sha256 only")]
    UnknownScheme(String),
    /// The frames were signed with another key, or changed on the way.
    #[error("the signature does not match")]
    Mismatch,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.keyed.is_some() { "hmac-sha256" } else { "unsigned" };
        f.debug_tuple("Signer").field(&kind).finish()
    }
}

impl Signer {
    /// A signer for `key`, the connection file's text as it stands there, and its `signature_scheme`.
    ///
    /// # Errors
    /// [`SigningError::UnknownScheme`].
    pub fn new(scheme: &str, key: &str) -> Result<Self, SigningError> {
        if scheme != "hmac-sha256" {
            return Err(SigningError::UnknownScheme(scheme.to_owned()));
        }
        let keyed = (!key.is_empty())
            .then(|| Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length"));
        Ok(Self { keyed })
    }

    /// The signature frame: 64 lower-case hex digits, or nothing without a key.
    pub fn sign(&self, frames: [&[u8]; 4]) -> String {
        let Some(mac) = self.over(frames) else { return String::new() };
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether `signature` is that of `frames`, in constant time.
    ///
    /// # Errors
    /// [`SigningError::Mismatch`].
    pub fn verify(&self, signature: &[u8], frames: [&[u8]; 4]) -> Result<(), SigningError> {
        let Some(mac) = self.over(frames) else { return Ok(()) };
        let bytes = unhex(signature).ok_or(SigningError::Mismatch)?;
        mac.verify_slice(&bytes).map_err(|_| SigningError::Mismatch)
    }

    fn over(&self, frames: [&[u8]; 4]) -> Option<Hmac<Sha256>> {
        let mut mac = self.keyed.clone()?;
        frames.iter().for_each(|frame| mac.update(frame));
        Some(mac)
    }
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.len().is_multiple_of(2).then_some(())?;
    text.chunks_exact(2).map(|pair| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()).collect()
}
