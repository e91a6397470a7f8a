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

/** The console of the administrator, as soon as it hears what happens. */
async function consoleOfCarol(): Promise<Page> {
  const page = await signedIn('carol', `${places.curfew}/console/`)
  await page.waitForSelector('.live-mark.live')
  return page
}

test(
  'an administrator ends a session in the console: the mission stops, and the application asks to sign in again',
  async () => {
    const carol = await consoleOfCarol()
    const page = await signedIn('alice', mission())
    await page.click('text=Start the mission')
    await page.waitForSelector('#mission.flying [data-reading=altitude]:text-matches("^[1-9]")')
    // The browser has a cookie, and nothing that the API would take.
    const stored = await page.evaluate('document.cookie + JSON.stringify({ ...localStorage })')
    expect(stored).toBe('{}')
    const other = await page.context().newPage()
    await other.goto(places.application)
    await other.waitForSelector('.dots i.good')
    // It was open before she came, and shows her all the same.
    const row = carol.locator('[data-row]', { hasText: 'alice' })
    expect(await barriersOf(carol)).toEqual([])
    await row.getByRole('button', { name: 'End' }).click()
    await carol.getByRole('radio', { name: 'Device lost or stolen' }).check()
    await carol.getByRole('button', { name: 'End session' }).click()
    const why = 'your session was ended by an administrator (device_lost)'
    await page.waitForSelector(`text=Grounded: ${why}`)
    await other.waitForSelector(`text=The session is over: ${why}`)
    await row.getByText('Device lost or stolen').waitFor()
    expect(await barriersOf(page)).toEqual([])
    await page.click('text=Sign in again')
    // The provider still knows her and asks nothing: on the way there she reads what has happened.
    await page.waitForSelector('h1:text("You were signed out")')
    await page.waitForSelector('bdi:text("device_lost")')
    expect(await barriersOf(page)).toEqual([])
    await page.click('text=Sign in again')
    await page.waitForSelector('text=on the pad')
    await carol.goto(`${places.curfew}/console/#/ends`)
    await carol.getByRole('heading', { name: 'The verifier is current' }).waitFor()
    await carol.locator('.feed li', { hasText: 'alice' }).getByText('by carol').waitFor()
    expect(await barriersOf(carol)).toEqual([])
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
  'a phone signs a screen in by the link of its QR code, and signs out everywhere on the account page',
  async () => {
    const desk = await signedIn('alice', `${places.application}/`)
    await desk.waitForSelector('.dots i.good')
    const screen = await asScreen<Screen>('device_authorization', {})
    const link = screen.verification_uri_complete
    const page = await signedIn('alice', link, { ...phone, colorScheme: 'dark' })
    expect(await page.inputValue('.code')).toBe(screen.user_code)
    await page.click('button[value=scan]')
    await page.waitForSelector('button[value=approve]')
    expect([await barriersOf(page), await overhangOf(page)]).toEqual([[], 0])
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

    await page.goto(`${places.curfew}/account`)
    await page.locator('.devices li', { hasText: 'with another device' }).waitFor()
    expect([await barriersOf(page), await overhangOf(page)]).toEqual([[], 0])
    expect(await brightnessOf(page)).toBeLessThan(60)
    await page.click('text=Sign out everywhere')
    await page.click('button:text("Sign out everywhere")')
    await page.waitForURL(/\/signed-out/)
    expect((await sessions()).status).toBe(401)
    await desk.waitForSelector('text=(user_logout_all)')
  },
  busyMs,
)

test.each([
  ['in the light on a desk', desktop, 'light'],
  ['in the dark on a phone', phone, 'dark'],
] as const)(
  'every page of the demo is for everybody: %s',
  async (_place, size, colorScheme) => {
    const page = await newcomer({ ...size, colorScheme })
    const look = async () => {
      // Axe takes its time, and the page is the same but for the colours.
      const barriers = colorScheme === 'light' ? await barriersOf(page) : []
      expect([barriers, await overhangOf(page)]).toEqual([[], 0])
      const brightness = await brightnessOf(page)
      if (colorScheme === 'dark') expect(brightness).toBeLessThan(60)
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
  },
  busyMs,
)
