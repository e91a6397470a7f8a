/*
 * What breaks when, drawn from the seed alone: points are numbers of operations, not times, so that a seed
 * replays a run on a machine of another speed as far as real processes allow.
 */
import { Chance } from '#test/races/rig/chance.ts'

export const faultKinds = [
  'kill',
  'pause',
  'long-pause',
  'redis-restart',
  'redis-flush',
  'redis-pause',
  'store-restart',
  'store-crash',
  'store-pause',
  'store-silent',
  'store-cut',
  'slow-queries',
  'hints-lost',
  'pushes-lost',
  'redis-silent',
  'redis-cut',
  'commit-lost',
  'commit-unheard',
  'provider-errors',
  'provider-silent',
  'provider-answers-lost',
  'provider-slow',
  'provider-down',
] as const
export type FaultKind = (typeof faultKinds)[number]

export type Fault = {
  readonly kind: FaultKind
  /** After so many operations. */
  readonly at: number
  /** The number of the replica that it strikes, where it strikes one. */
  readonly replica: number
  readonly forMs: number
}

/** How often each is drawn, and for how long it lasts: from, up to. */
const table: Readonly<Record<FaultKind, readonly [weight: number, fromMs: number, toMs: number]>> =
  {
    kill: [4, 0, 1200],
    pause: [4, 100, 1500],
    'long-pause': [1, 5500, 7000],
    'redis-restart': [2, 100, 1500],
    'redis-flush': [2, 0, 0],
    'redis-pause': [2, 300, 3000],
    'store-restart': [1, 0, 500],
    'store-crash': [1, 100, 1500],
    'store-pause': [1, 200, 2500],
    'store-silent': [3, 200, 3000],
    'store-cut': [3, 0, 1500],
    'slow-queries': [3, 1000, 4000],
    'hints-lost': [3, 1000, 6000],
    'pushes-lost': [3, 1000, 6000],
    'redis-silent': [2, 300, 3000],
    'redis-cut': [2, 0, 1500],
    'commit-lost': [3, 0, 3000],
    'commit-unheard': [3, 0, 3000],
    'provider-errors': [2, 500, 2000],
    'provider-silent': [2, 500, 2500],
    'provider-answers-lost': [2, 500, 2000],
    'provider-slow': [2, 1000, 4000],
    'provider-down': [1, 300, 1500],
  }

export type PlanOptions = {
  readonly seed: number
  readonly operations: number
  /** On the average one fault in so many operations; 0: none at all. */
  readonly every: number
  readonly replicas: number
}

export function planFaults({ seed, operations, every, replicas }: PlanOptions): readonly Fault[] {
  if (every === 0) return []
  const chance = new Chance(seed)
  const faults: Fault[] = []
  // Nothing at the very beginning, and nothing that would begin when all is over.
  let at = Math.floor(every / 2)
  const last = operations - every / 2
  while (at < last) {
    const kind = draw(chance)
    const [, fromMs, toMs] = table[kind]
    const forMs = fromMs + chance.below(toMs - fromMs + 1)
    faults.push({ kind, at, replica: chance.below(replicas), forMs })
    at += Math.floor(every * (0.4 + 1.2 * chance.next()))
  }
  return faults
}

const total = faultKinds.reduce((sum, kind) => sum + table[kind][0], 0)

function draw(chance: Chance): FaultKind {
  let dice = chance.below(total)
  for (const kind of faultKinds) {
    dice -= table[kind][0]
    if (dice < 0) return kind
  }
  throw new Error('the weights do not add up')
}
