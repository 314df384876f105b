import assert from "node:assert/strict";
import { test } from "node:test";

import { findBinary, type Surroundings } from "../../src/binary";

function find(programs: string[], more: Partial<Surroundings> = {}): string {
  const found = findBinary({
    setting: "",
    extension: "/ext",
    home: "/home/ada",
    searchPath: "/usr/bin:/opt/bin",
    platform: "linux",
    isProgram: (file) => programs.includes(file),
    ...more,
  });
  return "missing" in found ? found.missing : `${found.from} ${found.program}`;
}

test("the setting goes before the bundled program, and that before PATH", () => {
  const all = ["/a/pxlens", "/ext/server/pxlens", "/usr/bin/pxlens"];
  assert.equal(find(all, { setting: "/a/pxlens" }), "setting /a/pxlens");
  assert.equal(find(all), "extension /ext/server/pxlens");
  assert.equal(find(["/usr/bin/pxlens", "/opt/bin/pxlens"]), "PATH /usr/bin/pxlens");
});

test("a setting that names nothing is an error, whatever else is there", () => {
  assert.match(find(["/usr/bin/pxlens"], { setting: "/gone/pxlens" }), /pxlens\.path names \/gone\/pxlens/);
});

test("a tilde is the user's home", () => {
  assert.equal(find(["/home/ada/pxlens"], { setting: "~/pxlens" }), "setting /home/ada/pxlens");
});

test("folders of PATH that depend on where one is are passed over", () => {
  assert.match(find(["bin/pxlens", "pxlens"], { searchPath: ":.:bin" }), /not found/);
});

test("what is missing is said with what to do", () => {
  assert.match(find([]), /Install it, or name it in the setting pxlens\.path/);
});
