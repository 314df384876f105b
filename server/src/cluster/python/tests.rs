//! Finding Pythons and creating the private environment, with shell scripts as fake Pythons.

use std::{collections::HashMap, fs, os::unix::fs::PermissionsExt, sync::Mutex};

use expect_test::{Expect, expect};

use super::{
    private::{PACKAGES, PrivateEnv},
    *,
};

/// A fake machine in a folder: its Pythons, and the variables that lead to them.
struct Machine {
    folder: tempfile::TempDir,
    variables: HashMap<&'static str, OsString>,
}

const GOOD: &str = r#"{"program": "", "version": "3.12.1", "ipyparallel": "9.2.0", "ipykernel": "7.4.0"}"#;
const BARE: &str = r#"{"program": "", "version": "3.12.1", "ipyparallel": null, "ipykernel": null}"#;

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), variables: HashMap::new() }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// A program that runs this shell script.
    fn script(&self, path: &str, script: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        path
    }

    /// A Python that answers this.
    fn python(&self, path: &str, answer: &str) -> PathBuf {
        self.script(path, &format!("echo '{answer}'"))
    }

    fn set(&mut self, name: &'static str, path: &str) {
        self.variables.insert(name, self.path(path).into_os_string());
    }

    async fn find(&self, explicit: Option<&Path>, folder: &str) -> Result<PythonEnv, PythonError> {
        let variable = |name: &str| self.variables.get(name).cloned();
        let folder = self.path(folder);
        find_in(explicit, &PythonSearch { variable: &variable, folder: &folder }).await
    }

    /// What was found, or why nothing was, without the machine's own folder.
    async fn check(&self, explicit: Option<&str>, folder: &str, expected: Expect) {
        let explicit = explicit.map(|path| self.path(path));
        let text = match self.find(explicit.as_deref(), folder).await {
            Ok(env) => format!("{}: {:?}", env.source, env.program) + &env.note.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&text.replace(&format!("{}/", self.folder.path().display()), ""));
    }
}

