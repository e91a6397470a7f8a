/* The console in a real browser, on the made-up world of dev/. */
import { join } from 'node:path'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startBrowser } from '../../server/test/services/browser.ts'
import { type Mock, startMock } from '../dev/mock-server.ts'

const root = join(import.meta.dirname, '..')
// Not the folder that `npm run build` writes: other tests serve that one at this moment.
const folder = join(root, '../../node_modules/.cache/console-test')

/** So many rows fill the highest window that is used here, with what stands beyond its edges. */
const rowsMax = 60

/** A bound for what draws much, on a machine that has much else to do. */
const busyMs = 240_000

let browser: Browser
let mock: Mock
let page: Page
let complaints: string[]

beforeAll(async () => {
  const [started] = await Promise.all([
    startBrowser(),
    build({ root, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } }),
  ])
  browser = started
}, 300_000)

afterAll(() => browser?.close())

beforeEach(async () => {
  mock = await startMock({ folder, sessions: 400 })
  page = await open()
})

afterEach(async () => {
  await page.context().close()
  await mock.close()
})

type Look = Parameters<Browser['newContext']>[0]

async function open(look: Look = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...look })
  const opened = await context.newPage()
  complaints = []
  // What the policy forbids is told here, and so is every fault of the script.
  opened.on('console', (line) => line.type() === 'error' && complaints.push(line.text()))
  opened.on('pageerror', (error) => complaints.push(error.message))
  return opened
}

async function go(hash: string): Promise<void> {
  await page.goto('about:blank')
  await page.goto(`${mock.url}${hash}`)
  await page.locator('h1').waitFor()
}

const rows = () => page.locator('[data-row]')
const rowOf = (sid: string) => page.locator(`[data-row][data-sid="${sid}"]`)
const said = (text: string) => page.locator('.toast', { hasText: text }).waitFor()

