//! The local parts of `--local` cells, handed to a client that has a kernel of its own.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use lsp_types::MessageType;
use pxlens_protocol::RunLocalParams;

use super::messages;
use crate::lsp::{tasks, wire::lifetime::Lifetime};

/// Sends `px/runLocal`, and tells the user what the client could not do.
#[derive(Debug)]
pub(in crate::lsp) struct RunLocal {
    client: tower_lsp::Client,
    lifetime: Lifetime,
    /// Sentences that were shown: a client without a kernel has none for the next cell either.
    said: Arc<Mutex<BTreeSet<String>>>,
}

impl RunLocal {
    pub(in crate::lsp) fn new(client: tower_lsp::Client, lifetime: Lifetime) -> Self {
        Self { client, lifetime, said: Arc::default() }
    }

    /// Hands one over. Does not wait for the answer, which comes when the client's kernel is done.
    pub(in crate::lsp) fn send(&self, params: RunLocalParams) {
        let (client, said) = (self.client.clone(), Arc::clone(&self.said));
        tasks::spawn("local part", &self.lifetime, async move {
            let Err(error) = client.send_request::<pxlens_protocol::RunLocal>(params).await else { return };
            let text = format!("the local part of a --local cell was not run: {}", error.message);
            let is_new = said.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone());
            if is_new {
                messages::show(&client, MessageType::Warning, text).await;
            }
        });
    }
}
