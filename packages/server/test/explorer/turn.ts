/* One client's turn, and where it goes from there. */
import type { DevicePolicy } from '#domain'
import type { Store } from './model-store.ts'
import type { Moment, Program, Step } from './programs.ts'
import type { Client, World } from './world.ts'

export interface Model extends Store {
  readonly policy: DevicePolicy
  readonly programs: readonly Program[]
}

export interface Turn {
  readonly model: Model
  readonly world: World
  readonly index: number
  readonly client: Client
  readonly program: Program
  readonly step: Step
}

export function momentOf({ world, client, index }: Turn): Moment {
  return { now: world.now, client, index }
}

export function withClient(turn: Turn, world: World, client: Client): World {
  return { ...world, clients: world.clients.with(turn.index, client) }
}

/** On to the next step; what is carried over is named. */
export function next(turn: Turn, world: World, carried: Partial<Client> = {}): World {
  const pc = turn.client.pc + 1
  if (pc >= turn.program.steps.length) return answer(turn, world, 'ok')
  const { fence, sent, leaseUntil, heard, page, head } = { ...turn.client, ...carried }
  const kept = Object.entries({ fence, sent, leaseUntil, heard, page, head })
  const known = Object.fromEntries(kept.filter(([, value]) => value !== undefined))
  return withClient(turn, world, { ...known, pc, phase: 'begin' })
}

export function answer(turn: Turn, world: World, text: string): World {
  return withClient(turn, world, { pc: turn.client.pc, phase: 'done', answer: text })
}

export function stay(turn: Turn, world: World, change: Partial<Client>): World {
  const { from: _from, to: _to, cause: _cause, ...rest } = turn.client
  return withClient(turn, world, { ...rest, ...change })
}
