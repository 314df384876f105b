//! What lies in the folder of the user's file, which may be anybody's: none of it runs before the user's own code does.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pxlens_tests::{cli::Cli, real};

use crate::program::{Written, cli};

/// Makes a module of each name in Python's standard library, and of what ipyparallel needs; the argument is their folder.
/// Whoever imports one is noted in a file, and raises.
const MAKE_TRAPS: &str = "
import os, sys
folder = sys.argv[1]
seen = os.path.join(folder, 'imported.txt')
more = {'sitecustomize', 'ipyparallel', 'ipykernel', 'IPython', 'zmq', 'traitlets', 'tornado', 'psutil', 'pip'}
for name in (set(sys.stdlib_module_names) | more) - {'builtins', 'sys', '__main__'}:
    with open(os.path.join(folder, name + '.py'), 'w') as file:
        file.write(f'open({seen!r}, \"a\").write({name!r} + chr(10))\\nraise ImportError({name!r})\\n')
";

fn make_traps(folder: &Path) -> PathBuf {
    let made = Cli::new(real::python()).args(["-c", MAKE_TRAPS]).arg(folder).folder("/").run();
    assert_eq!(made.status, 0, "{}", made.stderr);
    assert!(folder.join("json.py").exists() && folder.join("random.py").exists());
    folder.join("imported.txt")
}

/// `pxlens run` on a cluster of one engine that it starts for that, in the folder of the file.
fn run_alone(file: &Written) -> Cli {
    cli(["run", "-n", "1", "--python"])
        .arg(real::python())
        .arg(file.path())
        .env("IPYTHONDIR", file.folder().join("ipython"))
        .folder(file.folder())
}

#[test]
fn modules_beside_the_file_never_run_in_place_of_pythons_own() {
    let text = "%%px\nimport os, helper\nprint(helper.name, os.getcwd())\n\n%px 1/0\n";
    let file = Written::new("work.py", text);
    let imported = make_traps(file.folder());
    fs::write(file.folder().join("helper.py"), "name = 'of the project'\n").expect("it can be written");
    // An empty entry means the working folder as well.
    let done = run_alone(&file).env("PYTHONPATH", ":").run();
    let folder = fs::canonicalize(file.folder()).expect("it is there");
    assert!(done.stdout.contains(&format!("of the project {}", folder.display())), "{done:#?}");
    assert!(done.stdout.contains("ZeroDivisionError"), "{done:#?}");
    assert!(!imported.exists(), "{}", fs::read_to_string(imported).unwrap_or_default());
}

#[test]
fn an_engine_imports_from_where_it_would_if_ipcluster_had_started_it() {
    let code = "import os, sys; print([os.getcwd(), *sys.path])";
    let file = Written::new("work.py", format!("%px {code}\n"));
    let done = run_alone(&file).run();
    let mut cluster = real::shared(4);
    let theirs =
        cluster.python(&format!("answer = rc[0].execute({code:?}, silent=False, block=True).stdout"));
    let theirs = theirs.as_str().expect("what it printed").trim();
    let folder_of = |line: &str| line.split('\'').nth(1).expect("the working folder").to_owned();
    let theirs = theirs.replace(&folder_of(theirs), "PROJECT");
    let ours = done.stdout.lines().find(|line| line.contains("site-packages")).expect("it printed its path");
    let ours = ours[ours.find('[').expect("a list")..].replace(&folder_of(ours), "PROJECT");
    assert_eq!(ours.trim_end(), theirs, "{done:#?}");
}
