//! Comments of which jupytext makes magics, whether they count here or not: nothing goes where IPython would not send it.

use super::*;

/// The header of a script that jupytext pairs with a notebook.
pub(super) fn header(format: &str) -> String {
    format!("# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:{format}\n# ---\n\n")
}

/// What is sent where all cells are run, and to which engines if not to all; the problems' codes.
pub(super) fn sent(text: &str) -> String {
    let (cells, problems) = lint::recognize(text, Dialect::Script, &Arc::default()).unwrap();
    let mut out = Vec::new();
    for cell in cells.cells.iter().filter(|cell| cell.kind.sends() && cell.suite.is_none()) {
        match (cell.refusal(), cell.targets()) {
            (None, Ok(Targets::All)) => out.push(cell.code.to_string()),
            (None, Ok(targets)) => out.push(format!("{} on {targets}", cell.code)),
            _ => {}
        }
    }
    let mut codes: Vec<&str> = problems.iter().map(|problem| problem.rule.code()).collect();
    codes.dedup();
    format!("{}: {}", out.join("; "), codes.join(" "))
}

#[test]
fn a_magic_that_is_freed_within_a_statement_breaks_its_cell() {
    let percent = header("percent");
    let opts = "opts = dict(\n    # %px b = 2\n    c=3,\n)";
    for cell in [
        format!("# %px a = 1\n{opts}"),
        format!("# %%capture\n# %px a = 1\n{opts}\n# %px e = 1"),
        "# %%time\n# %px f = 1\ny = [1,\n# %px g = 2\n]".to_owned(),
        "# %px f = 1\ny = [1,\n# %whos\n]".to_owned(),
        "# %px f = 1\ny = [1,\n    # sure?\n]".to_owned(),
        "# %px f = 1\ny = 1 + \\\n# %px g".to_owned(),
        "# %px f = 1\ny = f'''{\n# %px g\n1}'''".to_owned(),
    ] {
        let text = format!("{percent}# %%\n{cell}\n\n# %%\n# %px z\n");
        assert_eq!(sent(&text), "z: broken-cell", "{cell}");
    }
    // Where jupytext frees it and it does not count here.
    let opts = "opts = [\n# %px b = 2\n3]";
    assert_eq!(sent(&format!("# %%\n# %px a = 1\n{opts}\n\n# %%\n# %px z\n")), "z: broken-cell");
    assert_eq!(sent(&format!("%px a = 1\n{opts}\n\n%px z\n")), "z: broken-cell");
    // IPython takes the command of a shell without a sign for a magic only where it is all of its cell.
    assert_eq!(sent("# cd folder\n%px a = 1\n\n%px z\n"), "z: broken-cell");
    assert_eq!(sent("# cd folder\n\n%px z\n"), "z: ");
    // So it is with the name of one alone, which is a name that Python does not know.
    for text in [
        format!("{percent}# %%\n# %px a\n# copy\n# %px b\n\n# %%\n# %px z\n"),
        "%px a\n# cd\n%px b\n\n%px z\n".to_owned(),
    ] {
        assert_eq!(sent(&text), "a; z: broken-cell", "{text}");
    }
    for cell in ["# copies\n# %px b", "if x:\n    # ls\n    pass\n# %px b"] {
        assert_eq!(sent(&format!("{percent}# %%\n{cell}\n")), "b: ", "{cell}");
    }
    // Where nothing frees it.
    assert_eq!(sent(&format!("# %%\n%px a = 1\n{opts}\n")), "a = 1: ");
    for cell in
        ["y = '''\n# %px b\n'''", "y = [1,\n# a\n]", "y = [1,\n#  %px b\n]", "y = [1,\n# %px b # noescape\n]"]
    {
        assert_eq!(sent(&format!("{percent}# %%\n# %px a\n{cell}\n")), "a: ", "{cell}");
    }
}

#[test]
fn a_question_in_a_paragraph_of_the_light_format_stays_a_comment() {
    let body = "d = dict(\n    # sure?\n    a=1)\n# why?\nprint(d)\n";
    let freed = body.replace("# ", "");
    for (text, expected) in [
        (format!("{}# %%px\n{body}", header("light")), body),
        (format!("{}x = 1\n\n# %%px\n{body}", header("light")), body),
        (format!("{}# %%px\n{body}", header("nomarker")), body),
        (format!("{}# +\n# %%px\n{body}# -\n", header("light")), &freed),
        (format!("{}# %%\n# %%px\n{body}", header("percent")), &freed),
    ] {
        let cells = recognize(&text, Dialect::Script).unwrap().cells;
        assert_eq!(cells.iter().map(|cell| &*cell.code).collect::<String>(), expected, "{text}");
    }
    assert_eq!(sent(&format!("{}# %px a\ny = [1,\n    # sure?\n]\n", header("light"))), "a: ");
}

