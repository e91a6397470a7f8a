import { html } from './html.ts'

/** A moon over a closed door. It brings its own night, so that it stands on any ground. */
export const mark = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="44" height="44" aria-hidden="true" focusable="false">
<rect width="64" height="64" rx="15" fill="#232c5c"/>
<path d="M34.5 5.5a9.5 9.5 0 1 0 6.6 14.6A8.2 8.2 0 0 1 34.5 5.5z" fill="#f6c85f"/>
<rect x="19" y="28" width="26" height="28" rx="2.5" fill="#c3caf3"/>
<rect x="22.5" y="31.5" width="19" height="24.5" fill="#6473cf"/>
<circle cx="37.5" cy="44" r="2" fill="#f6c85f"/>
<path d="M12 56h40" stroke="#c3caf3" stroke-width="3" stroke-linecap="round"/>
</svg>`

/** The same for the browser's tab; without one, browsers ask the application's host for /favicon.ico. */
export const icon = `data:image/svg+xml,${encodeURIComponent(mark.toString())}`
