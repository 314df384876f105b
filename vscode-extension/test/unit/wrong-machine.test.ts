import assert from "node:assert/strict";
import { test } from "node:test";

import { hiddenMagic, notice, rewriteForJupyter } from "../../src/wrong-machine";

test("a cell magic in a comment is hidden from Jupyter", () => {
  assert.equal(hiddenMagic("x = 1\n# %%px\nprint(1)\n"), 1);
  assert.equal(hiddenMagic("#%%px_even --noblock\r\nprint(1)"), 0);
  for (const text of [
    "",
    "# %%\n%%px\nx",
    "#!%%px\nx",
    "# %%pretty",
    "# %px x",
    "# see %%px",
    "# %%px is prose",
    "%%px\nx",
  ])
    assert.equal(hiddenMagic(text), undefined, text);
});

test("the rewrite is the one that Jupyter reads, of all magics where there are several", () => {
  const one = { title: "Write this magic for VS Code (#!%%px)" };
  const all = { title: "Write all px magics for VS Code (#!%%px)" };
  const others = [
    { title: "Write this magic plainly (%%px)" },
    { title: "Write all px magics plainly (%%px)" },
  ];
  assert.equal(rewriteForJupyter([...others, one, all]), all);
  assert.equal(rewriteForJupyter([one, ...others]), one);
  assert.equal(rewriteForJupyter(others), undefined);
});

test("the notice names the line as one counts", () => {
  assert.match(notice("tour.py", 4), /^Line 5 of tour\.py /);
});
