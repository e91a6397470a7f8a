import { createHash } from 'node:crypto'
import type { Brand } from './brand.ts'
import { type Html, html } from './html.ts'
import { type Palette, palettesOf } from './palette.ts'

interface Style {
  readonly sheet: Html
  /** The source expression that lets this sheet, and no other style, into a page (CSP3, section 2.3.1). */
  readonly source: string
}

const known = new WeakMap<Brand, Style>()

/** The one stylesheet of all pages, in the colours of the brand. */
export function styleOf(brand: Brand): Style {
  const style = known.get(brand) ?? made(brand)
  known.set(brand, style)
  return style
}

function made({ theme }: Brand): Style {
  const { light, dark } = palettesOf(theme)
  const sheet = html`
:root { --radius: ${String(theme.radiusPx)}px; ${coloursOf(light)} }
@media (prefers-color-scheme: dark) { :root { ${coloursOf(dark)} } }
${base}`
  const hash = createHash('sha256').update(sheet.toString()).digest('base64')
  return { sheet, source: `'sha256-${hash}'` }
}

/** What is a colour, and nothing else: the rest of the sheet is ours alone. */
function coloursOf(palette: Palette): readonly Html[] {
  return Object.entries(palette).flatMap(([name, colour]) =>
    /^#[0-9a-f]{6}$/.test(colour) ? [html`--${variableOf(name)}: ${colour}; `] : [],
  )
}

/** `accentOver` is `--accent-over`. */
function variableOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

const base = html`
:root {
  color-scheme: light dark;
  --font: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
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
header svg, header img { flex: none; }
header img { width: auto; max-width: 11rem; height: 44px; object-fit: contain; }
main {
  padding: 2rem;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--card);
}
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; text-wrap: balance; }
p { margin: 0 0 .75rem; text-wrap: pretty; }
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
.wide { grid-template-columns: minmax(0, 46rem); align-content: start; }
.wide h1 { margin-bottom: .5rem; }
.devices { margin: 1.5rem 0 0; padding: 0; list-style: none; }
.devices li { padding: 1.25rem 0; border-top: 1px solid var(--line); }
h2 { margin: 0; font-size: 1.0625rem; line-height: 1.4; }
.badge {
  display: inline-block;
  padding: 0 .5rem;
  border: 1px solid var(--accent);
  border-radius: 1rem;
  color: var(--accent);
  font-size: .8125rem;
  font-weight: 600;
}
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .75rem 1rem; margin: .75rem 0; }
.facts dd { margin: 0; }
.facts bdi { font-weight: 400; }
.facts time { display: block; font-size: .8125rem; line-height: 1.3; text-wrap: balance; }
.wide .facts { grid-template-columns: repeat(auto-fill, minmax(max(8.5rem, 30%), 1fr)); }
a.small:hover, summary:hover { border-color: var(--accent); }
.row { display: flex; flex-wrap: wrap; align-items: flex-start; gap: .75rem; }
.row > details[open] { flex-basis: 100%; }
a.small, summary, .small.button {
  display: inline-block;
  width: auto;
  color: var(--text);
  text-decoration: none;
  padding: .375rem .875rem;
  border: 1px solid var(--edge);
  border-radius: calc(var(--radius) - 4px);
  font-weight: 600;
  list-style: none;
  cursor: pointer;
}
summary::-webkit-details-marker { display: none; }
details form { display: grid; gap: .75rem; justify-items: start; margin-top: .75rem; }
details label { width: 100%; margin: 0; }
.field {
  display: block;
  width: 100%;
  max-width: 24rem;
  margin: .25rem 0 0;
  padding: .5rem .75rem;
  border: 1px solid var(--edge);
  border-radius: calc(var(--radius) - 4px);
  background: var(--ground);
  color: var(--text);
  font: inherit;
}
.said { padding: .75rem 1rem; border-left: 4px solid var(--accent); background: var(--ground); }
.lately { margin: 2rem 0 0; padding: 1.25rem 0 0; border-top: 1px solid var(--line); }
.lately h2 { margin-bottom: .75rem; }
.lately ul { margin: 0; padding: 0; list-style: none; }
.lately li { margin: 0 0 .75rem; }
.lately p { margin: 0; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; }
`
