import assert from "node:assert/strict";
import { test } from "node:test";

import { gap } from "../../src/engines-pace";
import { isNode, type Node, tree, update } from "../../src/engines-view-model";
import type { Cluster, Engine, EngineCell } from "../../src/protocol";

const FILE = "/home/ada/.ipython/profile_default/security/ipcontroller-client.json";
const AT: EngineCell = { run: 1, uri: "file:///tour.py", cell: "c1", line: 3, title: "%%px" };

function engine(id: number, more: Partial<Engine> = {}): Engine {
  return { id, state: "idle", ...more };
}

function cluster(engines: Engine[], more: Partial<Cluster> = {}): Cluster {
  const rest = { profile: "default", connectionFile: FILE, ours: true, inUse: true } as const;
  return { ...rest, state: "up", engines, ...more };
}

function drawn(nodes: readonly Node[], depth = 0): string[] {
  return nodes.flatMap(({ label, description, icon, children }) => [
    `${"  ".repeat(depth)}${label} | ${description} | ${icon.name}`,
    ...drawn(children, depth + 1),
  ]);
}

const shown = (...clusters: Cluster[]): string[] => drawn(tree({ clusters }));

test("engines of one host stand below their cluster, each with what it does or raised last", () => {
  const engines = [
    engine(0, { host: "n01" }),
    engine(1, { host: "n01", state: "busy", current: AT }),
    engine(2, { host: "n01", lastError: { text: "ValueError: no", at: AT } }),
    engine(3, { host: "n01", state: "unknown" }),
  ];
  assert.deepEqual(shown(cluster(engines)), [
    "Local cluster | 4 engines, 1 busy · default | server-environment",
    "  Engine 0 | idle | circle-filled",
    "  Engine 1 | %%px (line 4) | sync~spin",
    "  Engine 2 | ValueError: no | error",
    "  Engine 3 | state unknown | circle-outline",
  ]);
});

test("an engine that works for another window or client says so, and can be interrupted", () => {
  const error = { text: "ValueError: of an earlier run", at: AT };
  const engines = [
    engine(0, { state: "busy", worksFor: { whose: "mine", run: "3f2a91c4-7" }, lastError: error }),
    engine(1, { state: "busy", worksFor: { whose: "anybody" } }),
  ];
  assert.deepEqual(shown(cluster(engines)).slice(1), [
    "  Engine 0 | busy for another window or shell of yours | sync~spin",
    "  Engine 1 | busy for another client | sync~spin",
  ]);
  const [first, second] = tree({ clusters: [cluster(engines)] })[0]?.children ?? [];
  assert.match(first?.tooltip ?? "", /works for another window or shell of yours, run 3f2a91c4-7/);
  assert.deepEqual([first?.context, second?.context], ["engine.others", "engine.others"]);
});

test("several hosts are a level of their own, also the one of engines that did not tell", () => {
  const engines = [
    engine(0, { host: "n01" }),
    engine(1, { host: "n02" }),
    engine(2),
    engine(3, { host: "n01" }),
  ];
  assert.deepEqual(shown(cluster(engines)), [
    "Local cluster | 4 engines · default | server-environment",
    "  n01 | 2 engines | vm",
    "    Engine 0 | idle | circle-filled",
    "    Engine 3 | idle | circle-filled",
    "  n02 | 1 engine | vm",
    "    Engine 1 | idle | circle-filled",
    "  host unknown | 1 engine | vm",
    "    Engine 2 | idle | circle-filled",
  ]);
});

test("one host is no level, also while some engines have not told yet", () => {
  const [, first, second] = shown(cluster([engine(0, { host: "n01" }), engine(1)]));
  assert.deepEqual(
    [first, second],
    ["  Engine 0 | idle | circle-filled", "  Engine 1 | idle | circle-filled"],
  );
});

test("clusters that are not in use, start or are gone say so", () => {
  const other = { connectionFile: "/other.json", inUse: false, ours: false } as const;
  assert.deepEqual(
    shown(
      { state: "starting", inUse: true, ours: true, engines: [] },
      cluster([], { ...other, state: "found", profile: "mpi" }),
      cluster([], { state: "notResponding" }),
    ),
    [
      "Local cluster | starting | loading~spin",
      "Cluster mpi | not in use | circle-outline",
      "Local cluster | does not answer · default | warning",
    ],
  );
  assert.deepEqual(tree(undefined), []);
});

test("menus can tell what a line is about", () => {
  const contexts = (nodes: readonly Node[]): string[] =>
    nodes.flatMap(({ context, children }) => [context, ...contexts(children)]);
  const one = cluster([engine(0, { host: "a", current: AT, state: "busy" }), engine(1, { host: "b" })]);
  const nodes = tree({ clusters: [one, cluster([], { inUse: false, state: "found" })] });
  assert.deepEqual(contexts(nodes), [
    "cluster.inUse",
    "host",
    "engine.ours",
    "host",
    "engine",
    "cluster.other",
  ]);
  assert.ok(nodes.every(isNode));
  assert.ok(![undefined, null, "text", {}].some(isNode));
});

test("only lines that look different are drawn anew, and they stay the same objects", () => {
  const before = tree({ clusters: [cluster([engine(0), engine(1)])] });
  const [root] = before;
  const second = root?.children[1];
  const changed = update(before, tree({ clusters: [cluster([engine(0), engine(1, { state: "busy" })])] }));
  assert.deepEqual(changed, [root, second]);
  assert.equal(changed[1], second);
  assert.deepEqual([second?.description, second?.engines[0]?.state], ["busy", "busy"]);
  assert.deepEqual(
    update(before, tree({ clusters: [cluster([engine(0), engine(1, { state: "busy" })])] })),
    [],
  );
});

test("a line that came or went has all drawn anew, and leaves what was shown as it was", () => {
  const before = tree({ clusters: [cluster([engine(0), engine(1)])] });
  assert.equal(update(before, tree({ clusters: [cluster([engine(0, { state: "busy" })])] })), undefined);
  assert.equal(update(before, tree({ clusters: [cluster([engine(0), engine(2)])] })), undefined);
  assert.deepEqual(drawn(before).length, 3);
  assert.match(drawn(before)[1] ?? "", /idle/);
});

test("many engines are asked for more seldom", () => {
  assert.ok(gap(1000) > gap(4));
});
