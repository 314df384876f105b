//! Quick fixes in the options of magics, and in their targets.

use expect_test::expect;

use super::*;

#[test]
fn an_unknown_option_becomes_the_nearest_one() {
    check_fix(
        "%%px --targts 0\nx\n",
        expect![[r#"
        options
          Write --targets: "%%px --targets 0\nx\n"
          Take --targts 0 out: "%%px\nx\n"
    "#]],
    );
    check_fix(
        "%%px --target=0 --blok\nx\n",
        expect![[r#"
        options
          Write --block: "%%px --target=0 --block\nx\n"
          Take --blok out: "%%px --target=0\nx\n"
    "#]],
    );
    check_fix(
        "%%px --non-block\nx\n",
        expect![[r#"
        options
          Write --noblock: "%%px --noblock\nx\n"
          Take --non-block out: "%%px\nx\n"
    "#]],
    );
    check_fix(
        "%%px --bogus 3 -b\nx\n",
        expect![[r#"
        options
          Take --bogus 3 out: "%%px -b\nx\n"
    "#]],
    );
    check_fix(
        "%pxconfig --local\n",
        expect![[r#"
        options
          Take --local out: "%pxconfig \n"
    "#]],
    );
    check_fix(
        "%pxconfig --no\n",
        expect![[r#"
        options
          Write --noblock: "%pxconfig --noblock\n"
          Write --no-stream: "%pxconfig --no-stream\n"
          Write --no-verbose: "%pxconfig --no-verbose\n"
          Take --no out: "%pxconfig \n"
    "#]],
    );
    check_fix(
        "%%px --block=1\nx\n",
        expect![[r#"
        options
          Write --block: "%%px --block\nx\n"
          Take --block=1 out: "%%px\nx\n"
    "#]],
    );
}

#[test]
fn a_wrong_choice_becomes_one_of_the_choices() {
    check_fix(
        "%%px --group-outputs=engines\nx\n",
        expect![[r#"
        options
          Write engine: "%%px --group-outputs=engine\nx\n"
          Write order: "%%px --group-outputs=order\nx\n"
          Write type: "%%px --group-outputs=type\nx\n"
          Take --group-outputs=engines out: "%%px\nx\n"
    "#]],
    );
    check_fix(
        "%pxresult --group-outputs typ\n",
        expect![[r#"
        options
          Write type: "%pxresult --group-outputs type\n"
          Write order: "%pxresult --group-outputs order\n"
          Write engine: "%pxresult --group-outputs engine\n"
          Take --group-outputs typ out: "%pxresult \n"
    "#]],
    );
}

#[test]
fn target_expressions_lose_blanks_and_quotes() {
    check_fix(
        "%%px --targets [0, 2]\nx\n",
        expect![[r#"
        options
          Write 0,2: "%%px --targets 0,2\nx\n"
    "#]],
    );
    check_fix(
        "%%px --targets \"[0, 2]\" -b\nx\n",
        expect![[r#"
        targets
          Write 0,2: "%%px --targets 0,2 -b\nx\n"
    "#]],
    );
    check_fix(
        "%%px --targets=\"0, 2\"\nx\n",
        expect![[r#"
        options
          Write 0,2: "%%px --targets=0,2\nx\n"
    "#]],
    );
    check_fix(
        "%%px --targets '0\nx\n",
        expect![[r#"
        options
          Take the quote out: "%%px --targets 0\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t '::2'\nx\n",
        expect![[r#"
        targets
          Write ::2: "%%px -t ::2\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t '[0]'\nx\n",
        expect![[r#"
        targets
          Write [0]: "%%px -t [0]\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t '-2:'\nx\n",
        expect![[r#"
        targets
          Write -2:: "%%px --targets=-2:\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t -2:\nx\n",
        expect![[r#"
        options
          Write --targets=-2:: "%%px --targets=-2:\nx\n"
          Take -t -2: out: "%%px\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t ALL\nx\n",
        expect![[r#"
        targets
          Write all: "%%px -t all\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t foo\nx\n",
        expect![[r#"
        targets
    "#]],
    );
}

#[test]
fn a_lone_range_gets_both_readings() {
    check_fix(
        "%%px --targets 0-2\nx\n",
        expect![[r#"
        targets
          Write 0:3, for engines 0 to 2: "%%px --targets 0:3\nx\n"
          Write -2, what ipyparallel computes: "%%px --targets -2\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t1-3\nx\n",
        expect![[r#"
        targets
          Write 1:4, for engines 1 to 3: "%%px -t1:4\nx\n"
          Write -2, what ipyparallel computes: "%%px -t-2\nx\n"
    "#]],
    );
    check_fix(
        "%%px -t \"0-2\"\nx\n",
        expect![[r#"
        targets
          Write 0:3, for engines 0 to 2: "%%px -t 0:3\nx\n"
          Write -2, what ipyparallel computes: "%%px -t -2\nx\n"
    "#]],
    );
    check_fix(
        "%%px 0:2\nx\n",
        expect![[r#"
        options
          Write --targets 0:2: "%%px --targets 0:2\nx\n"
          Take 0:2 out: "%%px\nx\n"
    "#]],
    );
}

#[test]
fn streaming_what_nobody_waits_for_is_taken_out() {
    check_fix(
        "%%px --stream --noblock\nx\n",
        expect![[r#"
        stream-noblock
          Take --stream out: "%%px --noblock\nx\n"
    "#]],
    );
    check_fix(
        "%pxconfig -a --st\n%pxconfig -a --stre\n",
        expect![[r#"
        stream-noblock
          Take --stream out: "%pxconfig -a\n%pxconfig -a --stre\n"
        stream-noblock
          Take --stream out: "%pxconfig -a --st\n%pxconfig -a\n"
    "#]],
    );
}
