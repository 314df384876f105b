//! `pxlens result [NAME]`: the kept result of a cell that was named with `-o`, or the list of these names.

use std::io::{self, Write};

use super::{Failure, Status, args::ResultArgs, images, output};
use crate::{
    cells::line_name,
    render::{self, About, Style},
    session::{KeptHead, KeptResult, ResultStore, ResultStoreError},
};

pub(super) fn result(args: &ResultArgs) -> Result<Status, Failure> {
    let store = ResultStore::new(None).map_err(refused)?;
    match &args.name {
        Some(name) => show(&store.load(name).map_err(refused)?, args),
        None => list(&store.list(), args.json),
    }
}

fn refused(error: ResultStoreError) -> Failure {
    Failure::new(Status::Usage, error)
}

/// Shows a result. The exit status does not depend on how its run ended.
fn show(kept: &KeptResult, args: &ResultArgs) -> Result<Status, Failure> {
    let mut out = io::stdout().lock();
    let head = &kept.head;
    let Some(run) = kept.run() else {
        let why = format!("the result '{}' holds no run", head.name);
        return Err(Failure::new(Status::Usage, why));
    };
    if args.json {
        output::write_events(&mut out, kept.events())?;
    } else if args.markdown {
        let about = About { title: &head.title, place: &place(head), images: &[] };
        out.write_all(render::report(&run, about, None).as_bytes())?;
    } else {
        let color = anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        let by = args.group_outputs.or(head.wanted_group_by()).unwrap_or_default();
        let style = Style { color, width: output::width(), place: None };
        let name = format!("{} · {}", head.name, about(head));
        write!(out, "── {name}\n{}", render::terminal(&run, by, style))?;
    }
    out.flush()?;
    if let Some(folder) = &args.images {
        let failed = |error: io::Error| {
            Failure::new(Status::Usage, format!("--images: {}: {error}", folder.display()))
        };
        let title = format!("{} · {}", head.name, about(head));
        for line in images::save(&run, head.cell, &title, folder).map_err(failed)? {
            writeln!(io::stderr(), "pxlens: {line}")?;
        }
    }
    Ok(Status::Ok)
}

fn list(heads: &[KeptHead], json: bool) -> Result<Status, Failure> {
    let mut out = io::stdout().lock();
    if json {
        for head in heads {
            serde_json::to_writer(&mut out, head).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        return Ok(Status::Ok);
    }
    if heads.is_empty() {
        writeln!(out, "No results are kept. To keep the result of a cell, name it: %%px -o NAME")?;
    }
    let width = heads.iter().map(|head| head.name.chars().count()).max().unwrap_or_default();
    for head in heads {
        let name = &head.name;
        writeln!(out, "{name:width$}  {} · {} · {}", head.ranks(), head.outcome, about(head))?;
    }
    Ok(Status::Ok)
}

/// Its cell, and when it ran.
fn about(head: &KeptHead) -> String {
    let at = i64::try_from(head.at.0).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    let at = at.map(|at| format!(" · {} UTC", at.strftime("%Y-%m-%d %H:%M:%S"))).unwrap_or_default();
    let title = render::terminal_text(&head.title, false);
    format!("{} · {title}{at}", place(head))
}

/// The file and line of its cell.
fn place(head: &KeptHead) -> String {
    let file = head.document.rsplit(['/', '\\']).next().unwrap_or_default();
    let place = head.place.clone().unwrap_or_else(|| line_name(None, head.line.saturating_sub(1)));
    format!("{} {}", render::terminal_text(file, false), render::terminal_text(&place, false))
}
