//! Which format a script is taken to be in, and what an edit, a setting and a name make of it.

use expect_test::expect;

use super::*;
use crate::cells::format::Said;

fn known(text: &str) -> String {
    recognize(text, Dialect::Script).unwrap().format.unwrap().to_string()
}

fn header(lines: &str) -> String {
    format!("# ---\n# jupyter:\n#   jupytext:\n{lines}# ---\n\n")
}

fn representation(name: &str) -> String {
    header(&format!("#     text_representation:\n#       extension: .py\n#       format_name: {name}\n"))
}

#[test]
fn a_header_goes_before_the_content() {
    let percent = "# %%\nx = 1\n";
    let check = |text: String, expected: &str| assert_eq!(known(&text), expected, "{text}");
    check(representation("light") + percent, "light (jupytext header)");
    check(representation("bare") + "x\n", "nomarker (jupytext header)");
    check(representation("sphinx") + percent, "sphinx (jupytext header)");
    check(header("#     formats: ipynb,py:hydrogen\n") + percent, "hydrogen (jupytext header)");
    check(
        "#!/usr/bin/env python\n# coding: utf-8\n".to_owned() + &representation("light"),
        "light (jupytext header)",
    );
    check("#\n".to_owned() + &representation("percent"), "percent (jupytext header)");
    // What names no format, or none that there is, or is no YAML, leaves it to the content.
    check(header("#     formats: ipynb,py\n") + percent, "percent (by its markers)");
    check(representation("unknown") + percent, "percent (by its markers)");
    check(
        representation("percent: [") + "x\n",
        "light (no markers: cells end at blank lines, as in jupytext's light format)",
    );
    check("x = 1\n".to_owned() + &representation("sphinx") + percent, "percent (by its markers)");
}

#[test]
fn else_the_content_decides() {
    for (text, expected) in [
        ("", "light (no markers: cells end at blank lines, as in jupytext's light format)"),
        ("# %%\n", "percent (by its markers)"),
        ("# In[1]:\nx = 1\n", "percent (by its markers)"),
        ("# <codecell>\n%px a\n", "hydrogen (by its markers)"),
        ("# %%\n!ls\n", "hydrogen (by its markers)"),
        (
            "s = '''\n# %%\n'''\n",
            "light (no markers: cells end at blank lines, as in jupytext's light format)",
        ),
        ("# +\nx = 1\n", "light (by its markers)"),
        ("# region a\nx = 1\n# endregion\n", "light (by its markers)"),
        ("####################\n# A\n\n####################\n# B\n", "sphinx (by its markers)"),
        ("#%%Load\nx = 1\n", "spyder (by its markers)"),
        ("#%%px\nx = 1\n", "light (no markers: cells end at blank lines, as in jupytext's light format)"),
        ("# Databricks notebook source\nx = 1\n", "databricks (Databricks' first line)"),
        ("x = 1\n# COMMAND ----------\n", "databricks (by its markers)"),
    ] {
        assert_eq!(known(text), expected, "{text}");
    }
}