describe('the list of sessions', () => {
  test(
    '10,000 are scrolled to the end in server-side pages, with few rows in the document',
    async () => {
      await mock.close()
      mock = await startMock({ folder, sessions: 10_000 })
      await go('#/sessions?state=all')
      await rows().first().waitFor()
      const scroller = page.locator('.list-scroll')
      let most = 0
      const loaded = async () => Number(/\d+/.exec(await page.locator('.count').innerText())?.[0])
      while ((await page.locator('.count').innerText()).includes('+')) {
        const before = await loaded()
        await scroller.evaluate((element) => element.scrollTo({ top: element.scrollHeight }))
        await expect.poll(loaded).toBeGreaterThan(before)
        most = Math.max(most, await rows().count())
      }
      await scroller.evaluate((element) => element.scrollTo({ top: element.scrollHeight }))
      const oldest = mock.world.list().at(-1)?.sid ?? ''
      await rowOf(oldest).waitFor()
      expect(await loaded()).toBe(10_001)
      expect(Math.max(most, await rows().count())).toBeLessThan(rowsMax)
      expect(await page.locator('[role=grid]').getAttribute('aria-rowcount')).toBe('10002')
    },
    busyMs,
  )

  test('a new session appears, waits for who reads, and an end shows its reason in place', async () => {
    await go('#/sessions')
    await page.locator('.live-mark.live').waitFor()
    await page.mouse.move(5, 5)
    const first = mock.world.start('main:new.one')
    await rowOf(first.sid).waitFor()
    expect(await rows().first().getAttribute('data-sid')).toBe(first.sid)

    await page.locator('.list-scroll').evaluate((element) => element.scrollTo({ top: 520 }))
    await expect.poll(() => page.locator('[data-row="0"]').count()).toBeLessThanOrEqual(1)
    const at = () => rowOf(shown).evaluate((element) => element.getBoundingClientRect().top)
    const shown = (await page.locator('[data-row="14"]').getAttribute('data-sid')) ?? ''
    const top = await at()
    const second = mock.world.start('main:new.two')
    await page.getByRole('button', { name: '1 new' }).waitFor()
    mock.world.end(shown, 'refresh_reuse', null)
    await rowOf(shown).getByText('Refresh token replayed').waitFor()
    expect(await at()).toBe(top)

    await page.getByRole('button', { name: '1 new' }).click()
    await rowOf(second.sid).waitFor()
    expect(await rows().first().getAttribute('data-sid')).toBe(second.sid)
  })

  test('search and filters ask the server, stand in the address, and may be cleared', async () => {
    const wanted = mock.world.start('main:needle.one')
    await go('#/sessions')
    await page.keyboard.press('/')
    await page.keyboard.type('main:needle')
    await expect.poll(() => rows().count()).toBe(1)
    await rowOf(wanted.sid).waitFor()
    expect(page.url()).toContain('search=main%3Aneedle')
    await page.getByLabel('Reason of the end').selectOption('idp_logout')
    await page.getByText('No session matches').waitFor()
    await page.getByRole('button', { name: 'Clear the filters' }).click()
    await expect.poll(() => rows().count()).toBeGreaterThan(5)
    await page.getByRole('button', { name: 'Ended' }).click()
    await page.getByLabel('Device class').selectOption('pc')
    await page.locator('.row.ended').first().waitFor()
    expect(await page.locator('.cell-device small').allInnerTexts()).toEqual(
      expect.not.arrayContaining([expect.stringContaining('web')]),
    )
  })

  test('keys alone: into the list, to its end and back, details, end with an own reason', async () => {
    await go('#/sessions')
    await rows().first().waitFor()
    const focused = () => page.evaluate('document.activeElement?.getAttribute("data-row")')
    await page.keyboard.press('j')
    await expect.poll(focused).toBe('0')
    for (const key of ['j', 'ArrowDown', 'k']) await page.keyboard.press(key)
    await expect.poll(focused).toBe('1')
    await page.keyboard.press('End')
    await expect.poll(focused).toBe('199')
    await page.keyboard.press('Home')
    await expect.poll(focused).toBe('0')
    await page.keyboard.press('ArrowDown')
    await expect.poll(focused).toBe('1')

    const sid = (await page.locator('[data-row="1"]').getAttribute('data-sid')) ?? ''
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText(sid).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(focused).toBe('1')
    await page.keyboard.press('e')
    await page.getByLabel('Own reason').focus()
    await page.keyboard.type('Ticket 4711')
    await page.keyboard.press('Enter')
    await said('Ended the session')
    expect(mock.world.sessions.get(sid)).toMatchObject({ revoked_reason: 'ticket_4711' })
    await rowOf(sid).getByText('ticket 4711').waitFor()
  })
})

