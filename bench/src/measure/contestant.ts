import { processorTimesUs } from './processor-time.ts'

/** What happened in one window of one contestant. */
export interface Window {
  readonly acts: number
  readonly seconds: number
  readonly latenciesUs: readonly number[]
  /** With those of the lead-in; what `cpuUs` was spent on. */
  readonly allActs: number
  /** Processor time by whom, in microseconds for the whole window. */
  readonly cpuUs?: Readonly<Record<string, number>>
}

/** One thing that is measured, again and again, beside others. */
export interface Contestant {
  readonly name: string
  /** Outside of the window: makes what the window will use up. */
  readonly before?: (windowMs: number) => Promise<void>
  readonly window: (windowMs: number) => Promise<Window>
}

/** One act of one of the callers; false when there is nothing left to act upon. */
export type Act = (caller: number) => Promise<boolean>

/** The first part of a window opens connections that were idle for too long, and is not counted. */
export const leadInShare = 0.2

/**
 * `callers` loops that each do one act after the other until the time is over. Ends early, with its
 * true length, when the acts have used up what there was.
 */
export async function callersWindow(callers: number, act: Act, windowMs: number): Promise<Window> {
  const latenciesUs: number[] = []
  const begun = performance.now()
  const counting = begun + windowMs * leadInShare
  const deadline = begun + windowMs
  let leadIns = 0
  async function call(caller: number): Promise<void> {
    let at = performance.now()
    // A window that the machine slept through still has one act of each caller.
    for (let own = 0; at < deadline || own === 0; ) {
      if (!(await act(caller))) return
      const done = performance.now()
      if (at < counting) leadIns += 1
      else own = latenciesUs.push((done - at) * 1000)
      at = done
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
  const acts = latenciesUs.length
  if (acts === 0) throw new Error('there was nothing to act upon')
  const seconds = (performance.now() - counting) / 1000
  return { acts, seconds, latenciesUs, allActs: acts + leadIns }
}

/** The window with the processor time that these processes used meanwhile. */
export async function counted(
  run: () => Promise<Window>,
  whose: () => Readonly<Record<string, readonly number[]>>,
): Promise<Window> {
  const begin = Object.entries(whose()).map(
    ([name, pids]) => [name, processorTimesUs(pids)] as const,
  )
  const before = new Map(begin)
  const window = await run()
  const used = Object.entries(whose()).flatMap(([name, pids]) => {
    const after = processorTimesUs(pids)
    return after.size === 0 ? [] : [[name, growth(before.get(name), after)] as const]
  })
  return { ...window, cpuUs: { ...window.cpuUs, ...Object.fromEntries(used) } }
}

/** A process that began meanwhile counts from its beginning; one that ended is forgotten. */
function growth(
  before: ReadonlyMap<number, number> | undefined,
  after: ReadonlyMap<number, number>,
): number {
  return [...after].reduce((sum, [pid, time]) => sum + time - (before?.get(pid) ?? 0), 0)
}
