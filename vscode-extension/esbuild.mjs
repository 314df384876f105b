// Bundles the extension and the page of its outputs panel (dist/), or with --unit or --ui the tests (dist/test/).
import { build, context } from "esbuild";
import { readdirSync, rmSync } from "node:fs";

const flags = new Set(process.argv.slice(2));
const shared = { bundle: true, sourcemap: true, logLevel: "warning" };
const common = { ...shared, platform: "node", target: "node20" };

/** Every test file and benchmark of one kind, each a bundle of its own. */
function tests(kind) {
  const files = readdirSync(`test/${kind}`).filter((name) => /\.(test|bench)\.ts$/.test(name));
  // What is run is what is there.
  rmSync(`dist/test/${kind}`, { recursive: true, force: true });
  return {
    ...common,
    entryPoints: files.map((name) => `test/${kind}/${name}`),
    outdir: `dist/test/${kind}`,
    external: ["playwright-core"],
    // Modules that speak to VS Code are tried with one that the test plays.
    alias: { vscode: "./test/unit/fake-vscode.ts" },
  };
}

const production = { minify: flags.has("--production"), sourcemap: !flags.has("--production") };

const extension = {
  ...common,
  ...production,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  external: ["vscode"],
};

const page = {
  ...shared,
  ...production,
  platform: "browser",
  target: "chrome114",
  format: "iife",
  entryPoints: ["webview/page.ts", "webview/page.css"],
  outdir: "dist/webview",
};

const wanted = flags.has("--unit") ? [tests("unit")] : flags.has("--ui") ? [tests("ui")] : [extension, page];
for (const one of wanted) {
  if (flags.has("--watch")) await (await context(one)).watch();
  else await build(one);
}