describe('a user', () => {
  test('ends the selected, all but one, all; disables and enables; each says what will happen', async () => {
    const uid = 'main:some.body'
    const sids = Array.from({ length: 4 }, () => mock.world.start(uid).sid)
    const live = () => sids.filter((sid) => mock.world.sessions.get(sid)?.revoked_at === null)
    const dialog = page.getByRole('dialog')
    await go(`#/users/${encodeURIComponent(uid)}`)
    const boxes = page.getByRole('checkbox')
    await expect.poll(() => boxes.count()).toBe(4)
    await boxes.nth(3).check()
    await page.getByRole('button', { name: 'End selected (1)…' }).click()
    await dialog.getByLabel('Device lost or stolen').check()
    await dialog.getByRole('button', { name: 'End 1 session' }).click()
    await expect.poll(() => live().length).toBe(3)

    await expect.poll(() => boxes.count()).toBe(3)
    await boxes.nth(0).check()
    const kept = await page.locator('.devices li').first().getAttribute('data-sid')
    await page.getByRole('button', { name: 'End all but this…' }).click()
    await dialog.getByText('every other device is signed out').waitFor()
    await dialog.getByRole('button', { name: 'End all others' }).click()
    await expect.poll(live).toEqual([kept])

    await page.getByRole('button', { name: 'Disable user…' }).click()
    await dialog.getByText('cannot sign in again until somebody enables them').waitFor()
    await dialog.getByRole('button', { name: 'Disable user' }).click()
    await page.getByText('Signed in nowhere').waitFor()
    expect(mock.world.disabled.has(uid)).toBe(true)
    await page.getByRole('button', { name: 'Enable user…' }).click()
    await dialog.getByRole('button', { name: 'Enable user' }).click()
    await page.getByRole('button', { name: 'Disable user…' }).waitFor()
    expect(live()).toEqual([])
  })

  test('ending our own session warns, and then the page says why it is over', async () => {
    await go('#/sessions')
    await rowOf(mock.world.mine).getByText('you', { exact: true }).waitFor()
    await rowOf(mock.world.mine).getByRole('button').click()
    await page.getByText('This is the session that you are using.').waitFor()
    await page.getByRole('radio', { name: 'Suspicious activity' }).check()
    await page.getByRole('button', { name: 'End session' }).click()
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor()
    await page.getByText('Suspicious activity').waitFor()
    const again = page.getByRole('link', { name: 'Sign in again' })
    await again.click()
    // What is told there need not be told again on the way to the provider.
    await page.waitForURL(`${mock.url}?told=yes`)
  })
})

describe('what else is watched', () => {
  test('who is behind is named from every view, and all current once they are', async () => {
    mock.late = 12
    await go('#/ends')
    await page.getByRole('heading', { name: 'telemetry is 12 ends behind' }).waitFor()
    await page.locator('nav .badge', { hasText: '1 behind' }).waitFor()
    mock.late = 0
    await page.getByRole('heading', { name: 'All 3 verifiers are current' }).waitFor()
    const { sid } = mock.world.start('main:soon.gone')
    mock.world.end(sid, 'idp_logout', null)
    await page.locator(`.feed [data-sid="${sid}"]`).getByText('Provider signed out').waitFor()
  })

  test('effects are retried one by one and all at once; keys are rotated; the audit tells both', async () => {
    await go('#/effects?state=given-up')
    const items = page.locator('.effects li')
    await expect.poll(() => items.count()).toBe(5)
    await page.getByRole('button', { name: 'Retry effect 1', exact: true }).click()
    await said('It is tried again now.')
    await expect.poll(() => items.count()).toBe(4)
    await page.getByRole('button', { name: 'Retry all…' }).click()
    await page.getByRole('button', { name: 'Retry all', exact: true }).click()
    await page.getByText('Nothing waits here').waitFor()
    expect(mock.world.effects).toEqual([])

    await go('#/keys')
    await page.getByRole('button', { name: 'Rotate signing key…' }).click()
    await page.getByRole('button', { name: 'Rotate key' }).click()
    await page.getByText('Published', { exact: true }).waitFor()

    await go('#/audit')
    await page.locator('.audit li').first().getByText('rotated the signing key').waitFor()
    await page.getByRole('button', { name: 'Show older ones' }).click()
    await expect.poll(() => page.locator('.audit li').count()).toBe(100)
    await page.getByLabel('What was done').selectOption('effects_retried')
    await expect
      .poll(() => page.locator('.audit li', { hasNotText: 'retried effects' }).count())
      .toBe(0)
  })

  test('charts read out what is pointed at, by the pointer and by keys, in all three', async () => {
    await go('#/activity?minutes=1440')
    const chart = page.getByRole('slider').first()
    await chart.hover({ position: { x: 200, y: 40 } })
    const readout = page.locator('.readout')
    await expect.poll(() => readout.innerText()).toMatch(/^\d\d:\d\d – \d\d:\d\d$/)
    await chart.focus()
    await page.keyboard.press('ArrowLeft')
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/^\d\d:\d\d: \d+$/)
    await page.getByText('The numbers as a table').click()
    await expect.poll(() => page.locator('table tbody tr').count()).toBe(144)
  })
})

