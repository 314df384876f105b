//! `pxlens result [NAME]`: the kept result of a cell that was named with `-o`, or the list of these names.

use std::io;

use super::{Failure, Status, args::ResultArgs, images, output, print, print_json};
use crate::{
    cells::LineName,
    render::{self, About, Style},
    session::{KeptHead, KeptResult, Level, ResultStore, ResultStoreError},
    streams::{Stream, Text},
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
    let head = &kept.head;
    let Some(run) = kept.run() else {
        let why = format!("the result '{}' holds no run", head.name);
        return Err(Failure::new(Status::Usage, why));
    };
    if args.json {
        print_json(&output::lines_of(kept.events())?)?;
    } else if args.markdown {
        let about = About { title: &head.title, place: &place(head), images: &[] };
        Stream::Stdout.write(Text::Exact(&render::report(&run, about, None)))?;
    } else {
        let color = Stream::Stdout.takes_color();
        let by = args.group_outputs.or(head.wanted_group_by()).unwrap_or_default();
        let style = Style { color, width: output::width(), place: None };
        let name = format!("{} · {}", head.name, about(head));
        Stream::Stdout.write(Text::Colored(&format!("── {name}\n{}", render::terminal(&run, by, style))))?;
    }
    if let Some(folder) = &args.images {
        let failed = |error: io::Error| {
            Failure::new(Status::Usage, format!("--images: {}: {error}", folder.display()))
        };
        let title = format!("{} · {}", head.name, about(head));
        for line in images::save(&run, head.cell, &title, folder).map_err(failed)? {
            output::say(Level::Info, &line);
        }
    }
    Ok(Status::Ok)
}

fn list(heads: &[KeptHead], json: bool) -> Result<Status, Failure> {
    if json {
        print_json(&output::lines_of(heads)?)?;
        return Ok(Status::Ok);
    }
    if heads.is_empty() {
        print("No results are kept. To keep the result of a cell, name it: %%px -o NAME\n")?;
    }
    let width = heads.iter().map(|head| head.name.chars().count()).max().unwrap_or_default();
    let line = |head: &KeptHead| {
        let name = &head.name;
        format!("{name:width$}  {} · {} · {}\n", head.ranks(), head.outcome, about(head))
    };
    print(&heads.iter().map(line).collect::<String>())?;
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
    let line = LineName { cell: None, line: head.line.saturating_sub(1) };
    let place = head.place.clone().unwrap_or_else(|| line.to_string());
    format!("{} {}", render::terminal_text(file, false), render::terminal_text(&place, false))
}
