import { parseArgs } from 'node:util'

export const parts = ['store', 'http', 'tokens', 'gateway'] as const
export type Part = (typeof parts)[number]

export interface Options {
  readonly only: readonly Part[]
  /** How long it measures in all; setting up comes on top. */
  readonly seconds: number
  readonly rounds: number
  /** Take a processor profile of the server, and nothing else: refreshes, or the gateway's checks. */
  readonly profile: boolean
}

export const usage = `npm run bench -- [options]
  --only store|http|tokens|gateway   one part only; may be repeated
  --seconds N   how long it measures in all (default 240)
  --rounds N    into how many interleaved rounds that time is cut (default 7)
  --profile     what the server spends its time on while it refreshes on PostgreSQL, or with
                --only gateway while it answers forward auth`

/** @throws Error that says what to write instead */
export function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', multiple: true },
      seconds: { type: 'string', default: '240' },
      rounds: { type: 'string', default: '7' },
      profile: { type: 'boolean', default: false },
    },
  })
  return {
    only: values.only?.map(parsePart) ?? parts,
    seconds: positive('--seconds', values.seconds),
    rounds: Math.ceil(positive('--rounds', values.rounds)),
    profile: values.profile,
  }
}

function parsePart(text: string): Part {
  const part = parts.find((known) => known === text)
  if (part === undefined) throw new Error(`--only takes ${parts.join(', ')}, not '${text}'`)
  return part
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!Number.isFinite(number) || number <= 0) throw new Error(`${name} takes a number above 0`)
  return number
}
