import { createHash } from 'node:crypto'
import { html } from './html.ts'

/** The one stylesheet of all pages. Its first block is the theme: change the look there. */
export const sheet = html`
:root {
  color-scheme: light dark;
  --ground: #eceef6;
  --card: #ffffff;
  --text: #1a2040;
  --quiet: #565e7d;
  --line: #d5daea;
  --edge: #858db0;
  --accent: #3545a3;
  --accent-over: #28368a;
  --on-accent: #ffffff;
  --focus: #b8630a;
  --radius: 12px;
  --font: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1122;
    --card: #171c33;
    --text: #eceefa;
    --quiet: #a4acca;
    --line: #323a5c;
  --edge: #6b75a3;
    --accent: #aab5ff;
    --accent-over: #c6ceff;
    --on-accent: #12183a;
    --focus: #f6c85f;
  }
}
* { box-sizing: border-box; }
body {
  display: grid;
  grid-template-columns: minmax(0, 27rem);
  align-content: center;
  justify-content: center;
  gap: 1rem;
  min-height: 100vh;
  min-height: 100dvh;
  margin: 0;
  padding: 2rem 1rem;
  background: var(--ground);
  color: var(--text);
  font: 1rem/1.5 var(--font);
  overflow-wrap: anywhere;
}
header { display: flex; align-items: center; gap: .75rem; font-weight: 600; }
header svg { flex: none; }
main {
  padding: 2rem;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--card);
}
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 .75rem; }
p:last-child { margin: 0; }
bdi { font-weight: 600; }
.quiet, footer { color: var(--quiet); }
footer { padding: 0 .25rem; font-size: .8125rem; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; user-select: all; }
.actions { display: grid; gap: .75rem; margin: 1.5rem 0 0; padding: 0; list-style: none; }
.button {
  display: block;
  width: 100%;
  padding: .75rem 1rem;
  border: 1px solid var(--edge);
  border-radius: calc(var(--radius) - 4px);
  background: none;
  color: var(--text);
  font: inherit;
  font-weight: 600;
  text-align: center;
  text-decoration: none;
  cursor: pointer;
}
.button:hover { border-color: var(--accent); }
.first { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.first:hover { border-color: var(--accent-over); background: var(--accent-over); }
label { display: block; margin: 0 0 .75rem; font-weight: 600; }
.code {
  display: block;
  width: 100%;
  margin: .25rem 0 0;
  padding: .75rem;
  border: 1px solid var(--edge);
  border-radius: calc(var(--radius) - 4px);
  background: var(--ground);
  color: var(--text);
  font: 600 1.25rem/1.25 ui-monospace, Menlo, Consolas, monospace;
  letter-spacing: .08em;
  text-transform: uppercase;
}
.tick { display: flex; gap: .75rem; margin: 0; font-weight: 400; }
.tick input { flex: none; width: 1.5rem; height: 1.5rem; margin: 0; accent-color: var(--accent); }
.tick code { font-weight: 600; white-space: nowrap; }
dl { margin: 0 0 1rem; }
dt { color: var(--quiet); font-size: .8125rem; }
dd { margin: 0 0 .5rem; }
.warning { padding: .75rem 1rem; border-left: 4px solid var(--focus); background: var(--ground); }
.actions + .actions { margin-top: .75rem; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; }
`

/** The source expression that lets this sheet, and no other style, into a page (CSP3, section 2.3.1). */
export function styleSource(): string {
  return `'sha256-${createHash('sha256').update(sheet.toString()).digest('base64')}'`
}
