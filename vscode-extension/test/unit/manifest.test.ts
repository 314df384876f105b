import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { STYLES } from "../../src/layout";

type Manifest = {
  icon: string;
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
  contributes: {
    configuration: { properties: Record<string, { default: unknown }> };
    colors: { id: string; defaults: { light: string } }[];
    commands: { command: string }[];
    menus: { commandPalette: { command: string; when: string }[] };
    keybindings: { command: string; key: string; when: string }[];
  };
};

// Tests run in the extension's folder.
const { capabilities, contributes, icon } = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const filesOfCommands = [
  "src/commands.ts",
  ...readdirSync("src/commands").map((name) => `src/commands/${name}`),
];
const commandsOfTheCode = filesOfCommands.map((name) => readFileSync(name, "utf8")).join("\n");

test("every command of the manifest is one of the code, and the other way round", () => {
  const ids = contributes.commands.map(({ command }) => command);
  const inCode = commandsOfTheCode.match(/"pxlens\.(?!server\.)[a-zA-Z]+"(?=: |, \(\))/g) ?? [];
  assert.deepEqual(new Set(ids.map((id) => `"${id}"`)), new Set(inCode));
  assert.equal(inCode.length, ids.length, "each stands in one file");
  for (const { command } of [...contributes.menus.commandPalette, ...contributes.keybindings]) {
    assert.ok(ids.includes(command), `${command} is in a menu or on a key, and is no command`);
  }
});

test("settings, and which of them need trust, are those of the documentation", () => {
  const rows = readFileSync("../docs/settings.md", "utf8").matchAll(/^\| `(\w+)` \|.*\| (.*) \|$/gm);
  const documented = new Map([...rows].map(([, key, untrusted]) => [`pxlens.${key}`, untrusted]));
  const offered = Object.keys(contributes.configuration.properties);
  assert.deepEqual(
    [...documented.keys()].filter((key) => !offered.includes(key)),
    [],
  );
  const { restrictedConfigurations } = capabilities.untrustedWorkspaces;
  for (const [key, untrusted] of documented) {
    assert.equal(restrictedConfigurations.includes(key), untrusted === "does not count", key);
  }
  assert.ok(restrictedConfigurations.includes("pxlens.path"));
});

test("every style has a colour of the theme", () => {
  const colors = contributes.colors.map(({ id }) => id);
  assert.deepEqual(new Set(colors), new Set(STYLES.map((style) => `pxlens.${style}Foreground`)));
});

/** It was 2.2 : 1; 4.5 : 1 is the least that WCAG calls readable. */
test("a stale line can be read on white", () => {
  const { light } = contributes.colors.find(({ id }) => id === "pxlens.staleForeground")?.defaults ?? {};
  const linear = (light?.match(/[0-9a-f]{2}/gi) ?? []).map((hex) => {
    const part = Number.parseInt(hex, 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  assert.equal(linear.length, 3, light);
  const [red = 1, green = 1, blue = 1] = linear;
  const contrast = 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
  assert.ok(contrast >= 4.5, String(contrast));
});

test("no key does anything while there is no server, or outside the text and the panel", () => {
  for (const { command, key, when } of contributes.keybindings) {
    assert.match(when, /^pxlens\.ready && .*editorTextFocus/, key);
    assert.equal(
      when.includes("activeWebviewPanelId == 'pxlens.outputs'"),
      command === "pxlens.interrupt",
      key,
    );
  }
});

test("a command that the server has to execute is offered only when the server announces that", () => {
  const executed = readFileSync("src/protocol.ts", "utf8").matchAll(
    /^ {2}(\w)(\w*): "pxlens\.server\.\w+",$/gm,
  );
  const told = new Set(
    [...executed].map(([, first = "", rest]) => `pxlens.can${first.toUpperCase()}${rest}`),
  );
  const needing = [
    ...["run", "runAndAdvance", "runAbove", "runBelow", "runAll", "runOn", "runCanary", "rerunFailed"],
    ...["rerunDiffering", "interrupt", "compare", "export", "openConsole"],
  ].map((name) => `pxlens.${name}`);
  for (const { command, when } of [...contributes.menus.commandPalette, ...contributes.keybindings]) {
    const named = when.match(/pxlens\.can\w+/g) ?? [];
    assert.ok(
      named.every((key) => told.has(key)),
      `${command}: ${when}`,
    );
    assert.equal(named.length > 0, needing.includes(command), command);
  }
  const inPalette = contributes.menus.commandPalette.map(({ command }) => command);
  for (const command of needing) assert.ok(inPalette.includes(command), command);
});

test("no two commands have the same key", () => {
  const keys = contributes.keybindings.map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length);
});

test("what the manifest names is packed", () => {
  const packed = readFileSync(".vscodeignore", "utf8").split("\n");
  for (const file of [icon, "dist/webview/page.js", "dist/webview/page.css"])
    assert.ok(packed.includes(`!${file}`));
  const png = readFileSync(icon);
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [128, 128]);
});
