import type { Statement } from './act.ts'

/** Milliseconds to add to the engine's clock: for tests that must not sleep. Never set in production. */
export type ClockOffset = () => number

const marker = 'test_clock_offset_ms'

/** `now` as each statement says it. Without the hook the text is the engine's own clock, nothing else. */
export function clockExpression(engineClock: string, offset: ClockOffset | undefined): string {
  return offset === undefined ? engineClock : `(${engineClock} + (${marker}))`
}

/** The statement as it is sent. With the hook its text differs from call to call: it is not prepared. */
export function settle(asked: Statement, offset: ClockOffset | undefined): Statement {
  if (offset === undefined || !asked.text.includes(marker)) return asked
  const shift = String(Math.trunc(offset()))
  return { name: '', text: asked.text.replaceAll(marker, shift) }
}
