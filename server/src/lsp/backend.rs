//! What handlers share: the client, the session, and what was negotiated.

use std::sync::{Arc, Mutex, OnceLock};

use futures::future::BoxFuture;
use lsp_types::{
    ConfigurationItem, InitializeParams, InitializeResult, InitializedParams, MessageType, Registration,
    ServerInfo, Uri, WorkspaceFolders,
};
use serde_json::Value;
use tower_lsp::{LanguageServer, jsonrpc};

use super::{
    capabilities,
    contents::Watched,
    diagnostics::Diagnostics,
    engines_changed::EnginesMarks,
    facade::{Change, Session},
    herald::Herald,
    lifetime::Lifetime,
    messages, parent,
    publish::{Credit, Mark, Marks, Publisher},
    settings::{BadSetting, Settings},
    tasks,
    written::Shelf,
};

/// The server as its handlers see it.
#[derive(Debug)]
pub(super) struct Backend<S> {
    pub(super) client: tower_lsp::Client,
    pub(super) session: S,
    /// Where large answers are left.
    pub(super) shelf: Shelf,
    lifetime: Lifetime,
    negotiated: OnceLock<Negotiated>,
    folders: Mutex<Vec<Uri>>,
    standing: Arc<Standing>,
    watched: Watched,
}

/// What settings come on top of, and what was said of them.
#[derive(Debug, Default)]
struct Standing {
    /// `initializationOptions`: what the client says later goes before it, key by key.
    options: OnceLock<Value>,
    /// Bad settings the user was told of, so that each is told once.
    told: Mutex<Vec<BadSetting>>,
}

/// What is there once `initialize` was answered.
#[derive(Debug)]
struct Negotiated {
    capabilities: capabilities::Client,
    marks: Option<Marks>,
    engines: Option<EnginesMarks>,
    diagnostics: Diagnostics,
}

impl<S: Session> Backend<S> {
    pub(super) fn new(client: tower_lsp::Client, session: S, lifetime: Lifetime, shelf: Shelf) -> Self {
        Self {
            client,
            session,
            shelf,
            lifetime,
            negotiated: OnceLock::new(),
            folders: Mutex::default(),
            standing: Arc::default(),
            watched: Watched::default(),
        }
    }

    /// What the client can do.
    pub(super) fn capabilities(&self) -> &capabilities::Client {
        // The router lets no handler run before `initialize` was answered.
        &self.negotiated.get().expect("initialize was answered").capabilities
    }

    /// A document is open from now on.
    pub(super) fn opened(&self, uri: &Uri) {
        if let Some(marks) = self.marks() {
            marks.mark(uri, Mark::Full);
        }
    }

    /// A document is closed.
    pub(super) fn closed(&self, uri: &Uri) {
        if let Some(marks) = self.marks() {
            marks.close(uri);
        }
        if let Some(negotiated) = self.negotiated.get() {
            negotiated.diagnostics.check(uri);
        }
    }

    /// Has the client ask again for a document that it was given, once there may be more of it.
    pub(super) fn watch(&self, uri: Uri, more: BoxFuture<'static, bool>) {
        self.watched.watch(uri, more, self.client.clone(), &self.lifetime);
    }

    /// The publisher's marks, if the client paints outputs.
    pub(super) fn marks(&self) -> Option<&Marks> {
        self.negotiated.get()?.marks.as_ref()
    }

    /// The client asks for the engines. Whether it hears of what changes afterwards.
    pub(super) fn engines_asked(&self) -> bool {
        let engines = self.negotiated.get().and_then(|negotiated| negotiated.engines.as_ref());
        if let Some(engines) = engines {
            engines.asked();
        }
        engines.is_some()
    }

    /// Tells the session of folders that came and went.
    pub(super) fn change_folders(&self, change: impl FnOnce(&mut Vec<Uri>)) {
        let folders = {
            let mut folders = self.folders.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            change(&mut folders);
            folders.clone()
        };
        self.session.tell(Change::Folders(folders));
    }

