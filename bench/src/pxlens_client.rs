//! The pxlens side of the round trip, in a process of its own so that its CPU time can be read.
//!
//! Reads lines `rounds N` from stdin; runs `%%px` / `1+1` that often through the session, as a face does; answers each with
//! one line of JSON: `{"seconds": [...], "cpu": seconds}`.

use std::{io::BufRead, path::Path, time::Instant};

use anyhow::{Context, Result, bail};
use pxlens::{
    cells::Dialect,
    cluster::discovery::Selection,
    plan::Overrides,
    run::RunState,
    session::{Ask, DocumentKey, Scope, Session, Settings, StartPolicy},
    text::Encoding,
};

pub(crate) async fn serve(connection_file: &Path) -> Result<()> {
    let cluster = Selection { connection_file: Some(connection_file.to_owned()), ..Selection::default() };
    let settings = Settings { cluster, ..Settings::default() };
    let (session, _notices) = Session::start(settings, Encoding::Utf8, true, false);
    let document = DocumentKey::from("bench.py");
    session.open(document.clone(), Dialect::Script, 0, "%%px\n1+1\n".to_owned());
    session.connect(StartPolicy::Never).await?;
    let mut line = String::new();
    while std::io::stdin().lock().read_line(&mut line)? > 0 {
        let rounds: usize = line.trim().strip_prefix("rounds ").context("rounds N is needed")?.parse()?;
        line.clear();
        let cpu = cpu_seconds()?;
        let mut seconds = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let begun = Instant::now();
            round(&session, &document).await?;
            seconds.push(begun.elapsed().as_secs_f64());
        }
        println!("{}", serde_json::json!({ "seconds": seconds, "cpu": cpu_seconds()? - cpu }));
    }
    session.shutdown().await;
    Ok(())
}

async fn round(session: &Session, document: &DocumentKey) -> Result<()> {
    let ask = Ask {
        document: document.clone(),
        scope: Scope::All,
        overrides: Overrides::default(),
        keep_going: false,
        start: StartPolicy::Never,
    };
    let asked = session.run(ask).await?;
    let handle = asked.runs.first().context("one run")?;
    let state = handle.view.clone().wait_for(|run| run.is_over()).await?.state();
    if state != RunState::Succeeded {
        bail!("1+1 ended as {state:?}");
    }
    Ok(())
}

/// User and system time of this process so far.
fn cpu_seconds() -> Result<f64> {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF)?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}
