/* What every store must do; each engine runs all of it (sqlite.test.ts, postgres.test.ts). */
import { describe } from 'vitest'
import { adminSuite } from './admin-suite.ts'
import type { Prepare } from './bench.ts'
import { codesSuite } from './codes-suite.ts'
import { devicesSuite } from './devices-suite.ts'
import { effectsSuite } from './effects-suite.ts'
import { endsSuite } from './ends-suite.ts'
import { feedSuite } from './feed-suite.ts'
import { keysSuite } from './keys-suite.ts'
import { outboxSuite } from './outbox-suite.ts'
import { providerSuite } from './provider-suite.ts'
import { sessionsSuite } from './sessions-suite.ts'
import { watchSuite } from './watch-suite.ts'

export function storeSuite(engine: string, prepare: Prepare): void {
  describe(`${engine}: sessions`, () => sessionsSuite(prepare))
  describe(`${engine}: starts and ends`, () => endsSuite(prepare))
  describe(`${engine}: the feed`, () => feedSuite(prepare))
  describe(`${engine}: sessions of providers`, () => providerSuite(prepare))
  describe(`${engine}: effects of starts and ends`, () => effectsSuite(prepare))
  describe(`${engine}: the outbox`, () => outboxSuite(prepare))
  describe(`${engine}: authorization codes`, () => codesSuite(prepare))
  describe(`${engine}: device authorizations`, () => devicesSuite(prepare))
  describe(`${engine}: links for the console and the audit`, () => adminSuite(prepare))
  describe(`${engine}: keys`, () => keysSuite(prepare))
  describe(`${engine}: what a console reads`, () => watchSuite(prepare))
}
