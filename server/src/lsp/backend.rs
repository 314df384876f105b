//! The state that handlers share: the client, the session, and what was negotiated.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::future::BoxFuture;
use lsp_types::{
    ConfigurationItem, InitializeParams, InitializeResult, InitializedParams, MessageType, Registration,
    ServerInfo, Uri, WorkspaceFolders,
};
use serde_json::Value;
use tokio::sync::mpsc;
use tower_lsp::{LanguageServer, jsonrpc};

use super::{
    capabilities, file_path, from_proto,
    notify::{
        Notifier,
        contents::Watched,
        diagnostics::Diagnostics,
        engines::EnginesMarks,
        messages,
        outputs::{Announced, Mark, Marks, Publisher, SessionView},
    },
    settings::{self, BadSetting, Settings},
    tasks,
    wire::{lifetime::Lifetime, parent, raw_response::RawResponses},
};
use crate::session::{Session, SessionEvent};

const UNCLEAR_TRUST: &str = "The editor says neither yes nor no to whether this workspace is trusted, so pxlens does not trust it and \
     runs nothing; set initializationOptions.trusted to true or false";

/// What a server is made of before `initialize`.
#[derive(Debug)]
pub(super) struct Setup {
    pub(super) session: Session,
    /// The session's events.
    pub(super) events: mpsc::UnboundedReceiver<SessionEvent>,
    pub(super) lifetime: Lifetime,
    pub(super) raw: RawResponses,
}

/// The server's state, as handlers use it.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) client: tower_lsp::Client,
    pub(super) session: Session,
    /// Large responses that are already serialised.
    pub(super) raw: RawResponses,
    /// `None` once `initialize` was received.
    events: Mutex<Option<mpsc::UnboundedReceiver<SessionEvent>>>,
    lifetime: Lifetime,
    negotiated: OnceLock<Negotiated>,
    configured: Arc<Configured>,
    watched: Watched,
}

/// The client's settings.
#[derive(Debug, Default)]
struct Configured {
    /// `initializationOptions`; later settings override them key by key.
    options: OnceLock<Value>,
    /// The folders of the window, and the settings as they were last read.
    now: Mutex<(Vec<Uri>, Settings)>,
    /// Invalid settings that the user was told about, so that each is reported once.
    reported: Mutex<Vec<BadSetting>>,
}

/// What exists once `initialize` was answered.
#[derive(Debug)]
struct Negotiated {
    capabilities: Arc<capabilities::Client>,
    marks: Option<Marks>,
    engines: Option<EnginesMarks>,
    diagnostics: Diagnostics,
}

impl Backend {
    pub(super) fn new(client: tower_lsp::Client, setup: Setup) -> Self {
        let Setup { session, events, lifetime, raw } = setup;
        Self {
            client,
            session,
            raw,
            events: Mutex::new(Some(events)),
            lifetime,
            negotiated: OnceLock::new(),
            configured: Arc::default(),
            watched: Watched::default(),
        }
    }

    /// What the client can do.
    pub(super) fn capabilities(&self) -> Arc<capabilities::Client> {
        // The router runs no handler before `initialize` was answered.
        Arc::clone(&self.negotiated.get().expect("initialize was answered").capabilities)
    }

    /// Shows the user a message, without waiting for it.
    pub(super) fn show_message(&self, severity: MessageType, text: impl Into<String>) {
        let (client, text) = (self.client.clone(), text.into());
        self.spawn("message", async move { messages::show(&client, severity, text).await });
    }

