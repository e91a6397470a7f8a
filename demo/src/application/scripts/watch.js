// One question a second, one dot an answer: so that one sees when the session ends, and why.
import { ask, inWords } from './session.js'

const everyMs = 1000
const dotsMax = 120

const panel = document.querySelector('#watch')
const state = panel.querySelector('.state')
const dots = panel.querySelector('.dots')
const last = panel.querySelector('.last')
const ended = panel.querySelector('.ended')

let asked = 0

async function watch() {
  const began = performance.now()
  asked++
  const { status, user, reason } = await ask()
  const took = Math.round(performance.now() - began)
  if (status !== undefined) {
    last.textContent = `Number ${asked} was answered ${status} after ${took} ms.`
  }
  if (status === 401) return end(reason)
  if (status === 200) alive(user)
  else if (status === undefined) show('unsure', 'the proxy does not answer')
  else show('unsure', `not answered for now (${status})`)
  setTimeout(watch, everyMs)
}

function show(kind, text) {
  state.className = `state ${kind}`
  if (state.textContent !== text) state.textContent = text
  const dot = document.createElement('i')
  dot.className = kind
  dots.append(dot)
  while (dots.childElementCount > dotsMax) dots.firstElementChild.remove()
  dots.scrollLeft = dots.scrollWidth
}

function alive(user) {
  show('good', 'alive')
  // Somebody else has signed in in another tab: this page is about the person before.
  if (user !== panel.dataset.user) location.reload()
}

function end(reason) {
  show('over', 'over')
  ended.querySelector('.why').textContent = `The session is over: ${inWords(reason)}.`
  ended.hidden = false
}

void watch()
