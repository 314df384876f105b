//! `px/trust`.

use pxlens_protocol::TrustParams;

use crate::lsp::{
    backend::Backend,
    facade::{Change, Session},
    tolerance::Lenient,
};

pub(crate) async fn handle<S: Session>(backend: &Backend<S>, _: Lenient<TrustParams>) {
    backend.session.tell(Change::Trust(true));
}
