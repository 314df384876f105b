/** The command that opens the outputs panel, which then follows the px cell at the cursor, or gives it the focus. */

import type { Commands, Live } from "../commands";

export const panelCommands: Commands = {
  "pxlens.openPanel": openPanel,
};

function openPanel({ panel }: Live): Promise<void> {
  panel.showOrFocus();
  return Promise.resolve();
}
