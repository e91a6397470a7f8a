/* What people see, in a real browser: one demo, several browsers, one story after another. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startBrowser } from '../../packages/server/test/services/browser.ts'
import { DemoProcess, type Places } from './demo-process.ts'
import { barriersOf, brightnessOf, desktop, overhangOf, phone } from './looks.ts'

/** A bound for what a machine with much else to do may need. */
const busyMs = 120_000

let demo: DemoProcess
let places: Places
let browser: Browser

beforeAll(async () => {
  demo = new DemoProcess()
  // A machine without a browser gets one first.
  ;[places, browser] = await Promise.all([demo.ready(), startBrowser()])
}, 300_000)

afterEach(() => Promise.all(browser.contexts().map((context) => context.close())))

afterAll(async () => {
  await browser?.close()
  demo.clear()
})

/** Somebody's own browser, with nothing in it. */
async function newcomer(options: BrowserContextOptions = desktop): Promise<Page> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(busyMs)
  return context.newPage()
}

/** At a place behind the proxy; one click at the provider, and there they are. */
async function signedIn(
  person: string,
  url: string,
  options?: BrowserContextOptions,
): Promise<Page> {
  const page = await newcomer(options)
  await page.goto(url)
  await page.click(`button[value=${person}]`)
  await page.waitForURL(url)
  return page
}

const mission = () => `${places.application}/mission`

/** What the command in the output does. */
async function revokeAlice(): Promise<void> {
  const { credentials, url } = places.revoke
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
  const { status } = await fetch(url, { method: 'POST', headers: { authorization } })
  expect(status).toBe(200)
}

test(
  'a mission stops the moment its session is ended, and the application asks to sign in again',
  async () => {
    const page = await signedIn('alice', mission())
    await page.click('text=Start the mission')
    await page.waitForSelector('#mission.flying [data-reading=altitude]:text-matches("^[1-9]")')
    // The browser has a cookie, and nothing that the API would take.
    const stored = await page.evaluate('document.cookie + JSON.stringify({ ...localStorage })')
    expect(stored).toBe('{}')
    const other = await page.context().newPage()
    await other.goto(places.application)
    await other.waitForSelector('.dots i.good')
    await revokeAlice()
    const why = 'your session was ended by an administrator (admin_revoke)'
    await page.waitForSelector(`text=Grounded: ${why}`)
    await other.waitForSelector(`text=The session is over: ${why}`)
    expect(await barriersOf(page)).toEqual([])
    // The provider still knows her: no question there.
    await page.click('text=Sign in again')
    await page.waitForSelector('text=on the pad')
  },
  busyMs,
)

test(
  'two tabs that sign in at once both get in, and the provider’s sign-out ends both',
  async () => {
    const one = await newcomer()
    const two = await one.context().newPage()
    await one.goto(places.application)
    await two.goto(mission())
    await one.click('button[value=alice]')
    await one.waitForSelector('text=Hello, Alice Moreau')
    await two.click('button[value=alice]')
    await two.waitForURL(mission())
    await one.goto(places.application)
    await one.waitForSelector('.dots i.good')
    await two.goto(places.provider)
    await two.click('button:text("Sign out")')
    await two.waitForSelector('text=You are signed out')
    await one.waitForSelector('text=(idp_logout)')
    await one.click('text=Sign in again')
    await one.click('button[value=bob]')
    await one.waitForSelector('text=Hello, Bob Lindgren')
    await one.click('text=Sign in as somebody else')
    await one.click('button[value=carol]')
    await one.waitForSelector('text=Hello, Carol Okafor')
  },
  busyMs,
)

test(
  'after a sign-out the back button shows nothing of what was there',
  async () => {
    const page = await signedIn('alice', `${places.application}/`)
    await page.waitForSelector('.dots i.good')
    await page.click('text=Sign out')
    // Curfew asks, since another site has sent the browser; the provider does not ask again.
    await page.click('button:text("Sign out")')
    await page.waitForURL(/\/signed-out/)
    expect(await barriersOf(page)).toEqual([])
    for (let step = 0; step < 3; step++) {
      await page.goBack().catch(() => null)
      expect(await page.content()).not.toContain('alice@example.com')
    }
    await page.goto(places.application)
    await page.waitForSelector('text=Who are you today?')
  },
  busyMs,
)

interface Screen {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri_complete: string
}

async function asScreen<Answer>(path: string, form: Record<string, string>): Promise<Answer> {
  const body = new URLSearchParams({ client_id: 'screen', ...form })
  const answer = await fetch(`${places.curfew}/oauth/${path}`, { method: 'POST', body })
  return (await answer.json()) as Answer
}

test(
  'a phone signs a screen in by the link of its QR code, and a sign-out of all ends the screen too',
  async () => {
    const screen = await asScreen<Screen>('device_authorization', {})
    const link = screen.verification_uri_complete
    const page = await signedIn('alice', link, { ...phone, colorScheme: 'dark' })
    expect(await page.inputValue('.code')).toBe(screen.user_code)
    for (const step of ['enter', 'decide'] as const) {
      expect([await barriersOf(page), await overhangOf(page)], step).toEqual([[], 0])
      if (step === 'enter') await page.click('button[value=scan]')
      await page.waitForSelector('button[value=approve]')
    }
    await page.check('input[name=same]')
    await page.click('button[value=approve]')
    await page.waitForSelector('button[value=approve]', { state: 'detached' })
    const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code' }
    const got = await asScreen<Record<string, string>>('token', {
      ...grant,
      device_code: screen.device_code,
    })
    const authorization = `Bearer ${got['access_token']}`
    const sessions = () => fetch(`${places.curfew}/sessions`, { headers: { authorization } })
    expect((await sessions()).status).toBe(200)
    await revokeAlice()
    expect((await sessions()).status).toBe(401)
  },
  busyMs,
)

test(
  'every page of the demo is for everybody, on a phone and in the dark as well',
  async () => {
    for (const options of [{ ...desktop }, { ...phone, colorScheme: 'dark' as const }]) {
      const page = await newcomer(options)
      const look = async () => {
        expect([await barriersOf(page), await overhangOf(page)]).toEqual([[], 0])
        const brightness = await brightnessOf(page)
        if ('colorScheme' in options) expect(brightness).toBeLessThan(60)
        else expect(brightness).toBeGreaterThan(200)
      }
      await page.goto(places.provider)
      await look()
      await page.goto(mission())
      await look()
      await page.click('button[value=alice]')
      await page.waitForURL(mission())
      await page.click('text=Start the mission')
      await page.waitForSelector('#mission.flying')
      await look()
      for (const path of ['/', '/nowhere', '/admin']) {
        await page.goto(places.application + path)
        await look()
      }
    }
  },
  busyMs,
)
