//! `px/trust`.

use pxlens_protocol::TrustParams;

use crate::lsp::{backend::Backend, wire::compat::Lenient};

pub(crate) async fn handle(backend: &Backend, _: Lenient<TrustParams>) {
    backend.session.set_trust(true);
}
