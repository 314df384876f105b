//! Spilling text, the room that files may take, and what is left of killed processes.

use super::*;
use crate::{
    engines::EngineId,
    jupyter::content::{MimeBundle, StreamName},
    render::JsonKind,
    run::{RunRequest, Time},
    session::read_back,
};

fn run(engines: u32) -> Run {
    let engines = (0..engines).map(EngineId).collect();
    Run::new(RunId(7), Arc::new(RunRequest { code: "f()".into(), engines, single: false }), Time(0), true)
}

fn wrote(slot: u32, text: &str) -> Event {
    let kind = EventKind::Stream { name: StreamName::Stdout, text: text.to_owned() };
    Event { slot: Slot(slot), at: Time(0), kind }
}

fn limits(engine_text: usize, parent: &Path) -> Limits {
    Limits { engine_text, folder: Some(parent.to_owned()), ..Limits::NONE }
}

fn spill(engine_text: usize, parent: &Path) -> Spill {
    let limits = limits(engine_text, parent);
    Spill::new(limits.clone(), Arc::new(SpillFolder::new(Arc::default(), limits, RunId(7))))
}

#[tokio::test]
async fn a_long_text_is_in_the_file_whole_and_in_memory_with_both_ends() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut spill = spill(2000, parent.path());
    let mut run = run(2);
    let lines: Vec<String> = (0..1000).map(|n| format!("line {n}\n")).collect();
    for lines in lines.chunks(30) {
        let events = lines.iter().map(|line| wrote(1, line)).chain([wrote(0, "x")]);
        spill.apply(&mut run, events).await.expect("it can be written");
    }
    let part = run.part(Slot(1)).expect("it is there");
    assert!(part.kept() <= 2000, "{}", part.kept());
    let file = part.spilled.clone().expect("it was spilled");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), lines.concat());
    let kept = part.stream(StreamName::Stdout);
    assert!(kept.starts_with("line 0\nline 1\n") && kept.ends_with("line 998\nline 999\n"));
    assert!(run.part(Slot(0)).expect("it is there").spilled.is_none());
    drop(spill);
    wait_until_deleted(&file).await;
}

#[tokio::test]
async fn a_large_message_is_taken_in_by_parts_between_characters() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut spill = spill(2000, parent.path());
    let mut run = run(1);
    // Three bytes each: no part of it can end where a slice does.
    let text = "\u{20ac}".repeat(SLICE);
    assert_eq!(parts(wrote(0, &text)).count(), 4);
    spill.apply(&mut run, [wrote(0, "a\n"), wrote(0, &text)].into_iter()).await.expect("it can be written");
    let part = run.part(Slot(0)).expect("it is there");
    assert!(part.kept() <= 2000, "{}", part.kept());
    let file = part.spilled.clone().expect("it was spilled");
    assert!(fs::read_to_string(&file).expect("it is there") == format!("a\n{text}"));
}

/// Waits until the file is deleted.
async fn wait_until_deleted(file: &Path) {
    let looking = async {
        while file.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    pxlens_tests::within("the file to go with its last holder", looking).await;
}

#[test]
fn dropping_the_last_holder_of_a_folder_does_not_wait_for_its_deletion() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build();
    runtime.expect("a runtime").block_on(async {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = Arc::new(SpillFolder::new(Arc::default(), limits(usize::MAX, parent.path()), RunId(7)));
        let file = folder.put("fold.txt", "text").expect("it can be written");
        // The one blocking thread is kept busy.
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || wait.recv());
        drop(folder);
        assert!(file.exists(), "it was not taken away in this task");
        go_on.send(()).expect("it waits");
        wait_until_deleted(&file).await;
    });
}

#[tokio::test]
async fn nothing_is_appended_to_a_file_that_was_deleted_or_changed() {
    let texts: Vec<String> = (0..4).map(|n| format!("{n:0499}\n")).collect();
    for delete in [true, false] {
        let parent = tempfile::tempdir().expect("a folder");
        let mut spill = spill(100, parent.path());
        let mut run = run(1);
        spill.apply(&mut run, [wrote(0, &texts[0])].into_iter()).await.expect("it can be written");
        let file = run.part(Slot(0)).and_then(|part| part.spilled.clone()).expect("it was spilled");
        if delete {
            fs::remove_file(&file).expect("it is there");
        } else {
            fs::write(&file, "other text").expect("it can be written");
        }
        let error = spill.apply(&mut run, [wrote(0, &texts[1])].into_iter()).await.expect_err("it is gone");
        assert!(error.contains("kept in memory"), "{error}");
        spill.apply(&mut run, [wrote(0, &texts[2])].into_iter()).await.expect("it is reported once");
        let kept = run.part(Slot(0)).expect("it is there").stream(StreamName::Stdout);
        assert!(kept.ends_with(&texts[1..3].concat()), "later output is in memory");
        assert_eq!(file.exists(), !delete, "no new file was made in its place");
    }
}

