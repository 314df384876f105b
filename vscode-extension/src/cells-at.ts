/** Which px cells are meant by a line. Pure. */

import type { Cell } from "./protocol";

/** The px cells on this line; on the marker of a cell of a script, those of that cell. */
export function cellsAt(cells: readonly Cell[], line: number): Cell[] {
  const on = cells.filter(({ range }) => range.start.line <= line && line <= range.end.line);
  return on.length > 0 ? on : cells.filter(({ marker }) => marker === line);
}
