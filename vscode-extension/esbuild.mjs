// Bundles the extension (dist/), or with --unit or --ui the tests (dist/test/).
import { build, context } from "esbuild";
import { readdirSync } from "node:fs";

const flags = new Set(process.argv.slice(2));
const common = { bundle: true, platform: "node", target: "node20", sourcemap: true, logLevel: "warning" };

/** Every test file and benchmark of one kind, each a bundle of its own. */
function tests(kind) {
  const files = readdirSync(`test/${kind}`).filter((name) => /\.(test|bench)\.ts$/.test(name));
  return {
    ...common,
    entryPoints: files.map((name) => `test/${kind}/${name}`),
    outdir: `dist/test/${kind}`,
    external: ["playwright-core"],
    // Modules that speak to VS Code are tried with one that the test plays.
    alias: { vscode: "./test/unit/fake-vscode.ts" },
  };
}

const extension = {
  ...common,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  external: ["vscode"],
  minify: flags.has("--production"),
  sourcemap: !flags.has("--production"),
};

const wanted = flags.has("--unit") ? tests("unit") : flags.has("--ui") ? tests("ui") : extension;
if (flags.has("--watch")) await (await context(wanted)).watch();
else await build(wanted);
