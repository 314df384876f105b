/** The panel's page before anything is drawn in it. Pure. */

export type Shell = {
  /** The source from which VS Code serves the extension's files, for the policy. */
  source: string;
  script: string;
  style: string;
  nonce: string;
};

/**
 * The policy allows only our own script and style. Images are data URIs. Inline styles are allowed because the frames of HTML outputs
 * inherit this policy. In those frames no script runs at all, and our own page inserts text only as text.
 */
export function policy({ source, nonce }: Pick<Shell, "source" | "nonce">): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source} 'unsafe-inline'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

export function shell(parts: Shell): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(parts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${parts.style}">
<title>Outputs</title>
</head>
<body>
<script nonce="${parts.nonce}" src="${parts.script}"></script>
</body>
</html>`;
}
