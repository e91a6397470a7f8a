/*
 * Tests of the session's state machine as tables: one event a line, its outcome last.
 *
 *     9m   refresh gen 1   live    gen 2
 *     12m  refresh gen 1   ended   refresh_reuse   feed 1
 *
 * Columns are separated by two spaces or more: the time since the start, the event, the state that
 * follows, and any of the facts that `factsOf` knows. All facts named must hold; the others may.
 */
import { expect } from 'vitest'
import {
  addMs,
  type Instant,
  type LiveSession,
  type Outcome,
  type Session,
  transition,
} from '#domain'
import { commandOf, type Rules, standardRules } from './events.ts'
import { factsOf, type Played } from './facts.ts'
import { t0 } from './sessions.ts'

/** Runs the table against a session that began at time 0, and answers the session as it is then. */
export function play(session: LiveSession, table: string, rules: Partial<Rules> = {}): Session {
  let now: Session = session
  let feed = 0
  for (const line of linesOf(table)) {
    const at = addMs(t0, durationMs(line.at))
    const command = commandOf(line.event, { ...standardRules, ...rules, name: line.at, at })
    const outcome = transition(now, command, at)
    if (outcome.kind === 'ends') feed += 1
    const after = applied(now, outcome, at, feed)
    judge(line, { before: now, after, outcome, command })
    now = after
  }
  return now
}

interface Line {
  readonly text: string
  readonly at: string
  readonly event: string
  readonly state: string
  readonly facts: readonly string[]
}

function linesOf(table: string): readonly Line[] {
  const lines = table.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map(parseLine)
}

function parseLine(text: string): Line {
  const [at, event, state, ...facts] = text.split(/ {2,}/)
  if (at === undefined || event === undefined || state === undefined) {
    throw new Error(`a line needs a time, an event and a state: ${text}`)
  }
  return { text, at, event, state, facts }
}

const unitsMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 }

/** `1h30m`, `29s`, and `30s-1ms` for the last moment before. */
export function durationMs(text: string): number {
  const parts = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(-1ms)?$/.exec(text)
  if (parts === null || text === '') throw new Error(`not a duration: ${text}`)
  const [, d = '0', h = '0', m = '0', s = '0', less] = parts
  const whole = +d * unitsMs.d + +h * unitsMs.h + +m * unitsMs.m + +s * unitsMs.s
  return whole - (less === undefined ? 0 : 1)
}

/** What a store makes of an outcome, for one session and one writer. */
function applied(before: Session, outcome: Outcome, at: Instant, seq: number): Session {
  switch (outcome.kind) {
    case 'moved':
      return { ...outcome.next, version: before.version + 1 }
    case 'ends': {
      const { reason, by } = outcome.cause
      return { ...before, version: before.version + 1, kind: 'ended', end: { at, reason, by, seq } }
    }
    default:
      return before
  }
}

function judge(line: Line, played: Played): void {
  const facts = factsOf(played)
  const missing = line.facts.filter((fact) => !facts.includes(fact))
  const actual = { state: played.after.kind, missing, facts }
  const wanted = { state: line.state, missing: [], facts }
  expect(actual, line.text).toEqual(wanted)
}
