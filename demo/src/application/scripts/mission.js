// A flight, as the API tells it. It stops telling when the session ends; then Curfew is asked why.
import { ask, inWords } from './session.js'

const trailMax = 120
const retryMs = 1000

const panel = document.querySelector('#mission')
const state = panel.querySelector('.state')
const start = panel.querySelector('.start')
const ended = panel.querySelector('.ended')
const drone = panel.querySelector('.drone')
const trail = panel.querySelector('.trail')
const readings = new Map(
  [...panel.querySelectorAll('[data-reading]')].map((one) => [one.dataset.reading, one]),
)

const flown = []

start.addEventListener('click', async () => {
  start.disabled = true
  const response = await fetch('/missions', { method: 'POST', redirect: 'manual' }).catch(
    () => null,
  )
  if (response?.ok) fly(await response.json())
  else if (response?.status === 401) void ground()
  else refuse(response?.status)
})

function fly({ id, route }) {
  panel.querySelector('.route').setAttribute('points', onMap(route))
  panel.classList.add('flying')
  show('good', 'in the air')
  const events = new EventSource(`/missions/${id}/events`)
  events.addEventListener('telemetry', ({ data }) => move(JSON.parse(data)))
  events.addEventListener('landed', () => {
    events.close()
    show('', 'landed: the battery was empty')
    start.disabled = false
  })
  // The API's last word. The stream is over, and the drone is where it was.
  events.addEventListener('session-ended', () => {
    events.close()
    void ground()
  })
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED) void ground()
    else show('unsure', 'no contact')
  })
}

function move({ seconds, east, north, heading, altitude, speed, battery }) {
  show('good', 'in the air')
  drone.style.transform = `translate(${east}px, ${-north}px)`
  drone.querySelector('.nose').setAttribute('transform', `rotate(${heading})`)
  flown.push([east, north])
  if (flown.length > trailMax) flown.shift()
  trail.setAttribute('points', onMap(flown))
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  const values = { altitude: `${altitude} m`, speed: `${Math.round(speed)} m/s`, time }
  for (const [name, text] of Object.entries({ ...values, battery: `${battery} %` })) {
    readings.get(name).textContent = text
  }
}

/** North is up on the map, and down in SVG. */
function onMap(places) {
  return places.map(([east, north]) => `${east},${-north}`).join(' ')
}

async function ground() {
  const { status, reason } = await ask()
  // Signed in again meanwhile, in another tab: that is another session, and another flight.
  if (status === 200) {
    location.reload()
    return
  }
  if (status !== 401) {
    show('unsure', 'no contact')
    setTimeout(ground, retryMs)
    return
  }
  show('over', 'grounded')
  panel.classList.replace('flying', 'grounded')
  ended.querySelector('.why').textContent = `Grounded: ${inWords(reason)}.`
  ended.hidden = false
  start.hidden = true
}

function refuse(status) {
  start.disabled = false
  if (status === 403) show('over', 'only pilots may fly')
  else show('unsure', `not answered for now${status === undefined ? '' : ` (${status})`}`)
}

function show(kind, text) {
  state.className = `state ${kind}`
  if (state.textContent !== text) state.textContent = text
}
