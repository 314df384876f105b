//! `workspace/executeCommand`: the commands of lenses, code actions and cards. Each command takes one object.

use lsp_types::ExecuteCommandParams;
use pxlens_protocol::{GroupParams, GroupResult, RunParams, Scope, commands};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tower_lsp::jsonrpc::{Error, Result};

use super::{
    copy, px_clear, px_compare, px_console, px_export, px_interrupt, px_result, px_run, show_output,
    show_run, unknown::no_run, write_view,
};
use crate::lsp::{backend::Backend, from_proto, wire::compat::drop_nulls};

pub(crate) async fn handle(backend: &Backend, params: ExecuteCommandParams) -> Result<Value> {
    let call = Call { command: &params.command, arguments: params.arguments };
    match call.command {
        commands::RUN => to_value(px_run::command(backend, call.argument()?).await?),
        commands::RUN_ABOVE => to_value(px_run::command(backend, call.scoped(Scope::Above)?).await?),
        commands::RUN_BELOW => to_value(px_run::command(backend, call.scoped(Scope::Below)?).await?),
        commands::RUN_ALL => to_value(px_run::command(backend, call.scoped(Scope::All)?).await?),
        commands::INTERRUPT => to_value(px_interrupt::command(backend, call.argument()?).await?),
        commands::SHOW_RESULT => to_value(px_result::show(backend, call.argument()?).await?),
        commands::CONSOLE => to_value(px_console::command(backend, call.argument()?).await?),
        commands::SHOW_OUTPUT => to_value(show_output::show(backend, call.argument()?).await?),
        commands::SHOW_RUN => to_value(show_run::show(backend, call.argument()?).await),
        commands::EXPORT => to_value(px_export::command(backend, call.argument()?).await?),
        commands::WRITE_VIEW => to_value(write_view::write(backend, call.argument()?).await),
        commands::GROUP => to_value(group(backend, call.argument()?).await?),
        commands::COPY => to_value(copy::copy(backend, call.argument()?).await?),
        commands::COMPARE => to_value(px_compare::command(backend, call.argument()?).await?),
        commands::CLEAR => to_value(px_clear::handle(backend, call.argument()?).await?),
        other => Err(Error::invalid_params(format!("pxlens has no command {other}"))),
    }
}

/// A command and its arguments.
struct Call<'a> {
    command: &'a str,
    arguments: Option<Vec<Value>>,
}

impl Call<'_> {
    /// The one argument.
    fn argument<T: DeserializeOwned>(self) -> Result<T> {
        let mut first = self.arguments.unwrap_or_default().into_iter().next().unwrap_or(Value::Null);
        if let Value::Object(object) = &mut first {
            drop_nulls(object);
        }
        serde_json::from_value(first)
            .map_err(|error| Error::invalid_params(format!("{} takes one object: {error}", self.command)))
    }

    fn scoped(self, scope: Scope) -> Result<RunParams> {
        Ok(RunParams { scope, ..self.argument()? })
    }
}

fn to_value(result: impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(result).unwrap_or_default())
}

/// Changes the grouping of a run.
async fn group(backend: &Backend, params: GroupParams) -> Result<GroupResult> {
    let (run, group_by) = (from_proto::run_id(params.run), from_proto::group_by(params.group_by));
    if !backend.session.regroup(run, group_by).await {
        return Err(no_run(run));
    }
    Ok(GroupResult { run: params.run, group_by: params.group_by })
}
