//! What a hover asks for: the card of a run.

use pxlens_protocol::ResultParams;

/// Which run's card, and how it is to be.
#[derive(Clone, Debug)]
pub struct CardWish {
    /// The run. A grouping in it goes before the one in which it is shown.
    pub of: ResultParams,
    /// How it is written.
    pub form: CardForm,
}

/// How a card is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardForm {
    /// As text, whole.
    Plain,
    /// As Markdown.
    Markdown {
        /// Commands that links may name; none for a client that does not follow such links.
        commands: &'static [&'static str],
        /// Whether images are shown.
        images: bool,
        /// Most bytes of it.
        bytes: usize,
    },
}