describe('what goes wrong', () => {
  test('a fault, an outage and a refusal each say what to do, and what was there stays', async () => {
    const fault = { title: 'Unexpected', detail: 'An unexpected error.', reference: 'req-77' }
    mock.faults.set('/admin/keys', { status: 500, body: fault })
    await go('#/keys')
    await page.getByRole('alert').getByText('req-77').waitFor()
    mock.faults.clear()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'Signing keys' }).waitFor()

    mock.faults.set('/admin/followers', { status: 503, body: { title: 'The store is away' } })
    mock.faults.set('/admin/effects', { status: 429, body: { title: 'Too many requests' } })
    await go('#/ends')
    await page.getByText('The store cannot be reached, so nothing is decided.').waitFor()
    await go('#/effects')
    await page.getByText('The console asks again in 5 s.').waitFor()
    mock.faults.set('/admin', { status: 403, body: { title: 'The caller lacks the role' } })
    await go('#/sessions')
    await page.getByRole('heading', { name: 'The console is for administrators' }).waitFor()
  })

  test('a lost stream is shown, and the list is loaded anew when it is back, or when more happened than was told', async () => {
    await go('#/sessions')
    await page.locator('.live-mark.live').waitFor()
    mock.faults.set('/admin/events', { status: 503, body: {} })
    mock.dropStreams()
    await page.getByText('Reconnecting…').waitFor()
    const missed = mock.world.start('main:mean.while')
    mock.faults.clear()
    await rowOf(missed.sid).waitFor()
    await page.locator('.live-mark.live').waitFor()
    mock.world.sessions.delete(missed.sid)
    mock.resetStreams()
    await rowOf(missed.sid).waitFor({ state: 'detached' })
  })
})

const views = [
  ...['#/sessions', '#/sessions?state=all', '#/sessions?search=nobody', '#/users'],
  ...['#/users/main%3Aolivia.berg', '#/ends', '#/activity', '#/effects', '#/keys', '#/audit'],
]

test.each([
  ['light', 1280],
  ['dark', 390],
] as const)(
  'axe finds nothing serious on any view, nor anything wider than the window: %s at %i px',
  async (colorScheme, width) => {
    await page.context().close()
    page = await open({ colorScheme, viewport: { width, height: 844 }, bypassCSP: false })
    mock.late = 3
    for (const view of views) {
      await go(view)
      await page.locator('.skeleton').first().waitFor({ state: 'detached' })
      expect(await seriousIssues(), view).toEqual([])
      const wide = 'document.querySelector("main").scrollWidth > innerWidth'
      expect(await page.evaluate(wide), view).toBe(false)
    }
    await go('#/sessions')
    await rows().nth(2).click()
    expect(await seriousIssues(), 'details').toEqual([])
    await page.getByRole('button', { name: 'End session…' }).click()
    expect(await seriousIssues(), 'dialog').toEqual([])
    expect(complaints).toEqual([])
  },
  busyMs,
)

async function seriousIssues(): Promise<string[]> {
  await page.evaluate(axe.source)
  const found = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as {
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
  }
  return found.violations
    .filter((one) => one.impact === 'serious' || one.impact === 'critical')
    .map((one) => `${one.id}: ${one.nodes[0]?.html} ${one.nodes[0]?.failureSummary}`)
}

test('the colours are switched by hand and stay so', async () => {
  await go('#/keys')
  await page.getByRole('button', { name: 'Dark colours' }).click()
  const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
  expect(await ground()).toBe('rgb(13, 17, 34)')
  await go('#/audit')
  expect(await ground()).toBe('rgb(13, 17, 34)')
  await page.getByRole('button', { name: 'Light colours' }).waitFor()
  expect(complaints).toEqual([])
})
