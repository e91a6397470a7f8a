/* A real browser, found or installed like the other services, and driven by playwright-core. */
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { programsOf, type Wanted } from './binaries.ts'

const wanted: Wanted = {
  ...{ name: 'Chromium', programs: ['chromium'], apt: 'chromium', brew: 'chromium' },
  folders: ['/Applications/Chromium.app/Contents/MacOS'],
}

/** It talks to nobody but the pages that it is led to. */
const quiet = [
  '--no-first-run',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: join(programsOf(wanted), 'chromium'),
    // Root has no sandbox, and tests in containers are often run by root.
    args: process.getuid?.() === 0 ? [...quiet, '--no-sandbox'] : quiet,
  })
}
