/* `npm run screenshots`: starts the demo, walks through it, and writes the pictures of the README anew. */
import { writeFile } from 'node:fs/promises'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { type Mock, startMock } from '../../packages/console/dev/mock-server.ts'
import { startBrowser } from '../../packages/server/test/services/browser.ts'
import { DemoProcess, type Places } from '../test/demo-process.ts'
import { desktop, phone } from '../test/looks.ts'
import { palettePng } from './palette-png.ts'
import { readPng } from './read-png.ts'

const folder = new URL('../../docs/pictures/', import.meta.url)
/** How long the drone flies, and the dots gather, before they are taken. */
const flightMs = 22_000
const dotsMs = 12_000

interface Walk {
  /** The picture's name. */
  readonly name: string
  readonly as: BrowserContextOptions
  /** From an empty browser to the page that is shown. */
  walk(page: Page, stage: Stage): Promise<void>
}

interface Stage extends Places {
  readonly browser: Browser
  /** The console on a made-up world: a demo has no day behind it, and no thousand users. */
  readonly crowd: Mock
}

const iphone = {
  ...phone,
  userAgent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
}

const walks: readonly Walk[] = [
  {
    name: 'application',
    as: desktop,
    async walk(page, { application }) {
      await signIn(page, 'alice', `${application}/`)
      await page.waitForTimeout(dotsMs)
    },
  },
  {
    name: 'mission',
    as: desktop,
    async walk(page, { application }) {
      await signIn(page, 'alice', `${application}/mission`)
      await fly(page)
    },
  },
  {
    name: 'mission-ended-phone',
    as: { ...phone, colorScheme: 'dark' },
    async walk(page, { application, revoke }) {
      await signIn(page, 'alice', `${application}/mission`)
      await fly(page)
      const authorization = `Basic ${Buffer.from(revoke.credentials).toString('base64')}`
      await fetch(revoke.url, { method: 'POST', headers: { authorization } })
      await page.waitForSelector('text=Grounded')
    },
  },
  {
    name: 'device-phone',
    as: phone,
    async walk(page, stage) {
      await signIn(page, 'alice', (await askedByScreen(stage)).link)
      await page.click('button[value=scan]')
      await page.waitForSelector('button[value=approve]')
    },
  },
  { name: 'account', as: desktop, walk: account },
  { name: 'account-phone', as: { ...iphone, colorScheme: 'dark' }, walk: account },
  {
    name: 'console-sessions',
    as: desktop,
    async walk(page, { crowd }) {
      await page.goto(`${crowd.url}#/sessions?state=all`)
      await page.waitForSelector('[data-row]')
      await lively(page)
    },
  },
  {
    name: 'console-activity',
    as: { ...desktop, colorScheme: 'dark' },
    async walk(page, { crowd }) {
      await page.goto(`${crowd.url}#/activity?minutes=1440`)
      await page.waitForSelector('svg')
      await lively(page)
    },
  },
]

const demo = new DemoProcess()
try {
  const [places, browser, crowd] = await Promise.all([demo.ready(), startBrowser(), startMock()])
  for (const walk of walks) await picture(walk, { ...places, browser, crowd })
  await browser.close()
  await crowd.close()
  demo.signal('SIGINT')
  await demo.exitCode()
} finally {
  demo.clear()
}

async function picture({ name, as, walk }: Walk, stage: Stage): Promise<void> {
  const context = await stage.browser.newContext(as)
  const page = await context.newPage()
  await walk(page, stage)
  const png = palettePng(readPng(await page.screenshot()))
  await writeFile(new URL(`${name}.png`, folder), png)
  process.stdout.write(`${name}.png  ${Math.round(png.length / 1024)} KB\n`)
  await context.close()
}

/** A desk, a telephone, and a screen that the desk has let in. */
async function account(page: Page, stage: Stage): Promise<void> {
  const { revoke, curfew, browser } = stage
  const authorization = `Basic ${Buffer.from(revoke.credentials).toString('base64')}`
  await fetch(revoke.url, { method: 'POST', headers: { authorization } })
  const pocket = await browser.newContext(iphone)
  await signIn(await pocket.newPage(), 'alice', `${curfew}/account`)
  const { link, redeem } = await askedByScreen(stage)
  await signIn(page, 'alice', link)
  await page.click('button[value=scan]')
  await page.check('input[name=same]')
  await page.click('button[value=approve]')
  await page.waitForSelector('button[value=approve]', { state: 'detached' })
  await redeem()
  await page.goto(`${curfew}/account`)
  await page.waitForSelector('text=Safari on an iPhone')
  await pocket.close()
}

async function askedByScreen({ curfew }: Places) {
  const ask = async (path: string, form: Record<string, string>) => {
    const body = new URLSearchParams({ client_id: 'screen', ...form })
    const headers = { 'user-agent': 'Wall display, hangar 2' }
    const answer = await fetch(`${curfew}/oauth/${path}`, { method: 'POST', body, headers })
    return (await answer.json()) as Record<string, string>
  }
  const asked = await ask('device_authorization', {})
  const grant = 'urn:ietf:params:oauth:grant-type:device_code'
  return {
    link: asked['verification_uri_complete'] ?? '',
    redeem: () => ask('token', { grant_type: grant, device_code: asked['device_code'] ?? '' }),
  }
}

/** Connected, and the colours have come to rest. */
async function lively(page: Page): Promise<void> {
  await page.waitForSelector('.live-mark.live')
  await page.waitForTimeout(1000)
}

async function signIn(page: Page, person: string, url: string): Promise<void> {
  await page.goto(url)
  await page.click(`button[value=${person}]`)
  await page.waitForURL(url)
}

async function fly(page: Page): Promise<void> {
  await page.click('text=Start the mission')
  await page.waitForTimeout(flightMs)
}
