//! Sends the local parts of `--local` cells to a client that has a kernel of its own.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use lsp_types::MessageType;
use pxlens_protocol::RunLocalParams;

use super::messages;
use crate::lsp::{tasks, wire::lifetime::Lifetime};

/// Sends `px/runLocal`, and shows the user the client's errors.
#[derive(Debug)]
pub(in crate::lsp) struct RunLocal {
    client: tower_lsp::Client,
    lifetime: Lifetime,
    /// Messages that were shown, so that each is shown once: without a kernel, every cell fails alike.
    shown: Arc<Mutex<BTreeSet<String>>>,
}

impl RunLocal {
    pub(in crate::lsp) fn new(client: tower_lsp::Client, lifetime: Lifetime) -> Self {
        Self { client, lifetime, shown: Arc::default() }
    }

    /// Sends a local part. Does not wait for the answer, which comes when the client's kernel is done.
    pub(in crate::lsp) fn send(&self, params: RunLocalParams) {
        let (client, shown) = (self.client.clone(), Arc::clone(&self.shown));
        tasks::spawn("local part", &self.lifetime, async move {
            let Err(error) = client.send_request::<pxlens_protocol::RunLocal>(params).await else { return };
            let text = format!("The local part of a --local cell was not run: {}", error.message);
            let is_new = shown.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone());
            if is_new {
                messages::show(&client, MessageType::Warning, text).await;
            }
        });
    }
}
