/** HTML of engines as a document of its own, for a frame that runs no script and loads nothing. Pure. */

/** The colours and the font of the theme. */
export type Theme = { foreground: string; background: string; border: string; font: string; size: string };

/** The `srcdoc` attribute of the frame: first the policy and the styles, then the engine's HTML. */
export function frameDocument(html: string, theme: Theme): string {
  const { foreground, background, border, font, size } = theme;
  return `<!DOCTYPE html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>
:root { color-scheme: light dark; }
body { margin: 0; color: ${plain(foreground)}; background: ${plain(background)}; font: ${plain(size)} ${plain(font)}; }
table { border-collapse: collapse; border: 0; }
th, td { border: 1px solid ${plain(border)}; padding: 2px 8px; text-align: right; }
</style>
${html}`;
}

/** The value of a style without characters that could end the style around it. */
function plain(value: string): string {
  return value.replaceAll(/[<>{};]/g, "");
}

/** The height of the frame, in pixels. The page cannot measure its content, so the height is estimated from its rows. */
export function frameHeight(html: string): number {
  const rows = html.match(/<tr[\s>]/gi)?.length ?? 0;
  const lines = html.match(/<(?:br|p|li|h\d|div)[\s>/]/gi)?.length ?? 0;
  return Math.min(420, Math.max(60, 24 * rows + 18 * lines + 24));
}
