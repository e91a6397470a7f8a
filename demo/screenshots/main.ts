/* `npm run screenshots`: starts the demo, walks through it, and writes the pictures of the README anew. */
import { writeFile } from 'node:fs/promises'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
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
  walk(page: Page, places: Places): Promise<void>
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
    async walk(page, { curfew }) {
      const body = new URLSearchParams({ client_id: 'screen' })
      const asked = await fetch(`${curfew}/oauth/device_authorization`, { method: 'POST', body })
      const { verification_uri_complete } = (await asked.json()) as Record<string, string>
      await signIn(page, 'alice', verification_uri_complete ?? '')
      await page.click('button[value=scan]')
      await page.waitForSelector('button[value=approve]')
    },
  },
]

const demo = new DemoProcess()
try {
  const [places, browser] = await Promise.all([demo.ready(), startBrowser()])
  for (const walk of walks) await picture(browser, walk, places)
  await browser.close()
  demo.signal('SIGINT')
  await demo.exitCode()
} finally {
  demo.clear()
}

async function picture(browser: Browser, { name, as, walk }: Walk, places: Places): Promise<void> {
  const context = await browser.newContext(as)
  const page = await context.newPage()
  await walk(page, places)
  const png = palettePng(readPng(await page.screenshot()))
  await writeFile(new URL(`${name}.png`, folder), png)
  process.stdout.write(`${name}.png  ${Math.round(png.length / 1024)} KB\n`)
  await context.close()
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
