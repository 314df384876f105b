//! Why a px cell cannot run, whatever the engines are, as sentences.

use super::{
    CellKind, ClusterWish, Magic,
    broken::{Broken, Why},
    found::Found,
};

/// Its options are known to IPython alone.
pub(crate) const DYNAMIC: &str = "the options hold {…} or $name, which IPython fills in from its own variables; pxlens knows none \
                                  of them: write the values out to run this";

/// It has nothing to send.
pub(crate) const EMPTY_BODY: &str = "%%px has no body: write code below it, or use %px for a single line";

/// An alias puts options before the line of a magic that takes none.
pub(crate) const OPTIONS_OF_ALIAS: &str = "%px takes no options, so the engines would get them as code";

/// An alias has the shell fill in what `%px` itself leaves alone.
pub(crate) const FILLED_IN: &str = "IPython fills in {…} and $name on the line of an alias from its own variables; pxlens \
                                    knows none of them: write %px itself, or the values";

/// A `sync_imports` block imports a star.
pub(crate) const STAR_IMPORT: &str = "sync_imports cannot import *: ipyparallel fails on the engines, which have no attribute of \
                                      that name; write %px from … import * below the block";

/// A `sync_imports` block that asks for what ipyparallel does not do.
pub(crate) const NOT_LOCAL: &str =
    "ipyparallel has no sync_imports(local=False), which raises NotImplementedError: write %px import …";

/// Its cell is a px cell for jupytext, by a comment that does not count here.
pub(crate) const IN_PX_BODY: &str = "its cell begins with a comment that jupytext makes a %%px of, and IPython then sends the lines \
                                     below it as they are, this magic included; write all px magics of the script with a \
                                     comment sign, or none";

/// IPython runs nothing of its cell, or nothing from a line above it on.
pub(super) fn broken_cell(broken: &Broken) -> String {
    let what = match broken.why {
        Why::Compiled(_) | Why::Ends(_) => "IPython ends this cell before it comes to this line",
        _ if broken.why.is_whole() => "IPython runs nothing of this cell",
        _ => "IPython runs nothing behind a line above in this cell",
    };
    format!("{what}: {}", broken.why)
}

/// A magic above it in its cell goes by a view that nothing makes.
pub(super) fn ended_cell(magic: &str) -> String {
    format!("IPython ends this cell before it comes to this line: pxlens knows no view that makes {magic}")
}

/// The view that it goes by is of another cluster than the one that the file is run on.
pub(super) fn other_cluster(cluster: &ClusterWish) -> String {
    format!(
        "this goes by a view of {}, which the line with `{}` {}, and pxlens runs a file on the cluster of its first client alone; \
         move it to a file that uses only that cluster",
        cluster.as_other(),
        cluster.code,
        if cluster.is_started { "starts" } else { "connects to" },
    )
}

/// Nothing makes the view that it goes by.
pub(super) fn unknown_view(magic: &Magic) -> String {
    format!(
        "no view with the suffix '{suffix}' is known, so pxlens cannot tell which engines %{name}{suffix} means; activate one \
         above, with view.activate('{suffix}'), or name its targets in the setting pxlens.views",
        suffix = magic.suffix,
        name = magic.kind,
    )
}

/// Why a px cell cannot run. One that is written with an alias says first what that stands for.
pub(super) fn refusal(found: &Found, has_view: bool) -> Option<String> {
    let why = why(found, has_view)?;
    Some(found.alias.as_ref().map_or(why.clone(), |alias| format!("this magic stands for {alias}: {why}")))
}

fn why(found: &Found, has_view: bool) -> Option<String> {
    let magic = &found.magic;
    if let Some(fault) = &found.fault {
        return Some(fault.to_string());
    }
    if let Some(error) = &magic.options.error {
        let signs = if found.kind == CellKind::CellMagic { "%%" } else { "%" };
        return Some(format!(
            "the options of {signs}{}{} are wrong: {}",
            magic.kind, magic.suffix, error.message
        ));
    }
    if magic.options.dynamic {
        return Some(DYNAMIC.to_owned());
    }
    if found.kind == CellKind::CellMagic && found.code.text().is_empty() {
        return Some(EMPTY_BODY.to_owned());
    }
    let needs_view = !matches!(found.kind, CellKind::Config | CellKind::Autopx);
    (needs_view && !has_view).then(|| unknown_view(magic))
}
