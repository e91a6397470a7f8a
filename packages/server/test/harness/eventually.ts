import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until the answer is not undefined; for what another process does in its own time. */
export async function eventually<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  { withinMs = 30_000, everyMs = 25, what = 'it' }: EventuallyOptions = {},
): Promise<T> {
  const due = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > due) throw new Error(`${what} did not happen within ${withinMs} ms`)
    await sleep(everyMs)
  }
}

export type EventuallyOptions = {
  readonly withinMs?: number
  readonly everyMs?: number
  readonly what?: string
}
