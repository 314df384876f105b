//! Converts a client's URI to a path, if it has one. The only place that interprets URIs.

use std::path::PathBuf;

use lsp_types::Uri;
use url::Url;

/// The path of a document's file; `None` for a document without a file (`untitled:`), or with one that only the client
/// can reach. A notebook's cell has no path of its own; its notebook has.
pub(crate) fn file_path(uri: &Uri) -> Option<PathBuf> {
    let url = Url::parse(&uri.0).ok().filter(|url| url.scheme() == "file")?;
    url.to_file_path().ok()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn check(uri: &str, path: Option<&str>) {
        assert_eq!(file_path(&Uri::from(uri)), path.map(PathBuf::from), "{uri}");
    }

    #[test]
    fn files_have_paths_however_the_client_escapes_them() {
        check("file:///h/a.py", Some("/h/a.py"));
        check("file:///h/a b.py", Some("/h/a b.py"));
        check("file:///h/a%20b.py", Some("/h/a b.py"));
        check("file:///h/é.py", Some("/h/é.py"));
        check("file:///h/%C3%A9.py", Some("/h/é.py"));
        check("file:///h/[id].py", Some("/h/[id].py"));
        check("file:///h/{x}|y^z.py", Some("/h/{x}|y^z.py"));
        check("file:///h/50%25.py", Some("/h/50%.py"));
    }

    #[test]
    fn a_document_without_a_local_file_has_no_path() {
        check("untitled:Untitled-1.ipynb", None);
        check("vscode-notebook-cell:/h/nb.ipynb#W0sZmlsZQ%3D%3D", None);
        check("vscode-notebook-cell://ssh-remote%2Bhost/h/nb.ipynb#X", None);
        check("vscode-vfs://github/a/b.py", None);
        check("", None);
    }
}
