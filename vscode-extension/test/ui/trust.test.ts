/** A workspace that the user does not trust, and then does. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { VSCode } from "./vscode";
import type { Window } from "./window";

let vscode: VSCode;
let window: Window;

before(async () => {
  vscode = await VSCode.start({ trusting: false });
  window = await vscode.open("tour.py");
});

after(async () => {
  await window.screenshot("trust-last");
  await window.close();
  await vscode.stop();
});

test("nothing runs in a workspace that is not trusted, until it is", async () => {
  const editor = window.editor("tour.py");
  await window.statusSays("no cluster");
  await window.goTo(editor, 'print("ready")');
  await window.command("pxlens: Run Px Cell");
  await window.notification("trust").waitFor();
  await window.screenshot("untrusted");
  assert.deepEqual(await window.painted(editor), []);
  await window.command("Notifications: Clear All Notifications");

  await window.command("Workspaces: Manage Workspace Trust");
  await window.page
    .locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ })
    .first()
    .click();
  await window.closeTabs("Workspace Trust");
  await editor
    .locator(".codelens-decoration a", { hasText: "Run (starts 4 local engines)" })
    .first()
    .waitFor();
  await window.screenshot("trusted");
});
