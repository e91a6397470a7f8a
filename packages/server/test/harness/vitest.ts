/* Servers that live as long as the describe block that asks for them. */
import { afterAll, beforeAll } from 'vitest'
import { Api } from './api.ts'
import type { Curfew } from './curfew.ts'
import { type CurfewOptions, startCurfew } from './start-curfew.ts'

export type House = {
  readonly api: Api
  /** The running server; only inside of tests and hooks. */
  readonly curfew: Curfew
}

export function useCurfew(options: CurfewOptions): House {
  let curfew: Curfew | undefined
  const running = (): Curfew => {
    if (curfew === undefined) throw new Error('the server has not been started yet')
    return curfew
  }
  beforeAll(async () => {
    curfew = await startCurfew(options)
  })
  afterAll(() => curfew?.close())
  return {
    api: new Api(() => running().url),
    get curfew() {
      return running()
    },
  }
}
