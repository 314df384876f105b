//! Option lines; messages are those of ipyparallel 9.2.0 under Python 3.11.

use std::fmt::Write;

use expect_test::{Expect, expect};

use super::super::{
    Options, OwnOptions,
    magic::{ConfigOptions, MagicKind},
    mapped::Mapped,
    options,
};

fn parsed(of: MagicKind, line: &str) -> String {
    let text = Mapped::plain(line, 0);
    let Options {
        targets,
        block,
        config: ConfigOptions { stream, verbose, progress_after, signal_on_interrupt },
        own: OwnOptions { group_outputs, out, local },
        dynamic,
        error,
    } = options::parse(line, of, |range| text.range(range));
    let mut shown = String::new();
    if let Some(error) = error {
        write!(shown, "error at {:?}: {}; ", &line[error.range.in_block().as_range()], error).unwrap();
    }
    if dynamic {
        shown.push_str("dynamic; ");
    }
    if let Some(targets) = targets {
        assert_eq!(targets.text, line[targets.range.in_block().as_range()]);
        match targets.parsed {
            Ok(parsed) => write!(shown, "targets {parsed}; ").unwrap(),
            Err(_) => write!(shown, "targets {} not understood; ", targets.text).unwrap(),
        }
    }
    for (name, value) in [("block", block), ("stream", stream), ("verbose", verbose)] {
        if let Some(value) = value {
            write!(shown, "{name} {value}; ").unwrap();
        }
    }
    if let Some(group) = group_outputs {
        write!(shown, "group {group:?}; ").unwrap();
    }
    if let Some(out) = out {
        write!(shown, "out {out}; ").unwrap();
    }
    if local {
        shown.push_str("local; ");
    }
    if let Some(seconds) = progress_after {
        write!(shown, "progress after {seconds}; ").unwrap();
    }
    if let Some(signal) = signal_on_interrupt {
        write!(shown, "signal {signal}; ").unwrap();
    }
    shown.trim_end_matches("; ").to_owned()
}

fn check(line: &str, expected: Expect) {
    expected.assert_eq(&parsed(MagicKind::CellPx, line));
}

#[test]
fn flags_are_long_short_joined_and_abbreviated() {
    check("", expect![[""]]);
    check("-t 0 -b", expect!["targets 0; block true"]);
    check("-t0", expect!["targets 0"]);
    check("-t=0", expect!["targets 0"]);
    check("--targets=[0,2]", expect!["targets [0,2]"]);
    check("--targ ::2", expect!["targets ::2"]);
    check("-bt0", expect!["targets 0; block true"]);
    check("-bt 0", expect!["targets 0; block true"]);
    check("-abt1", expect!["targets 1; block true"]);
    check("-eo x", expect!["group Engine; out x"]);
    check("-t-1", expect!["targets -1"]);
    check("-t -1", expect!["targets -1"]);
    check("--targets=-2:", expect!["targets -2:"]);
    check("--block --noblock", expect!["block false"]);
    check("--nob --no-s --verb", expect!["block false; stream false; verbose true"]);
    check("-e --group-outputs order", expect!["group Order"]);
    check("--gr type -r", expect!["group Order"]);
    check("--group-outputs=engine -o a -o b", expect!["group Engine; out b"]);
    check("--progress-after=-1 --sig SIGKILL --lo", expect!["local; progress after -1; signal SIGKILL"]);
    check("--p 1_0", expect!["progress after 10"]);
    check("--progress-after -.5", expect!["progress after -0.5"]);
    check("--progress-after 1e3", expect!["progress after 1000"]);
    check("--signal-on-interrupt 9", expect!["signal 9"]);
    check("-t 0 --targets 1", expect!["targets 1"]);
    check("-t 0 --targets=", expect![[""]]);
}

