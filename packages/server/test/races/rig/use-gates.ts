/* Replicas that live as long as the test file or describe block that asks for them. */
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type Gates, type GatesOptions, openGates } from './gates.ts'

/** Only inside of tests and hooks. */
export type UsedGates = Omit<Gates, 'close'>

const shownOfLog = 4000

export function useGates(options: GatesOptions | (() => Promise<GatesOptions>)): UsedGates {
  let opened: Gates | undefined
  beforeAll(async () => {
    opened = await openGates(typeof options === 'function' ? await options() : options)
  })
  afterEach(({ task }) => {
    if (task.result?.state !== 'fail' || opened === undefined) return
    for (const { name, curfew } of opened.all) {
      console.log(`replica ${name} said:\n${curfew.log().slice(-shownOfLog)}`)
    }
  })
  afterAll(() => opened?.close())
  const running = (): Gates => {
    if (opened === undefined) throw new Error('the replicas have not been started yet')
    return opened
  }
  return {
    get all() {
      return running().all
    },
    at: (index) => running().at(index),
    get provider() {
      return running().provider
    },
    get stage() {
      return running().stage
    },
    signIn: (subject, at, app) => running().signIn(subject, at, app),
    pass: (byMs) => running().pass(byMs),
  }
}