/// Moves all but the ends of a text of one engine to the files of a run, whose folder is among others in `space`.
async fn write_run(
    space: &Arc<SpillSpace>,
    limits: Limits,
    id: u32,
    text: &str,
) -> (Arc<SpillFolder>, Run, Vec<String>) {
    let folder = Arc::new(SpillFolder::new(Arc::clone(space), limits.clone(), RunId(id)));
    let mut spill = Spill::new(limits, Arc::clone(&folder));
    let (mut run, mut warnings) = (run(1), Vec::new());
    for piece in text.as_bytes().chunks(1000) {
        let piece = std::str::from_utf8(piece).expect("it is ASCII");
        warnings.extend(spill.apply(&mut run, [wrote(0, piece)].into_iter()).await.err());
    }
    (folder, run, warnings)
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = || fs::read_dir(folder).expect("it is there").flatten();
    entries()
        .map(|entry| match entry.path() {
            path if path.is_dir() => bytes_in(&path),
            path => fs::metadata(path).expect("it is there").len(),
        })
        .sum()
}

/// It was 2.3 GB after six floods.
#[tokio::test]
async fn files_of_finished_runs_make_room_for_new_ones_the_oldest_first() {
    let parent = tempfile::tempdir().expect("a folder");
    let limits = Limits { files: 30_000, ..limits(2000, parent.path()) };
    let space = Arc::default();
    let text = "0123456789abcde\n".repeat(625);
    let mut all = Vec::new();
    for id in 1..=6 {
        let (folder, run, warnings) = write_run(&space, limits.clone(), id, &text).await;
        assert_eq!(warnings, [] as [String; 0]);
        folder.run_is_over();
        all.push((folder, run));
        assert!(bytes_in(parent.path()) <= 30_000, "{}", bytes_in(parent.path()));
    }
    let hold: Vec<Files> = all.iter().map(|(folder, _)| folder.files()).collect();
    assert_eq!(hold, [[Files::Gone; 3], [Files::Whole; 3]].concat());
    let file = |at: usize| all[at].1.part(Slot(0)).and_then(|part| part.spilled.clone()).expect("a file");
    assert!(!file(2).exists());
    assert_eq!(fs::read_to_string(file(3)).expect("it is there"), text);
    // One that is about to be read stays; the next oldest goes.
    let reading = all[3].0.reading();
    write_run(&space, limits, 7, &text).await;
    assert_eq!((file(3).exists(), file(4).exists()), (true, false));
    drop(reading);
}

#[tokio::test]
async fn a_run_without_room_keeps_the_beginning_in_its_file_and_both_ends_in_memory() {
    let parent = tempfile::tempdir().expect("a folder");
    let limits = Limits { files: 25_000, ..limits(2000, parent.path()) };
    let space = Arc::default();
    // A run that goes on makes no room.
    let (going_on, ..) = write_run(&space, limits.clone(), 1, &"x".repeat(10_000)).await;
    let text: String = (0..10_000).map(|n| format!("line {n:04}\n")).collect();
    let (folder, run, warnings) = write_run(&space, limits, 2, &text).await;
    let [warning] = warnings.try_into().expect("one warning");
    assert!(
        warning.contains("more than fits into the 0 MB that the files of all runs may take"),
        "{warning}"
    );
    assert_eq!((going_on.files(), folder.files()), (Files::Whole, Files::Beginning));
    let part = run.part(Slot(0)).expect("it is there");
    let kept = part.stream(StreamName::Stdout);
    assert!(part.kept() <= 3000 && text.starts_with(&kept[..400]) && kept.ends_with("line 9999\n"));
    let written = fs::read_to_string(part.spilled.as_deref().expect("a file")).expect("it is there");
    assert!(text.starts_with(&written) && written.len() > 10_000, "{}", written.len());
    assert!(bytes_in(parent.path()) <= 25_000);
}