    /// Puts a section of settings in force.
    pub(super) fn configure(&self, section: &Value) {
        apply(&self.session, &self.client, &self.standing, section);
    }

    /// Asks the client for its settings, where it answers that. Does not wait for the answer.
    pub(super) fn pull_settings(&self) {
        let (session, client) = (self.session.clone(), self.client.clone());
        let standing = Arc::clone(&self.standing);
        tasks::spawn("settings", &self.lifetime, async move {
            let item = ConfigurationItem { section: Some("pxlens".into()), ..Default::default() };
            match tasks::ask(client.configuration(vec![item])).await {
                Ok(sections) => {
                    apply(&session, &client, &standing, sections.first().unwrap_or(&Value::Null));
                }
                Err(error) => tracing::warn!(%error, "the client did not tell its settings"),
            }
        });
    }

    fn start(&self, params: &InitializeParams) -> Negotiated {
        let capabilities = capabilities::Client::read(params);
        let extension = capabilities.extension;
        let marks = extension.outputs.then(|| {
            let credit = Credit { ack: extension.ack, blocks: extension.blocks };
            let (publisher, marks) = Publisher::new(self.session.clone(), self.client.clone(), credit);
            tasks::spawn("publisher", &self.lifetime, publisher.run());
            marks
        });
        let (diagnostics, checker) =
            Diagnostics::new(self.session.clone(), self.client.clone(), capabilities.related_information);
        tasks::spawn("diagnostics", &self.lifetime, checker);
        let engines = extension.engines.then(|| EnginesMarks::start(self.client.clone(), &self.lifetime));
        let herald = Herald::new(
            self.client.clone(),
            capabilities.clone(),
            marks.clone(),
            engines.clone(),
            diagnostics.clone(),
            self.lifetime.clone(),
        );
        tasks::spawn("herald", &self.lifetime, herald.run(self.session.happenings()));
        if let Some(pid) = params.process_id {
            tasks::spawn("parent", &self.lifetime, parent::watch(pid, self.lifetime.clone()));
        }
        Negotiated { capabilities, marks, engines, diagnostics }
    }
}

fn apply<S: Session>(session: &S, client: &tower_lsp::Client, standing: &Standing, section: &Value) {
    let options = standing.options.get().unwrap_or(&Value::Null);
    let (settings, bad) = Settings::read_over(options, section);
    session.tell(Change::Configure(Box::new(settings)));
    let mut told = standing.told.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for bad in bad.into_iter().filter(|bad| !told.contains(bad)).collect::<Vec<_>>() {
        let (client, text) = (client.clone(), bad.to_string());
        tracing::warn!("{text}");
        tokio::spawn(async move { messages::show(&client, MessageType::Warning, text).await });
        told.push(bad);
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

impl<S: Session> LanguageServer for Backend<S> {
    async fn initialize(&self, params: InitializeParams) -> jsonrpc::Result<InitializeResult> {
        let negotiated = self.negotiated.get_or_init(|| self.start(&params));
        let capabilities = &negotiated.capabilities;
        let options = params.initialization_options.as_ref().unwrap_or(&Value::Null);
        let trusted = options.get("trusted").and_then(Value::as_bool).unwrap_or(true);
        self.session.tell(Change::Encoding(capabilities.encoding.clone()));
        self.session.tell(Change::Trust(trusted));
        self.session.tell(Change::RunsLocal(capabilities.extension.run_local));
        self.change_folders(|all| *all = folders(&params));
        // A second `initialize` is refused before it comes here.
        let _ = self.standing.options.set(options.clone());
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
            tasks::spawn("registration", &self.lifetime, async move {
                let registration = Registration {
                    id: "pxlens-configuration".into(),
                    method: "workspace/didChangeConfiguration".into(),
                    register_options: Some(serde_json::json!({ "section": "pxlens" })),
                };
                if let Err(error) = tasks::ask(client.register_capability(vec![registration])).await {
                    tracing::warn!(%error, "the client does not tell when settings change");
                }
            });
        }
    }

    async fn shutdown(&self) -> jsonrpc::Result<()> {
        Ok(())
    }
}