    /// Spawns a task that ends with the client.
    pub(super) fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        tasks::spawn(name, &self.lifetime, work);
    }

    /// Notes that a document was opened.
    pub(super) fn opened(&self, uri: &Uri) {
        if let Some(marks) = self.marks() {
            marks.mark(uri, Mark::Full);
        }
    }

    /// Notes that a document was closed.
    pub(super) fn closed(&self, uri: &Uri) {
        if let Some(marks) = self.marks() {
            marks.close(uri);
        }
        if let Some(negotiated) = self.negotiated.get() {
            negotiated.diagnostics.closed(uri);
        }
    }

    /// Asks the client to reload a document once there may be more of it.
    pub(super) fn watch(&self, uri: Uri, more: BoxFuture<'static, bool>) {
        self.watched.watch(uri, more, self.client.clone(), &self.lifetime);
    }

    /// The marks of the publisher, if the client paints outputs.
    pub(super) fn marks(&self) -> Option<&Marks> {
        self.negotiated.get()?.marks.as_ref()
    }

    /// Notes that the client requested the engines. Returns whether it is notified of later changes.
    pub(super) fn engines_requested(&self) -> bool {
        let engines = self.negotiated.get().and_then(|negotiated| negotiated.engines.as_ref());
        if let Some(engines) = engines {
            engines.requested();
        }
        engines.is_some()
    }

    /// Changes the workspace folders.
    pub(super) fn change_folders(&self, change: impl FnOnce(&mut Vec<Uri>)) {
        self.configured.change(&self.session, |(folders, _)| change(folders));
    }

    /// Puts a section of the settings in force.
    pub(super) fn configure(&self, section: &Value) {
        for text in self.configured.read(&self.session, section) {
            self.show_message(MessageType::Warning, text);
        }
    }

    /// Requests the client's settings, without waiting for the answer.
    pub(super) fn pull_settings(&self) {
        let (session, client) = (self.session.clone(), self.client.clone());
        let configured = Arc::clone(&self.configured);
        self.spawn("settings", async move {
            let item = ConfigurationItem { section: Some("pxlens".into()), ..Default::default() };
            match tasks::request(client.configuration(vec![item])).await {
                Ok(sections) => {
                    for text in configured.read(&session, sections.first().unwrap_or(&Value::Null)) {
                        messages::show(&client, MessageType::Warning, text).await;
                    }
                }
                Err(error) => tracing::warn!(%error, "the client did not send its settings"),
            }
        });
    }

    fn start(&self, params: &InitializeParams) -> Negotiated {
        let capabilities = capabilities::Client::read(params);
        let extension = capabilities.extension;
        let marks = extension.outputs.then(|| {
            let announced = Announced { ack: extension.ack, blocks: extension.blocks };
            let view = SessionView { session: self.session.clone(), runs_local: extension.run_local };
            let (publisher, marks) = Publisher::new(view, self.client.clone(), announced);
            tasks::spawn("publisher", &self.lifetime, publisher.run());
            marks
        });
        let (diagnostics, checker) = Diagnostics::new(
            self.session.clone(),
            self.client.clone(),
            capabilities.related_information,
            capabilities.diagnostic_versions,
        );
        tasks::spawn("diagnostics", &self.lifetime, checker);
        let engines = extension.engines.then(|| EnginesMarks::start(self.client.clone(), &self.lifetime));
        let notifier = Notifier::new(
            self.client.clone(),
            &capabilities,
            marks.clone(),
            engines.clone(),
            diagnostics.clone(),
            self.lifetime.clone(),
        );
        // A second `initialize` is rejected before it gets here.
        if let Some(events) = self.events.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tasks::spawn("notifier", &self.lifetime, notifier.run(events));
        }
        if let Some(pid) = params.process_id {
            tasks::spawn("parent", &self.lifetime, parent::watch(pid, self.lifetime.clone()));
        }
        Negotiated { capabilities: Arc::new(capabilities), marks, engines, diagnostics }
    }
}

impl Configured {
    /// Parses a section of the settings and puts it in force. An invalid value keeps its default. Returns the problems that
    /// have not been reported before.
    fn read(&self, session: &Session, section: &Value) -> Vec<String> {
        let options = self.options.get().unwrap_or(&Value::Null);
        let (settings, bad) = Settings::read_over(options, section);
        self.change(session, |(_, now)| *now = settings);
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = Vec::new();
        for bad in bad {
            if !reported.contains(&bad) {
                tracing::warn!("{bad}");
                new.push(bad.to_string());
                reported.push(bad);
            }
        }
        new
    }

    fn change(&self, session: &Session, change: impl FnOnce(&mut (Vec<Uri>, Settings))) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut now);
        let (folders, settings) = &*now;
        session.configure(from_proto::settings(settings, folders.iter().find_map(file_path)));
    }
}

#[expect(deprecated, reason = "older clients have only a root")]
fn folders(params: &InitializeParams) -> Vec<Uri> {
    match &params.workspace_folders_initialize_params.workspace_folders {
        Some(WorkspaceFolders::WorkspaceFolderList(folders)) => {
            folders.iter().map(|folder| folder.uri.clone()).collect()
        }
        _ => params.root_uri.iter().cloned().collect(),
    }
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: InitializeParams) -> jsonrpc::Result<InitializeResult> {
        let negotiated = self.negotiated.get_or_init(|| self.start(&params));
        let capabilities = &negotiated.capabilities;
        let options = params.initialization_options.as_ref().unwrap_or(&Value::Null);
        let trusted = settings::trusted(options);
        self.session.set_encoding(from_proto::encoding(&capabilities.encoding));
        self.session.set_trust(trusted == Some(true));
        if trusted.is_none() {
            self.show_message(MessageType::Warning, UNCLEAR_TRUST);
        }
        self.change_folders(|all| *all = folders(&params));
        // A second `initialize` is rejected before it gets here.
        let _ = self.configured.options.set(options.clone());
        self.configure(&Value::Null);
        Ok(InitializeResult {
            capabilities: capabilities::server(capabilities),
            server_info: Some(ServerInfo {
                name: "pxlens".into(),
                version: Some(env!("CARGO_PKG_VERSION").into()),
            }),
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        let capabilities = self.capabilities();
        if capabilities.configuration {
            self.pull_settings();
        }
        if capabilities.watches_configuration {
            let client = self.client.clone();
            self.spawn("registration", async move {
                let registration = Registration {
                    id: "pxlens-configuration".into(),
                    method: "workspace/didChangeConfiguration".into(),
                    register_options: Some(serde_json::json!({ "section": "pxlens" })),
                };
                if let Err(error) = tasks::request(client.register_capability(vec![registration])).await {
                    tracing::warn!(%error, "the client does not report changes of the settings");
                }
            });
        }
    }

    async fn shutdown(&self) -> jsonrpc::Result<()> {
        Ok(())
    }
}
