/** Opens the outputs panel; it follows the px cell at the cursor. */

import type { Live } from "../commands";

export function openPanel({ panel }: Live): Promise<void> {
  panel.show();
  return Promise.resolve();
}
