import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isGiven, read } from "../../src/panel/messages";
import { untilNext } from "../../src/panel/pace";
import { bytes, suggestedName } from "../../src/panel/picture";
import { policy, shell } from "../../src/panel/shell";
import type { PageResult, ResultImage } from "../../src/protocol";
import { frameDocument, frameHeight } from "../../webview/frame";
import { filtered, matches, sections, step, unsearched } from "../../webview/model";

const PLACE = { uri: "file:///h/a.py", position: { line: 4, character: 2 } };

function run(more: Partial<PageResult> = {}): PageResult {
  return {
    run: 7,
    uri: "file:///h/a.py",
    cell: "c1",
    line: 3,
    title: "%%px",
    state: "succeeded",
    summary: "2 engines",
    groupBy: "fold",
    ranks: "[0-1]",
    engines: [0, 1],
    hasEarlier: false,
    sections: [],
    errors: [],
    tables: [],
    images: [],
    ...more,
  };
}

function block(ranks: string, text: string): PageResult["sections"][number]["blocks"][number] {
  return { ranks, engines: [0], state: "ok", pieces: [{ text, style: "stdout" }] };
}

function image(more: Partial<ResultImage> = {}): ResultImage {
  return {
    ranks: "[0-2,4]",
    engines: [0],
    ordinal: 1,
    mime: "image/png",
    bytes: 3,
    alt: "<Figure>",
    ...more,
  };
}

const RAISED: PageResult["errors"][number] = {
  ranks: "[1]",
  engines: [1],
  title: "ValueError: bad",
  variants: [],
  lines: [{ text: "Cell In[1], line 2", place: PLACE }, { text: "----> 2 bad()" }],
};

test("what there is of a run has its sections, and nothing has none", () => {
  const titles = (page: PageResult): string[] => sections(page).map(({ title }) => title);
  assert.deepEqual(titles(run()), []);
  const full = run({
    errors: [RAISED],
    sections: [{ blocks: [block("[0-1]", "hi")] }],
    tables: [{ ranks: "[0]", engines: [0], html: "<table></table>", alt: "" }],
    images: [image()],
  });
  assert.deepEqual(titles(full), ["Errors", "Output", "Tables", "Plots"]);
  const byType = run({
    sections: [
      { title: "stdout", blocks: [block("[0]", "a")] },
      { title: "stderr", blocks: [block("[0]", "b")] },
    ],
  });
  assert.deepEqual(titles(byType), ["stdout", "stderr"]);
});

test("a card keeps its key while its engines' output grows, and keys are distinct", () => {
  const card = (text: string) =>
    sections(run({ sections: [{ blocks: [block("[0]", text), block("[0]", text)] }] }))[0]?.cards ?? [];
  const [before, after] = [card("a"), card("a\nb")];
  assert.deepEqual(
    before.map(({ key }) => key),
    after.map(({ key }) => key),
  );
  assert.notEqual(before[0]?.print, after[0]?.print);
  assert.notEqual(before[0]?.key, before[1]?.key);
});

test("an image that is another is drawn anew, wherever its data differs at its ends", () => {
  const print = (data: string): string | undefined =>
    sections(run({ images: [image({ data })] }))[0]?.cards[0]?.print;
  assert.equal(print("abc"), print("abc"));
  assert.notEqual(print("abc"), print("abd"));
});

test("screen readers hear which engines and how they are", () => {
  const blocks = [{ ...block("[2]", ""), state: "lost" as const }];
  const labels = sections(run({ errors: [RAISED], sections: [{ blocks }] })).flatMap(({ cards }) =>
    cards.map(({ label }) => label),
  );
  assert.deepEqual(labels, ["Engines [1]: ValueError: bad", "Engines [2], lost"]);
});

test("the filter looks at engines and text, whatever the case", () => {
  const card = sections(run({ sections: [{ blocks: [block("[0-1]", "Loss 0.5")] }] }))[0]?.cards[0];
  assert.ok(card);
  assert.deepEqual(
    ["loss", " [0-1] ", "", "error"].map((filter) => matches(card, filter)),
    [true, true, true, false],
  );
  assert.deepEqual([filtered(1, 3, "loss"), filtered(3, 3, " ")], ["1 of 3", ""]);
});

