//! What lines above a cell decide for it.

use expect_test::expect;

use super::*;

/// What is in force at each px cell, and the lines that decided.
fn check_views(text: &str, expected: Expect) {
    let cells = recognize(text, Dialect::Script).unwrap();
    let shown: Vec<String> =
        cells.cells.iter().map(|cell| force(&text[cell.magic_range().as_range()], cell, &[&cells])).collect();
    expected.assert_eq(&shown.join("\n"));
}

fn force(name: &str, cell: &PxCell, all: &[&Cells]) -> String {
    let view = &cell.view;
    let targets = match cell.targets() {
        Ok(targets) => targets.to_string(),
        Err(error) => error.to_string(),
    };
    let lines: Vec<u32> = deciders(cell, all).into_iter().map(|(_, decider, _)| decider.line).collect();
    let config = &view.config;
    let settings =
        (view.block, config.stream, config.verbose, config.progress_after, &config.signal_on_interrupt);
    format!("{name}: {targets} {settings:?} by {lines:?}")
}

#[test]
fn a_config_line_decides_for_what_stands_below_it() {
    check_views(
        "%px a\n%pxconfig --targets ::2 --noblock\n%px b\n# %%\n%%px -t 0\nc\n# %%\n%pxconfig -t 1\n%px d\n",
        expect![[r#"
            %px a: all (None, None, None, None, None) by []
            %pxconfig --targets ::2 --noblock: ::2 (Some(false), None, None, None, None) by [1]
            %px b: ::2 (Some(false), None, None, None, None) by [1]
            %%px -t 0: 0 (Some(false), None, None, None, None) by [1]
            %pxconfig -t 1: 1 (Some(false), None, None, None, None) by [1, 7]
            %px d: 1 (Some(false), None, None, None, None) by [1, 7]"#]],
    );
    check_views(
        "%pxconfig --no-stream --verbose\n%pxconfig --progress-after 0 --sig 9 --stream\n%px a\n",
        expect![[r#"
            %pxconfig --no-stream --verbose: all (None, Some(false), Some(true), None, None) by [0]
            %pxconfig --progress-after 0 --sig 9 --stream: all (None, Some(true), Some(true), Some(0.0), Some("9")) by [0, 1]
            %px a: all (None, Some(true), Some(true), Some(0.0), Some("9")) by [0, 1]"#]],
    );
}

#[test]
fn lines_that_nothing_is_left_of_decide_nothing() {
    check_views(
        "%pxconfig -t 0\n%pxconfig -t 1 -b\n%pxconfig -a\n%px a\n",
        expect![[r#"
        %pxconfig -t 0: 0 (None, None, None, None, None) by [0]
        %pxconfig -t 1 -b: 1 (Some(true), None, None, None, None) by [1]
        %pxconfig -a: 1 (Some(false), None, None, None, None) by [1, 2]
        %px a: 1 (Some(false), None, None, None, None) by [1, 2]"#]],
    );
}

#[test]
fn a_config_line_that_is_refused_sets_nothing() {
    check_views(
        "%pxconfig -t 0\n%pxconfig -t 1 --bogus\n%px a\n",
        expect![[r#"
        %pxconfig -t 0: 0 (None, None, None, None, None) by [0]
        %pxconfig -t 1 --bogus: 1 (None, None, None, None, None) by [0]
        %px a: 0 (None, None, None, None, None) by [0]"#]],
    );
}

#[test]
fn targets_that_cannot_be_read_are_not_guessed() {
    check_views(
        "%pxconfig -t 0\n%pxconfig -t {n}\n%px a\n%pxconfig -t 2\n%px b\n",
        expect![[r#"
        %pxconfig -t 0: 0 (None, None, None, None, None) by [0]
        %pxconfig -t {n}: '{n}' is not a target expression that pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7 (None, None, None, None, None) by [1]
        %px a: the %pxconfig above takes its options from Python variables, which pxlens does not know; write the targets out (None, None, None, None, None) by [1]
        %pxconfig -t 2: 2 (None, None, None, None, None) by [3]
        %px b: 2 (None, None, None, None, None) by [3]"#]],
    );
    check_views(
        "%pxconfig -t 1+1\n%px a\n# %%\n%%px -t 0\nb\n",
        expect![[r#"
        %pxconfig -t 1+1: '1+1' is not a target expression that pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7 (None, None, None, None, None) by [0]
        %px a: the %pxconfig above sets targets that pxlens cannot read: '1+1' is not a target expression that pxlens reads: write all, an id such as 0 or -1, ids such as 0,2 or [0,2], a slice such as ::2, range(0,4), or a rank set such as 0-3,7 (None, None, None, None, None) by [0]
        %%px -t 0: 0 (None, None, None, None, None) by [0]"#]],
    );
}

#[test]
fn each_suffix_has_its_own_view() {
    check_views(
        "rc[0].activate('_even')\n%pxconfig_even -t ::2\n%px a\n%px_even b\n",
        expect![[r#"
            %pxconfig_even -t ::2: ::2 (Some(false), None, None, None, None) by [0, 1]
            %px a: all (None, None, None, None, None) by []
            %px_even b: ::2 (Some(false), None, None, None, None) by [0, 1]"#]],
    );
}

#[test]
fn in_a_divided_script_autopx_sends_each_cell_as_a_whole() {
    check_script(
        "# %%\n%autopx\nx\n\n# %%\na\n%time b\n\n# %%\n# nothing\n\n# %%\n%autopx\n\n# %%\nlocal\n",
        expect![[r#"
            Autopx "%autopx"
            AutopxCell "" sends "a\n%time b\n" from "a" "%time b"
            Autopx "%autopx"
            2 local
        "#]],
    );
}

#[test]
fn without_markers_autopx_sends_the_paragraphs_between() {
    check_script(
        "a\n\n%autopx\n\nb\n\nc = (1,\n2)\n\n%autopx\n\nd\n",
        expect![[r#"
            Autopx "%autopx"
            AutopxCell "" sends "b\n" from "b"
            AutopxCell "" sends "c = (1,\n2)\n" from "c = (1," "2)"
            Autopx "%autopx"
            2 local
        "#]],
    );
    // As in IPython, a toggle does nothing yet to the cell that it stands in.
    check_script(
        "a\n%autopx\nb\n\nc = (1,\n2)\n\n%autopx\nd\n",
        expect![[r#"
            Autopx "%autopx"
            AutopxCell "" sends "c = (1,\n2)\n" from "c = (1," "2)"
            Autopx "%autopx"
            3 local
        "#]],
    );
    check_script(
        "%autopx\n%autopx\na\n",
        expect![[r#"
        Autopx "%autopx"
        Autopx "%autopx"
        1 local
    "#]],
    );
}

#[test]
fn a_region_that_never_ends_runs_to_the_end() {
    check_script(
        "a\n\n%autopx\n\nb\n",
        expect![[r#"
            Autopx "%autopx"
            AutopxCell "" sends "b\n" from "b"
            1 local
            Hint open-autopx at "%autopx": no second %autopx ends this region: all cells below are sent to the engines
        "#]],
    );
    check_script(
        "rc[::2].activate('_even')\n\n%autopx_even\n\nb\n\n%autopx_even\n",
        expect![[r#"
            Autopx "%autopx_even" on ::2
            AutopxCell "" on ::2 sends "b\n" from "b"
            1 local
            Hint open-autopx at "%autopx_even": no %autopx without a suffix ends this region: all cells below are sent to the engines
            Error no-end-of-autopx at "%autopx_even": only a cell that begins with %autopx, without a suffix, ends this region: IPython sends this %autopx_even to the engines, where it fails, and the cells below as well
        "#]],
    );
}

#[test]
fn px_magics_inside_a_region_run_as_if_outside() {
    check_script(
        "# %%\n%autopx\n# %%\n%%px\na\n# %%\n%px b\nlocal\n# %%\n%autopx\n",
        expect![[r#"
            Autopx "%autopx"
            CellMagic "%%px" sends "a\n" from "a"
            LineMagic "%px" sends "b" from "b"
            Autopx "%autopx"
            1 local
            Warning px-inside-autopx at "%%px": inside an %autopx region IPython sends this %px to the engines, where it fails; pxlens runs it as if outside, and sends nothing else of its cell
            Warning px-inside-autopx at "%px b": inside an %autopx region IPython sends this %px to the engines, where it fails; pxlens runs it as if outside, and sends nothing else of its cell
        "#]],
    );
}

/// IPython sends cells from the next one on.
#[test]
fn what_stands_below_the_toggle_in_its_cell_is_run_here() {
    check_script(
        "%autopx\na\n%px b\n%autopx\n",
        expect![[r#"
            Autopx "%autopx"
            LineMagic "%px" sends "b" from "b"
            Autopx "%autopx"
            1 local
        "#]],
    );
    check_script(
        "# %%\n%autopx\n%pxconfig -t 0\n%px a\n# %%\nb\n# %%\n%autopx\n%pxconfig -t 1\n# %%\n%px c\n",
        expect![[r#"
            Autopx "%autopx"
            Config "%pxconfig" on 0
            LineMagic "%px" on 0 sends "a" from "a"
            AutopxCell "" on 0 sends "b\n" from "b"
            Autopx "%autopx" on 0
            LineMagic "%px" on 0 sends "c" from "c"
        "#]],
    );
    let text = "# %%\n%autopx\nrc[[1]].activate()\n# %%\na\n# %%\n%autopx\n# %%\n%px b\n";
    let cells = recognize(text, Dialect::Script).unwrap().cells;
    let targets: Vec<String> = cells.iter().map(|cell| cell.targets().unwrap().to_string()).collect();
    // IPython's region goes by the view that it began with.
    assert_eq!(targets, ["all", "all", "[1]", "[1]"]);
}

#[test]
fn a_config_inside_a_region_sets_nothing_and_says_so() {
    check_script(
        "# %%\n%autopx\n# %%\n%pxconfig -t 0\nprint('I')\n# %%\nprint('K')\n# %%\nif x:\n    %pxconfig -t 1\n# %%\n%autopx\n\
         # %%\n%px 1\n",
        expect![[r#"
            Autopx "%autopx"
            Config "%pxconfig" on 0
            AutopxCell "" sends "print('K')\n" from "print('K')"
            Config "%pxconfig" on 1
            Autopx "%autopx"
            LineMagic "%px" sends "1" from "1"
            2 local
            Warning px-inside-autopx at "%pxconfig -t 0": inside an %autopx region IPython sends this %pxconfig to the engines, where it fails; it sets nothing, and pxlens sends nothing of its cell
            Warning conditional-magic at "%pxconfig -t 1": this %pxconfig is in the body of `if x:`, and pxlens cannot tell whether Python reaches it: it changes nothing below
            Warning px-inside-autopx at "%pxconfig -t 1": inside an %autopx region IPython sends this %pxconfig to the engines, where it fails; it sets nothing, and pxlens sends nothing of its cell
        "#]],
    );
}

#[test]
fn only_a_toggle_without_a_suffix_ends_the_region_of_a_view() {
    check_script(
        "rc.activate([0, 1], '01')\n# %%\n%autopx01\n# %%\nprint('in')\n# %%\n%autopx01\n# %%\nprint('still in')\n# %%\n%autopx\n\
         # %%\nprint('local')\n",
        expect![[r#"
            Autopx "%autopx01" on [0,1]
            AutopxCell "" on [0,1] sends "print('in')\n" from "print('in')"
            AutopxCell "" on [0,1] sends "print('still in')\n" from "print('still in')"
            Autopx "%autopx"
            2 local
            Error no-end-of-autopx at "%autopx01": only a cell that begins with %autopx, without a suffix, ends this region: IPython sends this %autopx01 to the engines, where it fails, and the cells below as well
        "#]],
    );
}

#[test]
fn a_synchronised_notebook_carries_views_from_cell_to_cell() {
    let texts = ["%pxconfig -t 0 -a\n%autopx", "a\nb", "%autopx\n", "local\n%px c"];
    let (all, problems): (Vec<Cells>, Vec<_>) = recognize_notebook(&texts).into_iter().unzip();
    let shown: Vec<String> = texts
        .iter()
        .zip(&all)
        .flat_map(|(text, cells)| {
            cells.cells.iter().map(|cell| {
                force(&text[cell.magic_range().as_range()], cell, &all.iter().collect::<Vec<_>>())
                    + &format!(" {:?}", cell.code)
            })
        })
        .collect();
    expect![[r#"
        %pxconfig -t 0 -a: 0 (Some(false), None, None, None, None) by [0] ""
        %autopx: 0 (Some(false), None, None, None, None) by [0] ""
        a: 0 (Some(false), None, None, None, None) by [0] "a\nb\n"
        %autopx: 0 (Some(false), None, None, None, None) by [0] ""
        %px c: 0 (Some(false), None, None, None, None) by [0] "c""#]]
    .assert_eq(&shown.join("\n"));
    assert!(problems.iter().all(Vec::is_empty));

    let open = recognize_notebook(&["%autopx\n", "a"]);
    assert_eq!(open[0].1.len(), 1, "the hint stands at the toggle");
    assert_eq!(open[1].0.cells[0].kind, CellKind::AutopxCell);
}

/// Of each px cell its first words, and whether it goes by a view of another cluster.
fn others(text: &str) -> String {
    let cells = recognize(text, Dialect::Script).unwrap();
    let shown = cells.cells.iter().map(|cell| {
        let name = text[cell.magic_range().as_range()].to_owned();
        match &cell.refusal {
            Some(why) if why.contains("pxlens runs a file on the cluster of its first client") => {
                format!("{name}: other")
            }
            Some(why) => format!("{name}: {why}"),
            None => name,
        }
    });
    shown.collect::<Vec<_>>().join("; ")
}

#[test]
fn a_view_of_a_second_cluster_is_refused() {
    for (text, expected) in [
        (
            "cpu = ipp.Client()\ngpu = ipp.Client(profile='gpu')\ngpu[:].activate('_gpu')\n%px a\n%px_gpu b\n%px_gpu -t 0 c\n",
            "%px a; %px_gpu b: other; %px_gpu -t 0 c: other",
        ),
        (
            "cpu = ipp.Client()\ncpu[:].activate('_cpu')\ngpu = ipp.Client(profile='gpu')\ngpu[:].activate()\n%px a\n%px_cpu b\n",
            "%px a: other; %px_cpu b",
        ),
        ("cpu = ipp.Client()\ngpu = ipp.Client(profile='gpu')\ngpu.activate()\n%px a\n", "%px a: other"),
        (
            "rc = ipp.Client()\n%px a\nrc = ipp.Client(profile='mpi')\n%px b\nrc[:].activate()\n%px c\n",
            "%px a; %px b; %px c: other",
        ),
        (
            "cpu = ipp.Client()\ngpu = ipp.Client(profile='gpu')\nv = gpu[:]\nv.targets = [0]\nv.block = True\nv.activate('_gpu')\n%pxconfig_gpu -t 1\n%px_gpu b\n",
            "%pxconfig_gpu -t 1; %px_gpu b: other",
        ),
        (
            "rc = ipp.Client()\nwith ipp.Client(profile='gpu')[:].sync_imports():\n    import os\n%px a\n",
            "with ipp.Client(profile='gpu')[:].sync_imports():: other; %px a",
        ),
        (
            "a = ipp.Cluster(n=2, cluster_id='a')\nra = a.start_and_connect_sync()\nb = ipp.Cluster(n=2, cluster_id='b')\n\
             rb = b.start_and_connect_sync()\nra[:].activate('_a')\nrb[:].activate('_b')\n%px_a x\n%px_b y\nrb[:].activate()\n%px z\n",
            "%px_a x; %px_b y: other; %px z: other",
        ),
        (
            "a = ipp.Cluster(n=2)\nb = ipp.Cluster(n=2)\nrb = b.connect_client_sync()\nrb[:].activate('_b')\n%px_b y\n",
            "%px_b y: other",
        ),
        (
            "rc = ipp.Client()\nc = ipp.Cluster(n=2)\nr2 = c.start_and_connect_sync(activate=True)\n%px y\n",
            "%px y: other",
        ),
        (
            "cpu = ipp.Client()\ngpu = ipp.Client(profile='gpu')\nif use:\n    gpu.activate()\n%px a\n",
            "%px a: other",
        ),
        (
            "cpu = ipp.Client()\ngpu = ipp.Client(profile='gpu')\nif use:\n    gpu[:].activate('_g')\n%px_g -t 0 a\n",
            "%px_g -t 0 a: other",
        ),
        ("gpu = ipp.Client(profile='gpu')\nif use:\n    gpu.activate()\n%px a\n", "%px a"),
        // Which profile it is decides nothing: the first one is not known.
        (
            "rc = ipp.Client(profile=p)\nr2 = ipp.Client(profile='gpu')\nr2[:].activate()\n%px y\n",
            "%px y: other",
        ),
    ] {
        assert_eq!(others(text), expected, "{text}");
    }
}

#[test]
fn clients_of_one_cluster_are_one() {
    for text in [
        "a = ipp.Client()\nb = ipp.Client()\nb[:].activate()\n%px x\n",
        "a = ipp.Client(profile='gpu')\nb = ipp.Client(profile='gpu')\nb[:].activate()\n%px x\n",
        "p = 'gpu'\na = ipp.Client(profile='gpu')\nb = ipp.Client(profile=p)\nb[:].activate()\n%px x\n",
        "rc = ipp.Client(profile='gpu')\nrc[:].activate()\n%px x\n",
        "c = ipp.Cluster(n=2, cluster_id='a')\nc.start_cluster_sync()\nrc = ipp.Client(cluster_id='a')\nrc[:].activate()\n%px x\n",
        "c = ipp.Cluster(n=2)\nc.start_cluster_sync()\nrc = ipp.Client(cluster=c)\nrc[:].activate()\n%px x\n",
        "c = ipp.Cluster(n=2)\nrc = ipp.Client()\nrc[:].activate()\n%px x\n",
        "c = ipp.Cluster(n=2)\nc = ipp.Cluster(n=2)\nrc = c.start_and_connect_sync()\nrc[:].activate()\n%px x\n",
        "import ipyparallel as ipp\nfrom dask.distributed import Client\nd = Client('tcp://x')\nrc = ipp.Client()\nrc[:].activate()\n%px x\n",
    ] {
        assert_eq!(others(text), "%px x", "{text}");
    }
}

#[test]
fn the_body_of_a_cluster_that_is_entered_is_read() {
    for text in [
        "with ipp.Cluster(n=2) as rc:\n    rc[:].activate()\n    %px x\n",
        "cluster = ipp.Cluster(n=2)\nwith cluster as rc:\n    rc[:].activate()\n    %px x\n",
        "with ipp.Client() as rc:\n    rc[:].activate()\n    %px x\n",
    ] {
        let cells = recognize(text, Dialect::Script).unwrap();
        let cell = &cells.cells[0];
        assert_eq!(
            (&cell.refusal, cell.targets().map(|it| it.to_string())),
            (&None, Ok("all".into())),
            "{text}"
        );
    }
}

#[test]
fn help_about_a_view_activates_nothing() {
    for help in ["rc.activate?", "rc[:].activate??", "view.activate?  "] {
        let text = format!("rc = ipp.Client()\nview = rc[0]\n{help}\n%px x\n");
        let cells = recognize(&text, Dialect::Script).unwrap();
        assert_eq!(cells.cells[0].targets().map(|it| it.to_string()), Ok("all".into()), "{text}");
    }
}
