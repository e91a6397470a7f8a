/*
 * Every interleaving of some programs, step by step. States are memoised, so that two orders that lead
 * to one state go on once; their number is still counted, path by path.
 */
import type { DevicePolicy } from '#domain'
import { t0 } from '#test/domain/sessions.ts'
import { type Bugs, noBugs } from './bugs.ts'
import { checkWorld } from './invariants.ts'
import type { Program } from './programs.ts'
import { movesOf } from './step.ts'
import type { Model } from './turn.ts'
import { must, Violation } from './violation.ts'
import { Book, firstRows, type World } from './world.ts'

export interface Exploration {
  readonly states: number
  readonly interleavings: number
  /** How the programs were answered, by name: every combination that occurs. */
  readonly answers: ReadonlySet<string>
}

interface Search {
  readonly model: Model
  /** How many ways lead on from a state; 0 while it is still being looked at. */
  readonly ways: Map<string, number>
  readonly path: string[]
  readonly answers: Set<string>
}

/** @throws Violation with the steps that led to it */
export function explore(
  policy: DevicePolicy,
  programs: readonly Program[],
  bugs: Partial<Bugs> = {},
): Exploration {
  const model = { policy, programs, book: new Book(), bugs: { ...noBugs, ...bugs } }
  const search: Search = { model, ways: new Map(), path: [], answers: new Set() }
  try {
    const interleavings = visit(search, firstWorld(model))
    return { states: search.ways.size, interleavings, answers: search.answers }
  } catch (error) {
    if (error instanceof Violation) {
      error.trace = [...search.path]
      error.message += `\n  ${search.path.join('\n  ')}`
    }
    throw error
  }
}

function visit(search: Search, world: World): number {
  const key = JSON.stringify(world)
  const known = search.ways.get(key)
  if (known !== undefined) {
    must(known > 0, 'always-ends', () => 'a state leads back to itself')
    return known
  }
  search.ways.set(key, 0)
  checkWorld(search.model.book, world)
  let ways = 0
  for (const index of world.clients.keys()) ways += visitMoves(search, world, index)
  if (ways === 0) {
    search.answers.add(answersOf(search.model, world))
    ways = 1
  }
  search.ways.set(key, ways)
  return ways
}

function visitMoves(search: Search, world: World, index: number): number {
  const name = search.model.programs[index]?.name ?? ''
  search.path.push(name)
  let ways = 0
  for (const move of movesOf(search.model, world, index)) {
    search.path[search.path.length - 1] = move.what
    ways += visit(search, move.world)
    search.path[search.path.length - 1] = name
  }
  search.path.pop()
  return ways
}

function answersOf({ programs }: Model, world: World): string {
  return world.clients
    .map(({ answer, phase }, index) => `${programs[index]?.name}: ${answer ?? phase}`)
    .join(' | ')
}

function firstWorld({ policy, programs, book }: Model): World {
  const rows = firstRows(policy).map((row) => book.number(row))
  const s1 = rows.at(-1) ?? 0
  return {
    now: t0 + 1000,
    rows,
    feed: [],
    head: 0,
    fence: 0,
    userFence: 0,
    disabled: false,
    caches: { a: s1, b: s1 },
    denied: { a: [], b: [] },
    refused: { a: [], b: [] },
    reader: { cursor: 0, seen: [] },
    idp: { good: 1, withdrawn: false, flights: [] },
    successors: {},
    clients: programs.map(() => ({ pc: 0, phase: 'begin' })),
  }
}

/** All choices of `size`, also with one of them several times. */
export function choices<Value>(values: readonly Value[], size: number): readonly Value[][] {
  if (size === 0) return [[]]
  return values.flatMap((value, index) =>
    choices(values.slice(index), size - 1).map((rest) => [value, ...rest]),
  )
}
