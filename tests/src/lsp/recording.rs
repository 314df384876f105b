//! Records conversations for `tests/clients/messages.py`, which checks every message against the specification.
//!
//! Only where `PXLENS_TEST_MESSAGES` names a folder, as `cargo xtask test` does, and only of pxlens: the servers of the harness'
//! own tests do not keep to LSP.

use std::{
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Mutex, PoisonError},
};

use lsp_server::Message;
use serde_json::json;

/// The file of one conversation: one message a line, a request before its answer.
#[derive(Debug)]
pub(super) struct Recording(Option<Mutex<File>>);

impl Recording {
    /// Records a conversation with this program, unless none is wanted.
    pub(super) fn begin(program: &Path) -> Self {
        let is_pxlens = program.file_stem().is_some_and(|name| name == "pxlens");
        let Some(folder) = std::env::var_os("PXLENS_TEST_MESSAGES").filter(|_| is_pxlens) else {
            return Self(None);
        };
        let name = format!("messages-{}.jsonl", uuid::Uuid::new_v4());
        let file = File::create(Path::new(&folder).join(name))
            .unwrap_or_else(|error| panic!("PXLENS_TEST_MESSAGES names no folder to write to: {error}"));
        Self(Some(Mutex::new(file)))
    }

    pub(super) fn write(&self, sender: &str, message: &Message) {
        let Some(file) = &self.0 else { return };
        let mut message = serde_json::to_value(message).expect("a message is JSON");
        message["jsonrpc"] = json!("2.0");
        let line = format!("{}\n", json!({"from": sender, "message": message}));
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).expect("the folder of PXLENS_TEST_MESSAGES can be written");
    }
}
