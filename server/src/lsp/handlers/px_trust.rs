//! `px/trust`.

use pxlens_protocol::TrustParams;

use crate::lsp::{backend::Backend, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, params: Lenient<TrustParams>) {
    let Some(params) = params.or_log("px/trust") else { return };
    match params.trusted.unwrap_or(true) {
        true => backend.session.set_trust(true),
        false => {
            tracing::warn!("px/trust that says `trusted: false` changes nothing: trust is not taken back")
        }
    }
}
