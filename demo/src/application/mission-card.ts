import { type Html, html } from '../page/html.ts'
import type { Visitor } from './visitor.ts'

const readings = ['altitude', 'speed', 'battery', 'time'] as const

/** mission.js flies it. Metres, the pad in the middle, north up. */
export function missionCard({ id, roles }: Visitor): Html {
  return html`<section class="card" id="mission" data-user="${id}">
<h1>Mission <span class="state" role="status">on the pad</span></h1>
<p class="hint">The flight is told by an API that verifies its tokens itself. When your session ends, for
whatever reason, so does its stream.</p>
<p class="ended" role="alert" hidden><span class="why"></span><a class="button" href="">Sign in again</a></p>
${map}
<dl class="readings">${readings.map(reading)}</dl>
<p class="acts"><button class="button start" type="button">Start the mission</button>
${roles.includes('pilot') ? [] : html`<span class="hint">Only pilots may, and you are none.</span>`}</p>
</section>`
}

function reading(name: string): Html {
  return html`<div><dt>${name}</dt><dd data-reading="${name}">–</dd></div>`
}

const map = html`<svg class="map" viewBox="-300 -160 600 320" role="img" aria-label="Map with the drone">
<defs><pattern id="grid" width="50" height="50" patternUnits="userSpaceOnUse">
<path class="grid" d="M50 0H0V50"/></pattern></defs>
<rect class="ground" x="-300" y="-160" width="600" height="320"/>
<path class="wood" d="M-300 -160h190c-14 36-58 44-88 62s-38 62-102 58z"/>
<path class="wood" d="M300 160H150c6-40 52-44 76-62s38-48 74-44z"/>
<path class="water" d="M-300 84c70-12 96 34 160 30s92-44 152-34 72 56 128 80h-440z"/>
<rect x="-300" y="-160" width="600" height="320" fill="url(#grid)"/>
<circle class="pad" r="15"/><path class="pad" d="M-5 -7V7M5 -7V7M-5 0H5"/>
<polyline class="route" points=""/><polyline class="trail" points=""/>
<g class="drone"><circle class="halo" r="22"/><path class="nose" d="M0 -17L11 12L0 6L-11 12Z"/></g>
</svg>`
