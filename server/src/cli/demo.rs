//! `pxlens demo`: a bundled example, run on a local cluster of its own that ends with it.

use std::path::PathBuf;

use etcetera::BaseStrategy;

use super::{
    Failure, Status,
    args::{ClusterArgs, DemoArgs, LocalArgs, PlaceArgs, RunArgs},
    file::SourceFile,
    no_cluster,
    output::say,
    quit::Quits,
    run::run_source,
};
use crate::{cells::Dialect, cluster::python, private, session::Level};

/// The example; also a file that users can open in an editor.
const EXAMPLE: &str = include_str!("../../../examples/demo.py");

/// Printed at the end.
const CLOSING: &str =
    "this was examples/demo.py; its error is part of the demo. Now try `pxlens run` with a file of your own";

/// Runs the example. The error in it is meant, so the exit status is 0 although an engine raised.
pub(super) async fn demo(args: DemoArgs) -> Result<Status, Failure> {
    // A folder of its own, so that no cluster the user runs is found and used.
    let ipython_dir = private::temporary_folder("pxlens-demo-", &std::env::temp_dir())?;
    let place = PlaceArgs { ipython_dir: Some(ipython_dir.path().to_owned()) };
    // Left in place to be looked at; the next demo overwrites it.
    let images = etcetera::choose_base_strategy()
        .map_or_else(|_| std::env::temp_dir(), |dirs| dirs.cache_dir())
        .join("pxlens")
        .join("demo");
    private::make_own_folder(&images)?;
    let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let mut quits = Quits::listen();
    // The example draws a plot.
    let python =
        python::ready_python_for_demo(args.local.python.as_deref(), &folder, |text| say(Level::Info, text));
    let python = tokio::select! {
        python = python => python.map_err(no_cluster)?,
        quit = quits.asked() => return Ok(Status::Quit(quit)),
    };
    let file = SourceFile {
        path: PathBuf::from("demo.py"),
        label: "demo.py".to_owned(),
        text: EXAMPLE.to_owned(),
        dialect: Dialect::Script,
        folder,
    };
    let run = RunArgs {
        canary: false,
        views: Vec::new(),
        format: None,
        file: PathBuf::from("demo.py"),
        cell: None,
        line: None,
        targets: None,
        group_by: None,
        plain: false,
        json: false,
        keep_going: true,
        images: Some(images),
        cluster: ClusterArgs { place, ..ClusterArgs::default() },
        local: LocalArgs { python: Some(python.program), ..args.local },
    };
    match run_source(file, run, &mut quits).await? {
        Status::EngineFailed | Status::Ok => {
            say(Level::Info, CLOSING);
            Ok(Status::Ok)
        }
        other => Ok(other),
    }
}
