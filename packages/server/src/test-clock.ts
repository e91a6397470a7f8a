import { readFileSync } from 'node:fs'

/**
 * Tests of expiry shift the store's clock instead of sleeping. Only both variables together switch it
 * on, so that no production environment does so by accident: NODE_ENV=test, and CURFEW_TEST_CLOCK_FILE
 * naming a file that holds a number of milliseconds. The file is read anew at most every 20 ms.
 */
export function testClock(
  env: Readonly<Record<string, string | undefined>>,
): (() => number) | undefined {
  const file = env['CURFEW_TEST_CLOCK_FILE']
  if (env['NODE_ENV'] !== 'test' || file === undefined || file === '') return undefined
  let readAt = Number.NEGATIVE_INFINITY
  let offsetMs = 0
  return () => {
    const now = performance.now()
    if (now - readAt > 20) {
      readAt = now
      offsetMs = Number(readFileSync(file, 'utf8'))
    }
    return offsetMs
  }
}
