//! What reaches a terminal: nothing that a document, a name, an engine or an error says controls it or hides in it.

#![cfg(unix)]

use std::path::Path;

use pxlens_tests::{
    cli::{Cli, Done},
    real,
    sim::{Script, Sim},
};

use crate::program::{Written, cli, run};

/// Sets the title, clears the screen in 7 and in 8 bits, rings, turns text around, and hides.
const WILD: &str = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}2J\u{7}\u{202e}\u{200b}\u{200d}\u{2066}";

/// Runs it in a terminal, and fails if anything but colours, line ends and the repainting of pxlens' progress line came out that
/// controls a terminal or cannot be seen.
#[track_caller]
fn in_terminal(cli: Cli) -> Done {
    let done = cli.in_terminal(&real::python()).run();
    let shown = done.stdout.replace("\r\n", "\n").replace("\r\u{1b}[2K", "");
    let shown =
        regex::Regex::new("\u{1b}\\[[0-9;:]*m").expect("a pattern").replace_all(&shown, "").into_owned();
    let hidden =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let wild: Vec<char> = shown.chars().filter(|c| (c.is_control() && *c != '\n') || hidden(*c)).collect();
    assert!(wild.is_empty(), "{wild:?} in {shown:?}");
    done
}

#[track_caller]
fn holds(done: &Done, text: &str) {
    assert!(done.stdout.contains(text), "no {text:?} in {done:?}");
}

#[test]
fn escapes_in_a_document_and_in_its_name_are_spelled_out() {
    let text = format!("# %%\n%px x = '{WILD}'\n%px --targets {WILD} y\n%%px_{WILD}\n");
    let file = Written::new(&format!("a{WILD}\n.py"), text);
    for flags in [&[][..], &["--json"]] {
        let done = in_terminal(cli(["cells"]).arg(file.path()).args(flags));
        assert_eq!(done.status, 0, "{done:?}");
        holds(&done, r"\u001b[2J\u009b2J\u0007\u202e\u200b");
    }
    // Also for people who read it through a pipe; what programs read is as it was.
    let piped = cli(["cells"]).arg(file.path()).run();
    assert!(piped.stdout.contains(r"\u009b2J") && !piped.stdout.contains('\u{9b}'), "{piped:?}");
    let exact = cli(["cells", "--json"]).arg(file.path()).run();
    assert!(exact.stdout.contains('\u{9b}'), "{exact:?}");
}

#[test]
fn escapes_in_headings_outputs_and_errors_are_spelled_out() {
    let raised = Script::new().stdout(WILD).error(&format!("E{WILD}"), &format!("no{WILD}"));
    let code = format!("fails('{WILD}')");
    let sim = Sim::builder().engines(2).on(&code, raised).start_blocking();
    let file = Written::new(&format!("a{WILD}.py"), format!("# %%\n%px {code}\n"));
    for flags in [&[][..], &["--plain"], &["--json"], &["--stream-not-known"]] {
        let done = in_terminal(run(file.path(), &sim.connection_file()).args(flags));
        assert_ne!(done.status, 0, "{done:?}");
    }
    let gone = in_terminal(run(Path::new(&format!("gone{WILD}.py")), &sim.connection_file()));
    holds(&gone, r"gone\u001b]0;title\u0007");
    let unknown = in_terminal(cli(["run", &format!("--{WILD}")]));
    assert_eq!(unknown.status, 2, "{unknown:?}");
}

#[test]
fn plain_output_is_exact_in_a_pipe_and_keeps_its_colours_in_a_terminal() {
    let text = format!("\u{1b}[32mgreen\u{1b}[0m {WILD}\n");
    let sim = Sim::builder().engines(1).on("show()", Script::new().stdout(&text)).start_blocking();
    let file = Written::new("a.py", "# %%\n%%px --targets 0\nshow()\n");
    let piped = run(file.path(), &sim.connection_file()).arg("--plain").run();
    assert_eq!(piped.stdout, text);
    let done = in_terminal(run(file.path(), &sim.connection_file()).arg("--plain"));
    holds(&done, "\u{1b}[32mgreen\u{1b}[0m \\x9b2J");
}

#[test]
fn escapes_in_the_names_of_profiles_and_clusters_are_spelled_out() {
    let home = Written::new("home", "");
    let sim = Sim::builder().engines(1).start_blocking();
    let security = home.folder().join(format!("profile_p{WILD}\n/security"));
    std::fs::create_dir_all(&security).expect("the temporary folder can be written");
    std::fs::copy(sim.connection_file(), security.join("ipcontroller-client.json"))
        .expect("it can be copied");
    for command in [&["clusters", "--all"][..], &["clusters", "--all", "--json"], &["engines"]] {
        let done = in_terminal(cli(command.iter().copied()).env("IPYTHONDIR", home.folder()));
        assert_eq!(done.status, 0, "{done:?}");
        holds(&done, r"p\u001b]0;title\u0007");
    }
}
