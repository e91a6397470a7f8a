// One question a second, one dot an answer: so that one sees when the session ends, and why.
const everyMs = 1000
const dotsMax = 120

const panel = document.querySelector('#watch')
const state = panel.querySelector('.state')
const dots = panel.querySelector('.dots')
const last = panel.querySelector('.last')
const ended = panel.querySelector('.ended')

const reasons = {
  user_logout: 'You signed out.',
  user_logout_all: 'You signed out everywhere.',
  user_logout_others: 'You ended it from another session.',
  admin_revoke: 'It was ended from outside.',
  idp_logout: 'You signed out at the provider.',
  idp_refused: 'The provider took it back.',
  user_disabled: 'Your account was disabled.',
  expired: 'It was not used for too long.',
}

let asked = 0

async function ask() {
  const began = performance.now()
  asked++
  try {
    const response = await fetch('/api/ping', {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      redirect: 'manual',
    })
    const took = Math.round(performance.now() - began)
    last.textContent = `Number ${asked} was answered ${response.status} after ${took} ms.`
    if (response.status === 401) return end(await response.json())
    if (response.ok) alive(await response.json())
    else show('unsure', `not answered for now (${response.status})`)
  } catch {
    show('unsure', 'the proxy does not answer')
  }
  setTimeout(ask, everyMs)
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

function alive({ user }) {
  show('good', 'alive')
  // Somebody else has signed in in another tab: this page is about the person before.
  if (user !== panel.dataset.user) location.reload()
}

function end({ revoked_reason: reason }) {
  show('over', 'over')
  ended.querySelector('.why').textContent =
    reason === undefined
      ? 'You are not signed in any more.'
      : `The session has ended. ${reasons[reason] ?? ''} (${reason})`
  ended.hidden = false
}

void ask()