#[test]
fn a_setting_and_a_name_go_before_what_is_seen() {
    let text = "%autopx\n\nx = 1\n\n# %%\n%%px\ny = 1\n";
    let read = |wanted: Wanted| {
        let cells = recognize_as(text, Dialect::Script, wanted).unwrap();
        let kinds: Vec<_> = cells.cells.iter().map(|cell| cell.kind).collect();
        format!("{}: {kinds:?}", cells.format.unwrap())
    };
    let set = |name: &str| Wanted { format: Format::wanted(name).unwrap(), is_ipy: false };
    expect![[r#"
        hydrogen (by its markers): [Autopx, CellMagic]
        ipython (named .ipy: one cell): [Autopx]
        light (as set): [Autopx, AutopxCell, AutopxCell]
        hydrogen (by its markers): [Autopx, CellMagic]"#]]
    .assert_eq(
        &[
            set("auto"),
            Wanted { is_ipy: true, ..set("auto") },
            Wanted { is_ipy: true, ..set("light") },
            set("auto"),
        ]
        .map(read)
        .join("\n"),
    );
    assert_eq!(
        Format::wanted("percents"),
        Err("it should be auto or one of percent, hydrogen, light, nomarker, sphinx, databricks, spyder, ipython".to_owned())
    );
}

#[test]
fn an_index_follows_a_setting() {
    let rope = Rope::from_str("# %%px\nx = 1\n\n%px a\n");
    let mut index = Index::new(&rope, Dialect::Script, 0, Arc::default());
    assert_eq!(index.blocks().len(), 2);
    assert_eq!(index.read_as(&rope, Wanted::default()), Delta::default());
    let delta = index.read_as(&rope, Wanted { format: Some(Format::Percent), is_ipy: false });
    assert_eq!(delta, Delta { replaced: vec![(0..2, 0..1)], resolved: Vec::new() });
    assert_eq!(index.format().map(|known| known.by), Some(Said::Setting));
}

#[test]
fn what_is_not_meant_is_not_sent() {
    let sends = |text: &str| {
        let cells = recognize(text, Dialect::Script).unwrap().cells;
        let sent = cells.iter().filter(|cell| cell.kind.sends()).map(|cell| {
            let place = if cell.suite.is_some() { " by itself" } else { "" };
            format!("{}{place}", cell.code)
        });
        sent.collect::<Vec<_>>()
    };
    let percent = representation("percent");
    // Hydrogen keeps nothing in comments, and where magics are not commented nothing counts there.
    assert!(sends(&(representation("hydrogen") + "# %%\n# %px a\n# !ls\n")).is_empty());
    assert!(
        sends(
            &(header("#     comment_magics: false\n#     formats: ipynb,py:percent\n") + "# %%\n# %px a\n")
        )
        .is_empty()
    );
    assert_eq!(
        sends(
            &(header("#     comment_magics: true\n#     formats: ipynb,py:hydrogen\n") + "# %%\n# %px a\n")
        ),
        ["a"]
    );
    // Another language's notebook.
    let kernel = "# ---\n# jupyter:\n#   kernelspec:\n#     language: julia\n#   jupytext: {formats: 'ipynb,py:percent'}\n# ---\n";
    assert!(sends(&format!("{kernel}# %%\n# %px a\n")).is_empty());
    assert_eq!(sends(&format!("{percent}# %%\nx\n# %px a\nif x:\n    # %px b\n")), ["a", "b by itself"]);
    assert!(
        sends(&format!("{percent}# %% language=\"R\"\n# %px a\n# %% active=\"ipynb\"\n# %px b\n")).is_empty()
    );
    // VS Code's way needs markers, and no live magic beside it.
    assert!(sends("#!%px a\n").is_empty());
    assert_eq!(sends("# %%\nx\n#!%px a\n"), ["a"]);
    // In the body of a statement as well, a comment counts or is none.
    assert!(sends("# %%\nif x:\n    # %px a\n").is_empty());
    assert_eq!(sends("# %%\nif x:\n    #!%px a\n"), ["a by itself"]);
    assert!(sends("# %%\nif x:\n    #!%px a\n    %pxconfig -t 0\n").is_empty());
    assert_eq!(
        sends("# Databricks notebook source\n# MAGIC if x:\n# MAGIC     y = %px a\n# MAGIC y = %px b\n"),
        ["a by itself", "b"]
    );
    assert_eq!(sends("# %%\n%px b\n#!%px a\n"), ["b"]);
    // A line ends for IPython at more than a line end.
    assert_eq!(sends("%px a\u{c}b\n"), ["a"]);
}

/// The code that is sent, and the rules of the problems.
fn sent(text: &str) -> String {
    let (cells, problems) = lint::recognize(text, Dialect::Script, &Arc::default()).unwrap();
    let codes: Vec<&str> = cells.cells.iter().map(|cell| cell.code.trim()).collect();
    let rules: Vec<&str> = problems.iter().map(|problem| problem.rule.code()).collect();
    format!("{}: {}", codes.join("; "), rules.join(" "))
}

/// Such a line switched off all magics in comments, and the script had no px cell.
#[test]
fn what_stands_in_text_is_no_live_magic() {
    for cell in [
        "# %% [markdown]\n\"\"\"\nText\n%px runs one line\"\"\"\n",
        "# %% [markdown]\nr\"\"\"\n%px raw = 1\"\"\"\n",
        "# %% [markdown]\nText\n%px in_text = 1\n",
        "# %% [raw]\n%%px\n",
        "# %% language=\"bash\"\n%px c = 1\n",
        "# %%\ns = \"\"\"\nText\n%px runs one line\"\"\"\n",
        "# %%\ns = '''\n%px''' + 'it'\n",
    ] {
        let text = format!("{}\n# %%\n# %px a = 1\n\n{cell}", representation("percent"));
        assert_eq!(sent(&text), "a = 1: ", "{text}");
    }
    // That is code in the notebook, though not in the script.
    let inactive = "# %% active=\"ipynb\"\n# # %px b = 1\n%px c = 1\n";
    let text = format!("{}\n# %%\n# %px a = 1\n\n{inactive}", representation("percent"));
    assert_eq!(sent(&text), "a = 1: inactive-magic", "{text}");
    let live = format!("{}\n# %%\n# %px a = 1\n\n# %%\n%px b = \"\"\"\n", representation("percent"));
    assert_eq!(sent(&live), "b = \"\"\": commented-magic open-bracket");
}

#[test]
fn what_the_representation_says_of_magics_goes_before_the_rest() {
    for (name, own, of_all, expected) in [
        ("percent", Some("false"), None, ""),
        ("percent", Some("false"), Some("true"), ""),
        ("percent", Some("true"), Some("false"), "a"),
        ("percent", Some(""), None, ""),
        ("hydrogen", Some("true"), None, "a"),
        ("hydrogen", None, None, ""),
    ] {
        let of_all = of_all.map(|value| format!("#     comment_magics: {value}\n")).unwrap_or_default();
        let own = own.map(|value| format!("#       comment_magics: {value}\n")).unwrap_or_default();
        let representation =
            format!("#     text_representation:\n#       extension: .py\n#       format_name: {name}\n");
        let text = header(&format!("{of_all}{representation}{own}")) + "\n# %%\n# %px a\n";
        let cells = recognize(&text, Dialect::Script).unwrap().cells;
        assert_eq!(cells.iter().map(|cell| &*cell.code).collect::<String>(), expected, "{text}");
    }
    // A representation that names no format for scripts says nothing.
    let of_others = header(
        "#     formats: ipynb,py:percent\n#     text_representation:\n#       comment_magics: false\n",
    );
    assert_eq!(recognize(&(of_others + "\n# %%\n# %px a\n"), Dialect::Script).unwrap().cells.len(), 1);
}

/// Recorded from jupytext 1.19.6.
#[test]
fn a_header_that_jupytext_refuses_is_told() {
    let representation = |name: &str| {
        format!("jupytext:\n  text_representation:\n    extension: .py\n    format_name: {name}")
    };
    let list = |formats: &str| format!("jupytext:\n  formats: {formats}");
    let told = |yaml: &str| -> Vec<String> {
        let lines: String = yaml.lines().map(|line| format!("#   {line}\n")).collect();
        let text = format!("# ---\n# jupyter:\n{lines}# ---\n\n# %%\n%px a\n");
        let (_, problems) = lint::recognize(&text, Dialect::Script, &Arc::default()).unwrap();
        let told = problems.iter().filter(|problem| problem.rule.code() == "unread-header");
        told.map(|problem| format!("{}: {}", &text[problem.range.start..problem.range.end], problem.message))
            .collect()
    };
    for name in ["Percent", "bare", "spin", "markdown", "percents"] {
        let expected = |known: &str| {
            [format!(
                "{name}: jupytext does not read this script: jupytext has no format {name:?} for Python; pxlens reads it as {known}"
            )]
        };
        let known = if name == "bare" { "nomarker (jupytext header)" } else { "hydrogen (by its markers)" };
        assert_eq!(told(&representation(name)), expected(known));
        if name != "bare" {
            assert_eq!(told(&list(&format!("ipynb,py:{name}"))), expected(known));
        }
    }
    for yaml in [
        "jupytext: [",
        "jupytext:\n- x: y: z",
        "",
        "jupytext:\n- a",
        "jupytext: x",
        "jupytext:\n  text_representation: x",
    ] {
        assert_eq!(told(yaml).len(), 1, "{yaml}");
        assert!(told(yaml)[0].starts_with("jupyter:: "), "{yaml}");
    }
    for yaml in [
        &representation("light"),
        &representation("nomarker"),
        &representation("marimo"),
        &list("ipynb,py:bare"),
        &list("ipynb,md:x,py:percent"),
        &representation("Percent").replace(".py", ".md"),
        "jupytext: {}\njupytext: {}",
        "x: 1",
    ] {
        assert_eq!(told(yaml), Vec::<String>::new(), "{yaml}");
    }
}
