import { parseArgs } from 'node:util'

export const parts = ['cold', 'reach', 'million'] as const
export type Part = (typeof parts)[number]

/** Live sessions of the small stores. */
export const fewSessions = 1000

export interface ReplicaOptions {
  /** How long the windows are in all; setting up comes on top. */
  readonly seconds: number
  readonly only: readonly Part[]
  /** How many ends are looked for on the other replica, for each way to tell it. */
  readonly ends: number
  /** Live sessions of the large stores. */
  readonly sessions: number
}

export const usage = `node bench/src/replicas/main.ts [SECONDS] [options]
  SECONDS       how long the windows are in all (default 120); setting up comes on top
  --only cold|reach|million   one part only; may be repeated
  --ends N      how many ends are looked for on the other replica (default 500)
  --sessions N  how many sessions live in the large stores (default 1000000)`

/** @throws Error that says what to write instead */
export function parseReplicaOptions(argv: readonly string[]): ReplicaOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      ends: { type: 'string', default: '500' },
      sessions: { type: 'string', default: '1000000' },
    },
  })
  return {
    seconds: positive('SECONDS', positionals[0] ?? '120'),
    only: values.only?.map(parsePart) ?? parts,
    ends: Math.ceil(positive('--ends', values.ends)),
    sessions: parseSessions(values.sessions),
  }
}

function parsePart(text: string): Part {
  const part = parts.find((known) => known === text)
  if (part === undefined) throw new Error(`--only takes ${parts.join(', ')}, not '${text}'`)
  return part
}

function parseSessions(text: string): number {
  const sessions = Math.ceil(positive('--sessions', text))
  if (sessions > fewSessions) return sessions
  throw new Error(`--sessions takes a number above ${fewSessions}, which it is compared with`)
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isFinite(number) || number <= 0) throw new Error(`${name} takes a number above 0`)
  return number
}