#[tokio::test]
async fn late_output_of_a_run_whose_files_are_gone_is_no_error() {
    let parent = tempfile::tempdir().expect("a folder");
    let limits = limits(2000, parent.path());
    let folder = Arc::new(SpillFolder::new(Arc::default(), limits.clone(), RunId(7)));
    let mut spill = Spill::new(limits, Arc::clone(&folder));
    let mut run = run(1);
    spill.apply(&mut run, [wrote(0, &"x".repeat(5000))].into_iter()).await.expect("it can be written");
    folder.discard();
    for _ in 0..5 {
        spill.apply(&mut run, [wrote(0, &"y".repeat(5000))].into_iter()).await.expect("it is dropped");
    }
    assert!(run.part(Slot(0)).expect("it is there").kept() <= 2000);
    assert_eq!((bytes_in(parent.path()), folder.files()), (0, Files::Gone));
    // A document of what is left can still be written.
    assert!(folder.put("fold.txt", "text").expect("it can be written").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_user_can_open_the_folder_and_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().expect("a folder");
    let (folder, run, _) =
        write_run(&Arc::default(), limits(100, &parent.path().join("new")), 1, &"x".repeat(5000)).await;
    let document = folder.put("fold.txt", "text").expect("it can be written");
    let file = run.part(Slot(0)).and_then(|part| part.spilled.clone()).expect("it was spilled");
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let of_run = file.parent().expect("a folder");
    assert_eq!([&*file, &document, &of_run.join(LOCK)].map(mode), [0o600; 3]);
    assert_eq!([of_run, of_run.parent().expect("a folder")].map(mode), [0o700; 2]);
}

#[cfg(unix)]
#[test]
fn what_other_users_put_beside_the_folders_is_left_alone() {
    let parent = tempfile::tempdir().expect("a folder");
    let theirs = parent.path().join(format!("{}1-r1-abc", owner()));
    fs::create_dir(&theirs).expect("it can be made");
    // Opening it waits for a writer.
    nix::unistd::mkfifo(&theirs.join(LOCK), nix::sys::stat::Mode::S_IRWXU).expect("it can be made");
    if let Err(error) = std::os::unix::fs::chown(&theirs, Some(65534), None) {
        eprintln!("SKIPPED: only root can give files away ({error})");
        return;
    }
    sweep(parent.path());
    assert!(theirs.exists());
}

#[tokio::test]
async fn folders_whose_lock_nobody_holds_are_deleted() {
    let parent = tempfile::tempdir().expect("a folder");
    let left = parent.path().join(format!("{}1-r1-abc", owner()));
    let others = parent.path().join(format!("elsewhere{}1-r1-abc", owner()));
    let longer = parent.path().join(format!("{}-12@1-r1-abc", owner().trim_end_matches('@')));
    let live = parent.path().join(format!("{}2-r1-abc", owner()));
    for folder in [&left, &others, &longer, &live] {
        fs::create_dir(folder).expect("it can be made");
    }
    for folder in [&left, &others, &longer] {
        drop(lock(folder).expect("it can be locked"));
    }
    let held = lock(&live).expect("it can be locked");
    let mut spill = spill(100, parent.path());
    let mut run = run(1);
    spill.apply(&mut run, [wrote(0, &"x".repeat(500))].into_iter()).await.expect("it can be written");
    assert!(!left.exists() && others.exists() && longer.exists() && live.exists());
    drop(held);
}

#[cfg(unix)]
#[test]
fn a_folder_that_was_never_locked_or_used_is_deleted_after_a_day() {
    let parent = tempfile::tempdir().expect("a folder");
    let made = |name: &str, file: Option<&str>, days: u64| {
        let folder = parent.path().join(format!("{}{name}", owner()));
        fs::create_dir(&folder).expect("it can be made");
        if let Some(file) = file {
            fs::write(folder.join(file), "").expect("it can be written");
        }
        let then = std::time::SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60 + 60);
        File::open(&folder).and_then(|folder| folder.set_modified(then)).expect("its time can be set");
        folder
    };
    let left = [made("1-r1-a", None, 1), made("2-r1-b", Some(UNLOCKED), 1)];
    let others = [made("3-r1-c", None, 0), made("4-r1-d", Some("engine-0.txt"), 1)];
    sweep(parent.path());
    assert!(left.iter().all(|folder| !folder.exists()), "they are empty and old");
    assert!(others.iter().all(|folder| folder.exists()), "one is new, one may be in use");
}

#[tokio::test]
async fn nothing_is_lost_if_files_cannot_be_written() {
    let parent = tempfile::tempdir().expect("a folder");
    let blocked = parent.path().join("file");
    fs::write(&blocked, "").expect("it can be written");
    let mut spill = spill(100, &blocked);
    let mut run = run(1);
    let text = "x".repeat(500);
    let error = spill.apply(&mut run, [wrote(0, &text)].into_iter()).await.expect_err("it is no folder");
    assert!(error.contains("kept in memory"), "{error}");
    spill.apply(&mut run, [wrote(0, &text)].into_iter()).await.expect("it is reported once");
    assert_eq!(run.part(Slot(0)).expect("it is there").stream(StreamName::Stdout), text.repeat(2));
}

fn display(kind: EventKind) -> Event {
    Event { slot: Slot(0), at: Time(0), kind }
}

