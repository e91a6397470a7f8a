import { processorTimeUs } from './processor-time.ts'

/** What happened in one window of one contestant. */
export interface Window {
  readonly acts: number
  readonly seconds: number
  readonly latenciesUs: readonly number[]
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

/**
 * `callers` loops that each do one act after the other until the time is over. Ends early, with its
 * true length, when the acts have used up what there was.
 */
export async function callersWindow(callers: number, act: Act, windowMs: number): Promise<Window> {
  const latenciesUs: number[] = []
  const begun = performance.now()
  const deadline = begun + windowMs
  async function call(caller: number): Promise<void> {
    let at = performance.now()
    while (at < deadline) {
      if (!(await act(caller))) return
      const done = performance.now()
      latenciesUs.push((done - at) * 1000)
      at = done
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
  const seconds = (performance.now() - begun) / 1000
  if (latenciesUs.length === 0) throw new Error('there was nothing to act upon')
  return { acts: latenciesUs.length, seconds, latenciesUs }
}

/** The window with the processor time that these processes used meanwhile. */
export async function counted(
  run: () => Promise<Window>,
  whose: Readonly<Record<string, readonly number[]>>,
): Promise<Window> {
  const times = () => Object.entries(whose).map(([name, pids]) => [name, timeOf(pids)] as const)
  const before = new Map(times())
  const window = await run()
  const used = times().flatMap(([name, after]) => {
    const begun = before.get(name)
    return after === undefined || begun === undefined ? [] : [[name, after - begun] as const]
  })
  return { ...window, cpuUs: { ...window.cpuUs, ...Object.fromEntries(used) } }
}

function timeOf(pids: readonly number[]): number | undefined {
  return pids.length === 0 ? undefined : processorTimeUs(pids)
}
