//! Fuzzing: cargo-fuzz builds the programs in `fuzz/targets`, which then look for input that breaks a property.
//!
//! What they find to be interesting is kept under target/fuzz/corpus, beside the small corpora in `fuzz/corpus`.

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    steps::{Steps, cargo, program},
    vscode,
};

/// The version of cargo-fuzz.
const CARGO_FUZZ: &str = "0.13.2";

/// How long each target runs in CI.
const SHORT: Duration = Duration::from_secs(10);

/// How long one input may take, in seconds, and how much memory a target, in MB. More is a bug.
const MOST_SECONDS: u32 = 20;
const MOST_MEMORY: u32 = 2048;

/// The longest input that is tried, in bytes.
const LONGEST: u32 = 8000;

/// A short run of all targets.
pub(crate) fn step(root: &Path, steps: &mut Steps) {
    const FUZZING: &str = "fuzzing";
    match lacking(root) {
        Some(why) if !vscode::is_ci() => steps.skip(FUZZING, why),
        Some(why) => drop(steps.run(FUZZING, || bail!("{why}"))),
        None => drop(steps.run(FUZZING, || fuzz(root, None, None))),
    }
}

/// Runs one target, or all, for so many minutes each or for a short time.
pub(crate) fn fuzz(root: &Path, target: Option<&str>, minutes: Option<f64>) -> Result<()> {
    if let Some(why) = lacking(root) {
        bail!("{why}");
    }
    let known = targets(root)?;
    let chosen: Vec<String> =
        known.iter().filter(|name| target.is_none_or(|target| target == *name)).cloned().collect();
    ensure!(!chosen.is_empty(), "no such target; there are {}", known.join(", "));
    let time = minutes.map_or(SHORT, |minutes| Duration::from_secs_f64(60.0 * minutes.clamp(0.0, 10_000.0)));
    let built = build(root, minutes.is_some())?;
    let waiting = Mutex::new(chosen.iter());
    let ran = Mutex::new(Vec::new());
    let at_once = thread::available_parallelism().map_or(1, NonZero::get).min(chosen.len());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("no holder of this lock panics").next();
                    let Some(name) = next else { return };
                    let result = run(root, &built, name, time);
                    ran.lock().expect("no holder of this lock panics").push((name.clone(), result));
                }
            });
        }
    });
    report(ran.into_inner().expect("no holder of this lock panics"))
}

/// What the machine lacks for it.
fn lacking(root: &Path) -> Option<&'static str> {
    let has_compiler =
        ["c++", "clang++", "g++"].iter().any(|name| program(root, name).arguments(&["--version"]).succeeds());
    match () {
        () if cfg!(windows) => Some("libFuzzer is not built on Windows"),
        () if !has_compiler => Some("there is no C++ compiler, with which libFuzzer is built"),
        () => None,
    }
}

/// The names of the targets.
fn targets(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("fuzz/targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Builds all targets; returns the folder in which they are. With optimizations that takes minutes, and then each second of
/// fuzzing does several times as much.
fn build(root: &Path, optimized: bool) -> Result<PathBuf> {
    let home = root.join("target/cargo-fuzz");
    let cargo_fuzz = home.join("bin/cargo-fuzz");
    let version = program(root, &cargo_fuzz).arguments(&["--version"]).output().unwrap_or_default();
    if version.trim() != format!("cargo-fuzz {CARGO_FUZZ}") {
        let version = format!("={CARGO_FUZZ}");
        cargo(
            root,
            &["install", "cargo-fuzz", "--locked", "--quiet", "--force", "--version", &version, "--root"],
        )
        .path(&home)
        .run()?;
    }
    let about = program(root, "rustc").arguments(&["--version", "--verbose"]).output()?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names its host")?;
    let to = root.join("target/fuzz");
    let mut build = program(root, &cargo_fuzz);
    build.arguments(&["build", "--sanitizer", "none", "--features", "libfuzzer", "--target", host]);
    if !optimized {
        build.arguments(&["--dev"]);
    }
    build.arguments(&["--target-dir"]).path(&to).run()?;
    Ok(to.join(host).join(if optimized { "release" } else { "debug" }))
}

/// What came of a target.
struct Ran {
    executions: u64,
    seconds: f64,
    /// What it found, as the end of what it wrote.
    found: Option<String>,
}

fn run(root: &Path, built: &Path, name: &str, time: Duration) -> Result<Ran> {
    let folder = root.join("target/fuzz");
    let corpus = folder.join("corpus").join(name);
    fs::create_dir_all(&corpus)?;
    let found = folder.join("found");
    fs::create_dir_all(&found)?;
    let log = folder.join(format!("{name}.log"));
    // A short run tries the same each time: it fails for what was changed, and not by chance.
    let seed = u8::from(time <= SHORT);
    let begun = Instant::now();
    let status = Command::new(built.join(name))
        .arg(format!("-max_total_time={}", time.as_secs().max(1)))
        .arg(format!("-timeout={MOST_SECONDS}"))
        .arg(format!("-rss_limit_mb={MOST_MEMORY}"))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-artifact_prefix={}/{name}-", found.display()))
        .arg("-print_final_stats=1")
        .arg(format!("-seed={seed}"))
        .args([corpus, root.join("fuzz/corpus").join(name)])
        .stdout(std::process::Stdio::null())
        .stderr(fs::File::create(&log)?)
        .status()?;
    let seconds = begun.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let executions = text
        .lines()
        .filter_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .find_map(|number| number.trim().parse().ok());
    let end = || {
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    };
    Ok(Ran { executions: executions.unwrap_or_default(), seconds, found: (!status.success()).then(end) })
}

/// Prints what came of each target; an error if one found something.
fn report(mut ran: Vec<(String, Result<Ran>)>) -> Result<()> {
    ran.sort_by(|one, other| one.0.cmp(&other.0));
    println!("| target | executions | seconds | found |\n|---|---|---|---|");
    let mut failed = Vec::new();
    for (name, result) in ran {
        let Ran { executions, seconds, found } = result.with_context(|| format!("{name} did not run"))?;
        let said = if found.is_some() { "a failure" } else { "nothing" };
        println!("| {name} | {executions} | {seconds:.0} | {said} |");
        failed.extend(found.map(|end| (name, end)));
    }
    for (name, end) in &failed {
        println!("\n{name}:\n{end}");
    }
    if !failed.is_empty() {
        bail!("{} targets found a failure; its input is under target/fuzz/found", failed.len());
    }
    Ok(())
}
