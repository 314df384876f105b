//! Cells that are commented out in a script and code in the notebook that jupytext makes of it: they hold no px cells, and
//! decide what holds below them.

use super::{
    freed::{header, sent},
    *,
};

#[test]
fn an_inactive_cell_decides_below_it_as_in_the_notebook() {
    let percent = header("percent");
    let markers = [
        "# %% active=\"ipynb\"",
        "# %% tags=[\"active-ipynb\"]",
        "# %% {\"run_control\": {\"frozen\": true}}",
        "# %% title active=\"ipynb\"",
    ];
    for (cell, expected) in [
        ("# rc[1].activate()", "b = 1 on 1: "),
        ("# v = rc[1]\n# v.activate()", "b = 1 on 1: "),
        ("#rc[1].activate()", "b = 1 on 1: "),
        ("# %pxconfig --targets 1", "b = 1 on 1: "),
        ("%pxconfig --targets 1", "b = 1 on 1: "),
        ("rc[1].activate()", "b = 1 on 1: "),
        ("# %time %pxconfig --targets 1", "b = 1 on 1: "),
        ("\"\"\"\nrc[1].activate()\n\"\"\"", "b = 1 on 1: "),
        ("# if x:\n#     rc[1].activate()", ": unread-view"),
        ("# if x:\n#     %pxconfig --targets 1", ": unread-view"),
        ("# get_ipython().run_line_magic('pxconfig', line)", ": unread-call unread-view"),
        ("# %%px --local\n# rc[1].activate()", "b = 1 on 1: inactive-magic"),
        ("# %autopx", "b = 1: inactive-magic"),
        ("# %px a = 1", "b = 1: inactive-magic"),
        ("# %%px\n# a = 1", "b = 1: inactive-magic"),
        ("# with rc[:].sync_imports():\n#     import os", "b = 1: inactive-magic"),
        ("# %alias_magic px time", ": "),
        ("# @register_line_magic\n# def px(line):\n#     print(line)", ": own-magic"),
        ("# def get_ipython():\n#     return Quiet()", ": own-magic"),
        // What IPython does not run, or not there.
        ("# %%bash\n# rc[1].activate()", "b = 1: "),
        ("# x = (\n# rc[1].activate()", "b = 1: "),
        ("# raise\n# rc[1].activate()", "b = 1: "),
        ("# # %pxconfig --targets 1", "b = 1: "),
        ("#  rc[1].activate() is\n", "b = 1: "),
    ] {
        for marker in markers {
            let text = format!("{percent}{marker}\n{cell}\n\n# %%\n# %px b = 1\n");
            assert_eq!(sent(&text), expected, "{text}");
        }
    }
    let light = header("light");
    let text = format!("{light}# + active=\"ipynb\"\n# rc[1].activate()\n# -\n\n# %px b = 1\n");
    assert_eq!(sent(&text), "b = 1 on 1: ");
    // Jupytext knows no magic of that name.
    let text = format!(
        "{percent}# %% language=\"nope\" active=\"ipynb\"\n# rc[1].activate()\n\n# %%\n# %px b = 1\n"
    );
    assert_eq!(sent(&text), "b = 1 on 1: ");
    // A cell of another language is no code of it, and a raw one neither.
    for marker in
        ["# %% language=\"bash\" active=\"ipynb\"", "# %% active=\"py\"", "# %% [raw] active=\"ipynb\""]
    {
        let text = format!("{percent}{marker}\n# rc[1].activate()\n\n# %%\n# %px b = 1\n");
        assert_eq!(sent(&text), "b = 1: ", "{text}");
    }
}

#[test]
fn an_inactive_cell_uses_what_the_lines_above_make() {
    let percent = header("percent");
    let text = format!(
        "{percent}# %%\nv = rc[[0, 2]]\n# %alias_magic set pxconfig\ndef act():\n    rc[1].activate()\n\n\
         # %% active=\"ipynb\"\n# v.activate()\n\n# %%\n# %px a = 1\n\n# %% active=\"ipynb\"\n# %set --targets 1\n\n# %%\n\
         # %px b = 1\n\n# %% active=\"ipynb\"\n# act()\n\n# %%\n# %px c = 1\n"
    );
    assert_eq!(sent(&text), "a = 1 on [0,2]; b = 1 on 1: unread-view");
}

#[test]
fn a_region_takes_no_inactive_cell_in() {
    let percent = header("percent");
    let text = format!(
        "{percent}# %%\n# %autopx\n\n# %% active=\"ipynb\"\n# rc[1].activate()\n\n# %%\nx = 1\n\n# %%\n# %autopx\n\n# %%\n# %px b = 1\n"
    );
    assert_eq!(sent(&text), "x = 1\n; b = 1: ");
    for toggle in ["# %autopx", "# get_ipython().run_line_magic('autopx', '')"] {
        let text = format!("{percent}# %% active=\"ipynb\"\n{toggle}\n\n# %%\n# %autopx\n\n# %%\nx = 1\n");
        assert_eq!(sent(&text), ": inactive-magic unsure-autopx open-autopx", "{text}");
    }
}

#[test]
fn an_edit_of_an_inactive_cell_is_followed() {
    let text =
        format!("{}# %% active=\"ipynb\"\n# rc[1].activate()\n\n# %%\n# %px b = 1\n", header("percent"));
    let rope = Rope::from_str(&text);
    let mut index = Index::new(&rope, Dialect::Script, 0, Arc::default());
    let at = text.find("[1]").unwrap() + 1;
    let edited = text.replace("rc[1]", "rc[2]");
    let rope = Rope::from_str(&edited);
    index.edit(&rope, &[crate::text::Edit { start: at, old_end: at + 1, new_end: at + 1 }]);
    let targets = index.cells(&rope).cells[0].targets();
    assert_eq!(targets, Ok(Targets::One(2)));
}