#[tokio::test]
async fn each_place_is_tried_before_the_next() {
    let mut machine = Machine::new();
    machine.set("PATH", "bin");
    machine.python("bin/python", GOOD);
    machine.check(None, "a/b", expect![[r#"on PATH: "bin/python""#]]).await;
    machine.python("bin/python3", GOOD);
    machine.check(None, "a/b", expect![[r#"on PATH: "bin/python3""#]]).await;
    machine.set("CONDA_PREFIX", "conda");
    machine.check(None, "a/b", expect![[r#"on PATH: "bin/python3""#]]).await;
    machine.python("conda/bin/python", BARE);
    machine.check(None, "a/b", expect![[r#"$CONDA_PREFIX: "conda/bin/python""#]]).await;
    machine.python("a/.venv/bin/python", BARE);
    machine.check(None, "a/b", expect![[r#".venv: "a/.venv/bin/python""#]]).await;
    machine.check(None, "c", expect![[r#"$CONDA_PREFIX: "conda/bin/python""#]]).await;
    machine.set("VIRTUAL_ENV", "active");
    machine.python("active/bin/python", BARE);
    machine.check(None, "a/b", expect![[r#"$VIRTUAL_ENV: "active/bin/python""#]]).await;
    machine.check(Some("bin/python3"), "a/b", expect![[r#"named by you: "bin/python3""#]]).await;
}

/// Gives something to another user; `None`, and a printed reason, where that is not allowed.
fn give_away(path: &Path) -> Option<()> {
    let given = std::os::unix::fs::lchown(path, Some(65534), None);
    given.map_err(|error| eprintln!("SKIPPED: only root can give files away ({error})")).ok()
}

#[tokio::test]
async fn a_dot_venv_of_another_user_is_passed_over_and_the_reason_given() {
    let mut machine = Machine::new();
    machine.set("PATH", "bin");
    machine.python("bin/python3", GOOD);
    // Left in a folder that everybody shares.
    let trap = machine.script("shared/.venv/bin/python", "touch \"$0.was-run\"");
    for part in ["shared/.venv", "shared/.venv/bin", "shared/.venv/bin/python"] {
        if give_away(&machine.path(part)).is_none() {
            return;
        }
        machine.check(None, "shared/mine/project", expect![[r#"
            on PATH: "bin/python3"skipped shared/.venv/bin/python (.venv): shared/.venv belongs to nobody; if you trust it, choose it with --python or the setting pxlens.python"#]]).await;
        assert!(!trap.with_extension("was-run").exists(), "it was not even tried out");
    }
    // The user's own, farther up, is usable.
    machine.python(".venv/bin/python", GOOD);
    let found = machine.find(None, "shared/mine/project").await.expect("there is one");
    assert_eq!(found.program, machine.path(".venv/bin/python"));
    // What the user names is the user's word.
    let named = machine.find(Some(&trap), "").await.expect_err("it does not work").to_string();
    assert!(named.contains("it printed nothing"), "{named}");
}

#[tokio::test]
async fn a_dot_venv_that_others_can_change_is_passed_over() {
    let mut machine = Machine::new();
    machine.set("PATH", "bin");
    machine.python("bin/python3", GOOD);
    machine.python("a/.venv/bin/python", GOOD);
    fs::create_dir_all(machine.path("a/.venv/lib/python3.12/site-packages")).expect("a folder");
    fs::write(machine.path("a/.venv/pyvenv.cfg"), "").expect("a file");
    let parts = [
        "",
        "/.venv",
        "/.venv/bin",
        "/.venv/bin/python",
        "/.venv/pyvenv.cfg",
        "/.venv/lib/python3.12/site-packages",
    ];
    for part in parts.map(|part| machine.path(&format!("a{part}"))) {
        let before = fs::metadata(&part).expect("it is there").permissions();
        fs::set_permissions(&part, fs::Permissions::from_mode(0o777)).expect("it is ours");
        let found = machine.find(None, "a/b").await.expect("there is another");
        assert_eq!(found.source, PythonSource::Path, "{}", part.display());
        let note = found.note.expect("it says why");
        assert!(
            note.contains(&format!("{} can be changed by other users (mode 0777)", part.display())),
            "{note}"
        );
        fs::set_permissions(&part, before).expect("it is ours");
        assert_eq!(machine.find(None, "a/b").await.expect("found").source, PythonSource::DotVenv);
    }
    // Where only owners can rename and delete what is theirs, as in /tmp, a folder of the user's own is safe.
    fs::set_permissions(machine.path("a"), fs::Permissions::from_mode(0o1777)).expect("it is ours");
    assert_eq!(machine.find(None, "a/b").await.expect("found").source, PythonSource::DotVenv);
}

#[tokio::test]
async fn a_candidate_that_does_not_work_is_skipped_and_reported() {
    let mut machine = Machine::new();
    machine.set("PATH", "bin");
    machine.script("a/.venv/bin/python", "echo 'no module named encodings' >&2; exit 1");
    machine.check(None, "a", expect!["no Python was found: there is no active environment, no .venv, and no python3 on PATH; install Python 3.11 or later, or choose one with --python or the setting pxlens.python; skipped a/.venv/bin/python (.venv): it is not a working Python (exit status: 1: no module named encodings)"]).await;
    machine.python("bin/python3", GOOD);
    machine.check(None, "a", expect![[r#"on PATH: "bin/python3"skipped a/.venv/bin/python (.venv): it is not a working Python (exit status: 1: no module named encodings)"#]]).await;
}

#[tokio::test]
async fn a_named_python_must_work_and_have_ipyparallel() {
    let machine = Machine::new();
    machine.python("env/bin/python", BARE);
    machine.check(Some("nowhere/python"), "", expect!["the Python nowhere/python cannot be used: it does not run (No such file or directory (os error 2)); choose another with --python or the setting pxlens.python"]).await;
    machine.check(Some("env"), "", expect!["the Python env/bin/python has no ipyparallel; install it with `env/bin/python -m pip install ipyparallel`, or leave the choice to pxlens, which then uses a private environment"]).await;
    machine.python("env/bin/python", GOOD);
    machine.check(Some("env"), "", expect![[r#"named by you: "env/bin/python""#]]).await;
}

#[tokio::test]
async fn a_bare_name_is_looked_up_on_path() {
    let mut machine = Machine::new();
    machine.set("PATH", "bin");
    let program = machine.python("bin/python3.99", GOOD);
    let found = machine.find(Some(Path::new("python3.99")), "").await.expect("it is on PATH");
    assert_eq!(found.program, program);
}

/// A base whose `venv` makes an environment with a Python of this answer, and whose `pip` installs nothing.
fn base(machine: &Machine, answer: &str, ensurepip: bool) -> PythonEnv {
    let log = machine.path("calls.txt");
    let made = format!(
        r#"echo "$@" in "$PWD" >> {log}
mkdir -p "$folder/bin"
printf '#!/bin/sh\necho env "$@" in "$PWD" >> {log}\necho '"'"'{answer}'"'"'\n' > "$folder/bin/python"
chmod +x "$folder/bin/python""#,
        log = log.display()
    );
    let program = machine.script(
        "base/python",
        &format!(
            r#"for folder; do :; done
case "$*" in
  "-m venv --without-pip"*) {made} ;;
  "-m venv"*) if {ensurepip}; then {made}
    else echo "ensurepip is not available" >&2; mkdir -p "$folder/half"; exit 1; fi ;;
  "-m pip --version") exit 1 ;;
  *) exit 7 ;;
esac"#
        ),
    );
    PythonEnv {
        program,
        source: PythonSource::Path,
        version: "3.12.1".to_owned(),
        ipyparallel: None,
        ipykernel: None,
        matplotlib: None,
        note: None,
    }
}

/// Creates the private environment on this machine; also returns the messages.
async fn make(machine: &Machine, base: &PythonEnv) -> (Result<PythonEnv, PythonError>, Vec<String>) {
    let said = Mutex::new(Vec::new());
    let say = |text: &str| said.lock().expect("no panic").push(text.to_owned());
    let variable = |name: &str| machine.variables.get(name).cloned();
    let search = PythonSearch { variable: &variable, folder: Path::new("/") };
    let folder = machine.path("data/python");
    let made = PrivateEnv { folder, search, wheel_folders: &[], say: &say }.environment(base).await;
    (made, said.into_inner().expect("no panic"))
}

#[tokio::test]
async fn a_complete_environment_is_created_once_and_an_incomplete_one_again() {
    let machine = Machine::new();
    let base = base(&machine, GOOD, true);
    let (made, said) = make(&machine, &base).await;
    assert_eq!(made.expect("it is made").source, PythonSource::Private);
    assert_eq!(said.len(), 3, "{said:?}");
    let (again, said) = make(&machine, &base).await;
    assert!(again.is_ok() && said.is_empty(), "{said:?}");
    fs::remove_file(machine.path("data/python/pxlens-stamp.txt")).expect("it was written");
    fs::write(machine.path("data/python/half"), "").expect("a file");
    let (again, said) = make(&machine, &base).await;
    assert!(again.is_ok() && said.len() == 3, "{said:?}");
    assert!(!machine.path("data/python/half").exists());
}

#[tokio::test]
async fn venv_and_pip_run_outside_the_project() {
    let machine = Machine::new();
    make(&machine, &base(&machine, GOOD, true)).await.0.expect("it is made");
    let calls = fs::read_to_string(machine.path("calls.txt")).expect("calls were made");
    // A `venv.py` in the project's folder was run in place of Python's module.
    assert!(calls.contains("-m venv ") && calls.contains("env -m pip install "), "{calls}");
    assert_eq!(calls.matches(" in ").count(), calls.matches(" in /\n").count(), "{calls}");
}

#[test]
fn a_module_that_is_run_for_the_user_imports_nothing_from_the_working_folder() {
    let machine = Machine::new();
    for name in ["json", "runpy", "codecs", "sitecustomize"] {
        fs::write(machine.path(&format!("{name}.py")), "raise SystemExit('run by mistake')").expect("a file");
    }
    fs::write(machine.path("value.txt"), "[1]").expect("a file");
    let program = std::env::var_os("PXLENS_TEST_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let python = PythonEnv { program, ..base(&machine, GOOD, true) };
    let mut command = python.run_module("json.tool", machine.folder.path());
    command.arg("value.txt").env("PYTHONPATH", ":");
    let output = command.output().expect("Python runs");
    let text = String::from_utf8_lossy(&output.stdout).replace(char::is_whitespace, "");
    assert_eq!(text, "[1]", "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn without_ensurepip_a_pip_on_path_installs_for_the_environment() {
    let mut machine = Machine::new();
    machine.set("PATH", "bin");
    let log = machine.path("calls.txt");
    let version = r#"[ "$1" = --version ] && echo "pip 23.0.1 from somewhere" && exit"#;
    machine.script("bin/pip3", &format!("{version}\necho pip3 \"$@\" >> {}", log.display()));
    let base = base(&machine, GOOD, false);
    let (made, said) = make(&machine, &base).await;
    made.expect("it is made");
    let calls = fs::read_to_string(log).expect("calls were made");
    let folder = machine.path("data/python");
    let install = format!(
        "pip3 --python {0}/bin/python install --no-input --disable-pip-version-check --require-hashes --requirement {0}/pxlens-requirements.txt",
        folder.display()
    );
    assert!(calls.contains("-m venv --without-pip") && calls.contains(&install), "{calls}");
    assert!(said[1].ends_with("with another pip"), "{said:?}");
}

#[tokio::test]
async fn without_ensurepip_and_any_pip_the_package_to_install_is_named() {
    let machine = Machine::new();
    let base = base(&machine, GOOD, false);
    let error = make(&machine, &base).await.0.expect_err("there is no pip").to_string();
    assert!(error.contains("`sudo apt install python3-venv`"), "{error}");
}

#[tokio::test]
async fn a_second_pxlens_waits_for_the_first_and_creates_nothing() {
    let machine = Machine::new();
    let base = base(&machine, GOOD, true);
    let lock = machine.path("data/python.lock");
    fs::create_dir_all(machine.path("data")).expect("a folder");
    let first = fs::File::create(&lock).expect("a file");
    first.lock().expect("nobody else has it");
    let said = Mutex::new(Vec::new());
    let say = |text: &str| {
        said.lock().expect("no panic").push(text.to_owned());
        // The first has made it, and ends.
        machine.python("data/python/bin/python", GOOD);
        let stamp = machine.path("data/python/pxlens-stamp.txt");
        fs::write(stamp, PACKAGES).expect("a file");
        first.unlock().expect("it was locked");
    };
    let variable = |_: &str| None;
    let search = PythonSearch { variable: &variable, folder: Path::new("/") };
    let folder = machine.path("data/python");
    let private = PrivateEnv { folder, search, wheel_folders: &[], say: &say };
    private.environment(&base).await.expect("it is there");
    assert_eq!(
        said.into_inner().expect("no panic"),
        ["waiting for another pxlens that is creating the private environment"]
    );
}

#[tokio::test]
async fn the_last_lines_of_a_tool_are_in_the_error_and_the_environment_stays_incomplete() {
    let mut machine = Machine::new();
    machine.set("PATH", "bin");
    let version = r#"[ "$1" = --version ] && echo "pip 23.0.1 from somewhere" && exit"#;
    machine.script("bin/pip3", &format!("{version}\nseq 1 40; echo 'no space left' >&2; exit 1"));
    let base = base(&machine, GOOD, false);
    let error = make(&machine, &base).await.0.expect_err("pip fails").to_string();
    assert!(error.starts_with("pxlens could not install ipyparallel with pip:\n"), "{error}");
    assert!(error.contains("no space left") && !error.contains("\n12\n"), "{error}");
    assert!(!machine.path("data/python/pxlens-stamp.txt").exists());
}

#[tokio::test]
async fn instead_of_a_python_that_is_too_old_a_newer_one_on_path_is_used() {
    let mut machine = Machine::new();
    machine.set("PATH", "bin");
    let old = PythonEnv { version: "3.9.18".to_owned(), ..base(&machine, GOOD, true) };
    let error = make(&machine, &old).await.0.expect_err("too old").to_string();
    assert!(error.contains("needs Python 3.11 or later, and ") && error.contains(" is 3.9.18;"), "{error}");
    fs::create_dir_all(machine.path("bin")).expect("a folder");
    let newer = fs::read_to_string(&old.program).expect("a script");
    let newer = newer.replacen('\n', &format!("\n[ \"$1\" = -c ] && echo '{BARE}' && exit\n"), 1);
    machine.script("bin/python3.13", newer.strip_prefix("#!/bin/sh\n").expect("a script"));
    make(&machine, &old).await.0.expect("the newer one makes it");
}

#[tokio::test]
async fn a_python_that_prints_without_end_is_refused() {
    let machine = Machine::new();
    let endless = machine.script("endless", "yes");
    let error = machine.find(Some(&endless), ".").await.expect_err("it is no Python").to_string();
    assert!(error.contains("is not a working Python") && error.len() < 500, "{error}");
}
