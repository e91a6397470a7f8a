/* Which programs are set against each other. */
import type { DevicePolicy } from '#domain'
import { choices, explore } from './explore.ts'
import { type Program, programs } from './programs.ts'

export const single: DevicePolicy = { policy: 'single' }
export const shared: DevicePolicy = { policy: 'shared' }
export const multiple: DevicePolicy = { policy: 'multiple', limit: 2 }

export const allPrograms: readonly Program[] = Object.values(programs)

const p = programs

/** The programs of which every triple is tried with each change of the code. */
export const corePrograms: readonly Program[] = [
  ...[p.refresh, p.refreshElsewhere, p.repeat, p.mint, p.logout, p.logoutAll, p.logoutOthers],
  ...[p.start, p.startElsewhere, p.startAlone, p.pastIdle, p.tail],
]

export const providerPrograms: readonly Program[] = [
  ...[p.providerTokens, p.providerFault, p.providerLate, p.providerLateFault],
  ...[p.pastTheLease, p.withdraw, p.logout, p.touch, p.crash],
]

export interface Total {
  readonly sets: number
  readonly states: number
  readonly interleavings: number
}

/** Explores every choice of `size` programs; those that the policy cannot matter to only once. */
export function exploreAll(policy: DevicePolicy, list: readonly Program[], size: number): Total {
  const sets = choices(list, size).filter((set) => policy === single || set.some(starts))
  let states = 0
  let interleavings = 0
  for (const set of sets) {
    const explored = explore(policy, set)
    states += explored.states
    interleavings += explored.interleavings
  }
  return { sets: sets.length, states, interleavings }
}

function starts(program: Program): boolean {
  return program.steps.some((step) => step.act === 'start')
}
