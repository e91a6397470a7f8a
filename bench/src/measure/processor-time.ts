import { readdirSync, readFileSync } from 'node:fs'

/**
 * Processor time that each of the processes has used so far, in microseconds. /proc/<pid>/stat has ticks
 * of 10 ms, while schedstat counts in nanoseconds. Those that have gone, and all where there is no /proc,
 * are left out.
 */
export function processorTimesUs(pids: readonly number[]): ReadonlyMap<number, number> {
  const times = new Map<number, number>()
  for (const pid of pids) {
    const time = ofProcess(pid)
    if (time !== undefined) times.set(pid, time)
  }
  return times
}

function ofProcess(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const each = threads.map((tid) => {
      const [ranNs = '0'] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')
      return Number(ranNs) / 1000
    })
    return each.reduce((sum, ran) => sum + ran, 0)
  } catch {
    return undefined
  }
}

/** The process that started `pid`. */
export function parentOf(pid: number): number | undefined {
  return statOf(String(pid))?.parent
}

/** `pid` and what it started itself: for PostgreSQL all of it. */
export function familyOf(pid: number): readonly number[] {
  const all = readProcesses()
  return [pid, ...all.filter(({ parent }) => parent === pid).map((one) => one.pid)]
}

interface Stat {
  readonly pid: number
  readonly parent: number
}

function readProcesses(): readonly Stat[] {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    return pids.flatMap((pid) => statOf(pid) ?? [])
  } catch {
    return []
  }
}

/** proc(5): the name stands in parentheses and may hold anything; state and parent follow it. */
function statOf(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [, parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid: Number(pid), parent: Number(parent) }
  } catch {
    return undefined
  }
}

/** Shares of all processor time that the host took away (`steal`), between two readings. */
export class StealMeter {
  readonly #begin = readSteal()

  percent(): number | undefined {
    const end = readSteal()
    if (this.#begin === undefined || end === undefined) return undefined
    const total = end.total - this.#begin.total
    return total === 0 ? 0 : (100 * (end.steal - this.#begin.steal)) / total
  }
}

function readSteal(): { readonly steal: number; readonly total: number } | undefined {
  try {
    const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
    return { steal: ticks[7] ?? 0, total: ticks.reduce((sum, tick) => sum + tick, 0) }
  } catch {
    return undefined
  }
}