#[test]
fn below_a_pxconfig_that_only_jupytext_frees_the_targets_are_not_known() {
    let percent = header("percent");
    for text in [
        format!("{percent}# %%\n# %pxconfig --targets 0\n\n# %%\n%px a = 1\n"),
        format!("{percent}# %%\n# %time %pxconfig --targets 0\n\n# %%\n%px a = 1\n"),
        format!("{percent}# %%\nif x:\n    # %pxconfig --targets 0\n    pass\n\n# %%\n%px a = 1\n"),
        "# %pxconfig --targets 0\n\n%px b = 2\n".replace("\n\n", "\n"),
        "# %%\nx = 1\n# %pxconfig --targets 1\n\n# %%\n# %px c = 3\n".to_owned(),
    ] {
        let shown = sent(&text);
        assert!(shown.starts_with(": ") && shown.contains("freed-magic"), "{shown} of\n{text}");
    }
    let text = format!(
        "{percent}# %%\n# %pxconfig --targets 0\n\n# %%\n%px a\n# %%\n%%px -t 1\nb\n# %%\n%pxconfig -t 2\n%px c\n"
    );
    assert!(sent(&text).starts_with("b\n on 1; c on 2: "), "{}", sent(&text));
    // What sets nothing for the magics below.
    assert_eq!(sent("# %%\n# %pxconfig --targets 0\n\n# %%\n%px a = 1\n"), "a = 1: commented-magic");
    assert_eq!(
        sent(&format!("{percent}# %%\n# %pxconfig is a magic\n\n# %%\n%px a = 1\n")),
        "a = 1: commented-magic"
    );
    assert_eq!(sent(&format!("{percent}# %%\n# %pxconfig -t 0 # noescape\n\n# %%\n%px a = 1\n")), "a = 1: ");
}

#[test]
fn a_magic_in_a_comment_that_runs_python_says_what_it_says_of_views() {
    let percent = header("percent");
    for magic in ["# %time rc[1].activate()", "# x = %time rc[1].activate()", "# %prun rc[1].activate()"] {
        let text = format!("{percent}# %%\n{magic}\n\n# %%\n# %px b\n");
        assert_eq!(sent(&text), "b on 1: ", "{text}");
    }
    let text = format!("{percent}# %%\n# v = !echo {{rc[1].activate()[0]}}\n\n# %%\n# %px b\n");
    assert_eq!(sent(&text), ": unread-view");
    // Where it does not count, nobody knows.
    let text = format!("{percent}# %%\n# %time rc[1].activate()\n\n# %%\n%px b\n");
    assert_eq!(sent(&text), ": freed-magic unread-view");
    let text = format!("{percent}# %%\n# %time f()\n\n# %%\n%px b\n");
    assert_eq!(sent(&text), "b: ");
}

#[test]
fn below_an_alias_that_only_jupytext_frees_its_name_does_not_run() {
    let text =
        format!("{}# %%\n# %alias_magic px time\n\n# %%\n%px a = 1\n\n# %%\n%%px\nb\n", header("percent"));
    assert_eq!(sent(&text), ": freed-magic");
    let text = format!("{}# %%\n# %alias_magic t time\n\n# %%\n%px a = 1\n", header("percent"));
    assert_eq!(sent(&text), "a = 1: freed-magic");
}

#[test]
fn a_magic_below_a_px_that_only_jupytext_frees_does_not_run() {
    let cell = "# %%px --targets 0\n%px c = 1\n%pxconfig -t 1\nrc[[2]].activate()\n%autopx\n";
    let text = format!("{}# %%\n{cell}\n# %%\n%px d = 1\n", header("percent"));
    assert_eq!(sent(&text), "d = 1: freed-magic commented-magic");
}

#[test]
fn a_region_sends_cells_of_other_languages_as_their_magics() {
    for (cell, code) in [
        ("# %% language=\"bash\"\n# echo one\n", "%%bash\necho one\n"),
        (
            "# %% language=\"bash\" magic_args=\"-s a\"\n# # one\n#two\nthree\n",
            "%%bash -s a\n# one\ntwo\nthree\n",
        ),
        ("# %% language=\"sh\"\necho\n", "%%sh\necho\n"),
        ("# %% {\"language\": \"R\"}\n# # %autopx\n# %px x\n", "%%R\n# %autopx\n%px x\n"),
        ("# %% language=\"bash\"\n# %autopx\n", "%%bash\n%autopx\n"),
        // Jupytext knows no magic of that name.
        ("# %% language=\"nope\"\n# x\n", "x\n"),
    ] {
        let text = format!("{}# %%\n# %autopx\n\n{cell}\n# %%\nb = 3\n", header("percent"));
        assert_eq!(sent(&text), format!("{code}; b = 3\n: open-autopx"), "{text}");
        let text = format!("{}# %%\n# %px a\n\n{cell}\n# %%\n# %px b\n", header("percent"));
        assert_eq!(sent(&text), "a; b: ", "{text}");
    }
    let light =
        format!("{}# +\n# %autopx\n# -\n\n# + language=\"bash\"\n# echo\n# -\n\nb = 3\n", header("light"));
    assert_eq!(sent(&light), "%%bash\necho\n; b = 3\n: open-autopx");
}