/// A display of a hundred letters and a line end, with quotes and characters of several bytes.
fn data(number: usize) -> MimeBundle {
    let text = format!("{}\n\"é🙂\" {number}", "x".repeat(100));
    MimeBundle::new(serde_json::Map::from_iter([("text/plain".to_owned(), text.into())]))
}

/// The data of all displays of a run, as an export has it, and why some is missing.
fn exported(run: &Run) -> (Vec<MimeBundle>, Vec<String>) {
    let mut all = Vec::new();
    let missing = read_back::for_each_event(run, 1, |event| {
        if let JsonKind::Display { data, .. } | JsonKind::UpdateDisplay { data, .. } = &event.what {
            all.push(Arc::clone(data));
        }
        Ok(())
    });
    (all, missing.expect("nothing fails"))
}

/// The events of a flood of displays, of which the last is all that is to be seen.
fn floods(count: usize) -> [Vec<EventKind>; 3] {
    let shown = |number, id: Option<&str>| EventKind::Display {
        data: data(number),
        display_id: id.map(str::to_owned),
    };
    let cleared = |wait| move |number| [shown(number, None), EventKind::ClearOutput { wait }];
    let updated =
        |number| EventKind::UpdateDisplay { data: data(number), display_id: Some("bar".to_owned()) };
    [
        (0..count).flat_map(cleared(false)).collect(),
        (0..count).flat_map(cleared(true)).collect(),
        std::iter::once(shown(0, Some("bar"))).chain((1..count).map(updated)).collect(),
    ]
}

#[tokio::test]
async fn displays_that_nobody_sees_leave_memory_and_are_whole_in_an_export() {
    for flood in floods(2000) {
        let parent = tempfile::tempdir().expect("a folder");
        let mut spill = spill(20_000, parent.path());
        let (mut spilled, mut plain) = (run(1), run(1));
        for kinds in flood.chunks(7) {
            kinds.iter().for_each(|kind| plain.apply(display(kind.clone())));
            let events = kinds.iter().cloned().map(display);
            spill.apply(&mut spilled, events).await.expect("it can be written");
        }
        let (part, whole) = (spilled.part(Slot(0)).expect("a part"), plain.part(Slot(0)).expect("a part"));
        // What is left of each is its place among the outputs.
        let places = part.outputs.len() * size_of::<crate::run::Output>();
        assert!(part.others() < places + 40_000, "{} with {places} for places", part.others());
        assert!(whole.others() > places + 200_000, "the flood is too small to show anything");
        assert_eq!(part.fingerprint(), whole.fingerprint());
        assert_eq!(part.outputs.len(), whole.outputs.len());
        let text = |run: &Run| crate::render::group_text(run, &crate::render::fold(run)[0]);
        assert_eq!(text(&spilled), text(&plain));
        let (displays, missing) = exported(&spilled);
        assert!(missing.is_empty(), "{missing:?}");
        let sent: Vec<MimeBundle> = (0..2000).map(data).collect();
        assert!(displays == sent, "not as it was sent");

        spill.folder.discard();
        let (displays, missing) = exported(&spilled);
        assert_eq!((displays.len(), missing.len()), (2000, 1), "{missing:?}");
    }
}

#[tokio::test]
async fn displays_that_are_to_be_seen_stay_in_memory() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut spill = spill(20_000, parent.path());
    let mut run = run(1);
    for number in 0..500 {
        let kind = EventKind::Display { data: data(number), display_id: Some(number.to_string()) };
        spill.apply(&mut run, std::iter::once(display(kind))).await.expect("it can be written");
    }
    let part = run.part(Slot(0)).expect("a part");
    assert!((0..500).all(|at| part.moved(at).is_none()), "a display that is to be seen is not in memory");
}

#[tokio::test]
async fn displays_for_which_files_have_no_room_stay_in_memory_and_that_is_said_once() {
    let parent = tempfile::tempdir().expect("a folder");
    let limits = Limits { files: 100_000, ..limits(20_000, parent.path()) };
    let mut spill = Spill::new(limits.clone(), Arc::new(SpillFolder::new(Arc::default(), limits, RunId(7))));
    let mut run = run(1);
    let mut said = Vec::new();
    for kind in floods(2000).into_iter().next().expect("a flood") {
        said.extend(spill.apply(&mut run, std::iter::once(display(kind))).await.err());
    }
    assert!(said.len() == 1 && said[0].contains("displays of run 7 are kept in memory"), "{said:?}");
    assert!(bytes_in(parent.path()) <= 100_000);
    let (displays, missing) = exported(&run);
    assert!(missing.is_empty() && displays == (0..2000).map(data).collect::<Vec<_>>(), "something is lost");
}