/** The filter said "0 of 1" for a text in the middle of a long output, of which both ends are shown. */
test("what the filter cannot search is said", () => {
  const long = { ...block("[0]", "first … last"), leftOut: "13,477 lines (2 MB)" };
  const page = run({
    sections: [{ blocks: [long, block("[1]", "short")] }],
    note: "2 more blocks not shown here",
  });
  assert.equal(unsearched(page, "x"), "13,477 lines (2 MB) of [0]; 2 more blocks not shown here");
  assert.equal(unsearched(page, " "), "");
  const many = run({ sections: [{ blocks: Array.from({ length: 5 }, () => long) }] });
  assert.match(unsearched(many, "x"), /of \[0\]; 2 more such gaps$/);
  assert.equal(unsearched(run({ sections: [{ blocks: [block("[1]", "short")] }] }), "x"), "");
});

test("arrows walk through the cards and stop at the ends", () => {
  assert.deepEqual([step(0, "ArrowDown", 3), step(2, "ArrowDown", 3), step(0, "ArrowUp", 3)], [1, 2, 0]);
  assert.deepEqual([step(1, "Home", 3), step(0, "End", 3), step(0, "x", 3)], [0, 2, undefined]);
  assert.equal(step(0, "End", 0), undefined);
});

test("HTML of engines stands behind a policy, and values of the theme end nothing", () => {
  const theme = { foreground: "#fff</style>", background: "#000", border: "red", font: "a;b", size: "13px" };
  const made = frameDocument("<table></table>", theme);
  assert.match(made, /^<!DOCTYPE html><meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy"/);
  assert.equal(made.split("</style>").length, 2);
  assert.ok(made.endsWith("<table></table>"));
  assert.ok(!/script-src|https?:/.test(made));
  assert.ok(frameHeight("<p>") < frameHeight("<tr>".repeat(5)));
  assert.equal(frameHeight("<tr>".repeat(1000)), 420);
});

test("the page loads our own script and style, and nothing from elsewhere", () => {
  const parts = { source: "https://files.local", script: "page.js", style: "page.css", nonce: "abc" };
  const allowed = policy(parts);
  assert.match(allowed, /^default-src 'none'; script-src 'nonce-abc'; /);
  assert.ok(!allowed.includes("unsafe-eval") && !/script-src[^;]*unsafe/.test(allowed));
  assert.ok(shell(parts).includes(`content="${allowed}"`));
});

test("the page draws text as text", () => {
  for (const file of ["cards", "elements", "page", "toolbar"]) {
    const code = readFileSync(`webview/${file}.ts`, "utf8");
    assert.ok(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/.test(code), file);
  }
});

test("the page's style has the colours of the theme alone", () => {
  const style = readFileSync("webview/page.css", "utf8");
  assert.deepEqual(style.match(/#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/gi), null);
});

test("only known messages of the page count", () => {
  const known = [
    { type: "ready" },
    { type: "group", by: "engine" },
    { type: "follow", on: false },
    { type: "open", place: PLACE },
    { type: "copy", text: "a" },
    { type: "save", image: 0 },
    { type: "raw", engine: 3 },
    { type: "do", what: "export" },
    { type: "do", what: "newest" },
    { type: "do", what: "interrupt" },
  ];
  for (const message of known) assert.deepEqual(read(message), message);
  const odd = [
    null,
    "ready",
    { type: "group", by: "rank" },
    { type: "save", image: -1 },
    { type: "raw", engine: "3" },
    { type: "open", place: { uri: "file:///x", position: { line: 0.5, character: 0 } } },
    { type: "do", what: "delete" },
    { type: "run" },
  ];
  for (const message of odd) assert.equal(read(message), undefined);
});

test("a place is opened only if the server gave it", () => {
  const page = run({ errors: [RAISED] });
  assert.ok(isGiven(PLACE, page));
  assert.ok(!isGiven({ ...PLACE, uri: "file:///etc/passwd" }, page));
  assert.ok(!isGiven({ ...PLACE, position: { line: 5, character: 2 } }, page));
});

test("an image is saved as it came, under a name that tells whose it is", () => {
  assert.equal(suggestedName(7, image()), "run-7-engines-0-2,4-1.png");
  assert.equal(suggestedName(7, image({ mime: "image/svg+xml", ranks: "[3]" })), "run-7-engines-3-1.svg");
  assert.deepEqual(Buffer.from(bytes(image({ data: "YWJj" })) ?? []).toString(), "abc");
  assert.deepEqual(
    Buffer.from(bytes(image({ mime: "image/svg+xml", data: "<svg/>" })) ?? []).toString(),
    "<svg/>",
  );
  assert.equal(bytes(image()), undefined);
});

test("a page is asked for at once after a pause, and less often where answers take long", () => {
  assert.equal(untilNext(1000, undefined), 0);
  assert.equal(untilNext(1010, { began: 1000, took: 10 }), 250);
  assert.equal(untilNext(1200, { began: 1000, took: 200 }), 600);
  assert.equal(untilNext(9000, { began: 1000, took: 200 }), 0);
});