#[test]
fn quotes_keep_blanks_together_and_stay() {
    check("-t 'all'", expect!["targets all"]);
    check("-t \"[0, 2]\"", expect![[r#"targets "[0, 2]" not understood"#]]);
    check("-o 'a b' -b", expect!["block true; out 'a b'"]);
    check(
        "--targets=\"a b\"",
        expect![[r#"error at "b\"": unrecognized arguments: b"; targets "a not understood"#]],
    );
    check("-t 'abc", expect![[r#"error at "'abc": No closing quotation"#]]);
    check("-t '0'-b", expect!["targets '0' not understood; block true"]);
}

#[test]
fn wrong_lines_get_ipyparallels_words() {
    check("--bogus --block", expect![[r#"error at "--bogus": unrecognized arguments: --bogus; block true"#]]);
    check("foo --bar", expect![[r#"error at "foo": unrecognized arguments: foo --bar"#]]);
    check("-x", expect![[r#"error at "-x": unrecognized arguments: -x"#]]);
    check("-h", expect![[r#"error at "-h": unrecognized arguments: -h"#]]);
    check("-1", expect![[r#"error at "-1": unrecognized arguments: -1"#]]);
    check("-é", expect![[r#"error at "-é": unrecognized arguments: -é"#]]);
    check("- -b", expect![[r#"error at "-": unrecognized arguments: -; block true"#]]);
    check("-t", expect![[r#"error at "-t": argument -t/--targets: expected one argument"#]]);
    check("-t -b", expect![[r#"error at "-t": argument -t/--targets: expected one argument"#]]);
    check(
        "-t -2:",
        expect![[r#"error at "-t": argument -t/--targets: expected one argument (write --targets=-2:)"#]],
    );
    check("-t -- 0", expect![[r#"error at "-t": argument -t/--targets: expected one argument"#]]);
    check("-b -- foo", expect![[r#"error at "--": unrecognized arguments: -- foo; block true"#]]);
    check(
        "--targets [0, 2]",
        expect![[
            r#"error at "2]": unrecognized arguments: 2] (write the targets without blanks); targets [0, not understood"#
        ]],
    );
    check("-bx", expect![[r#"error at "-bx": argument -b/--block: ignored explicit argument 'x'"#]]);
    check("-b=0", expect![[r#"error at "-b=0": argument -b/--block: ignored explicit argument '0'"#]]);
    check("-b-a", expect![[r#"error at "-b-a": argument -b/--block: ignored explicit argument '-a'"#]]);
    check("-b'", expect![[r#"error at "-b'": argument -b/--block: ignored explicit argument "'""#]]);
    check(
        "--block=1",
        expect![[r#"error at "--block=1": argument -b/--block: ignored explicit argument '1'"#]],
    );
    check("--stream=", expect![[r#"error at "--stream=": argument --stream: ignored explicit argument ''"#]]);
    check("-r5", expect![[r#"error at "-r5": argument -r: ignored explicit argument '5'"#]]);
    check("-eo", expect![[r#"error at "-eo": argument -o/--out: expected one argument; group Engine"#]]);
    check(
        "--s",
        expect![[r#"error at "--s": ambiguous option: --s could match --signal-on-interrupt, --stream"#]],
    );
    check(
        "--no",
        expect![[
            r#"error at "--no": ambiguous option: --no could match --no-verbose, --no-stream, --noblock"#
        ]],
    );
    check(
        "--=x",
        expect![[
            r#"error at "--=x": ambiguous option: --=x could match --signal-on-interrupt, --progress-after, --no-verbose, --verbose, --targets, --no-stream, --stream, --noblock, --block, --out, --group-outputs, --local"#
        ]],
    );
    check(
        "--group-outputs bad",
        expect![[
            r#"error at "--group-outputs": argument --group-outputs: invalid choice: 'bad' (choose from 'engine', 'order', 'type')"#
        ]],
    );
    check(
        "--group-outputs ''",
        expect![[
            r#"error at "--group-outputs": argument --group-outputs: invalid choice: "''" (choose from 'engine', 'order', 'type')"#
        ]],
    );
    check(
        "--progress-after x",
        expect![[r#"error at "--progress-after": argument --progress-after: invalid float value: 'x'"#]],
    );
    check(
        "--progress-after -1e3",
        expect![[r#"error at "--progress-after": argument --progress-after: expected one argument"#]],
    );
    check(
        "--progress-after 1__0",
        expect![[r#"error at "--progress-after": argument --progress-after: invalid float value: '1__0'"#]],
    );
    check("-t 0 \\", expect![[r#"error at "\\": unrecognized arguments: \; targets 0"#]]);
}

#[test]
fn each_magic_takes_its_own_flags() {
    let check = |of, line: &str, expected: Expect| expected.assert_eq(&parsed(of, line));
    check(MagicKind::PxConfig, "-t 0 -b --no-stream", expect!["targets 0; block true; stream false"]);
    check(
        MagicKind::PxConfig,
        "--local",
        expect![[r#"error at "--local": unrecognized arguments: --local"#]],
    );
    check(MagicKind::PxConfig, "-e", expect![[r#"error at "-e": unrecognized arguments: -e"#]]);
    check(
        MagicKind::PxConfig,
        "--group-outputs x",
        expect![[r#"error at "--group-outputs": unrecognized arguments: --group-outputs x"#]],
    );
    check(MagicKind::PxResult, "-re", expect!["group Engine"]);
    check(MagicKind::PxResult, "-b", expect![[r#"error at "-b": unrecognized arguments: -b"#]]);
    check(MagicKind::PxResult, "-t 0", expect![[r#"error at "-t": unrecognized arguments: -t 0"#]]);
}

#[test]
fn a_line_that_python_fills_in_is_never_called_wrong() {
    check("-t {n}", expect!["dynamic; targets {n} not understood"]);
    check("-t $n --bogus", expect!["dynamic; targets $n not understood"]);
    check("--targets {0,1} x", expect!["dynamic; targets {0,1} not understood"]);
    check("-o $", expect!["out $"]);
}

/// A rewrite wrote `--out="a b"`, which is two arguments, and `--targets 'x`, which has no closing quotation.
#[test]
fn options_are_written_so_that_they_are_read_as_the_same() {
    let read = |line: &str| {
        let text = Mapped::plain(line, 0);
        options::parse(line, MagicKind::CellPx, |range| text.range(range))
    };
    for (line, expected) in [
        ("-o \"a b\" -t '0 1'", " --targets '0 1' --out \"a b\""),
        ("-o'x -t'y", " --targets='y --out='x"),
        ("-o'a'b -t\"0\"1", " --targets=\"0\"1 --out='a'b"),
        ("--out=-x --out= -t -1", " --targets=-1 --out="),
        ("-o ar -t 0 --signal-on-interrupt=9", " --targets 0 --signal-on-interrupt=9 --out=ar"),
    ] {
        let written = read(line).written();
        assert_eq!(written, expected);
        assert_eq!(read(&written).written(), written, "{line}");
        assert_eq!(read(&written).error, None, "{line}");
    }
}
