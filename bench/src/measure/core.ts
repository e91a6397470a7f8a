import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

export type Core = 'first' | 'others'

/** Whether servers and load can be kept apart here: it takes two cores and Linux's `taskset`. */
export function canPin(): boolean {
  return availableParallelism() > 1 && pin([process.pid], 'all')
}

/**
 * Keeps all threads of the processes on the first core, or away from it. So each server has one core,
 * however many threads it has, and the load cannot take time from what it measures.
 */
export function pin(pids: readonly number[], core: Core | 'all'): boolean {
  const last = availableParallelism() - 1
  const list = { first: '0', others: `1-${last}`, all: `0-${last}` }[core]
  try {
    for (const pid of pids) {
      execFileSync('taskset', ['-a', '-c', '-p', list, String(pid)], { stdio: 'pipe' })
    }
    return true
  } catch {
    return false
  }
}
