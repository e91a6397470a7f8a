/* What a view shows of one request: loading → ready or failed; a later failure keeps what was there. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Answer } from '../api/client.ts'
import { reunions } from '../api/live.ts'
import type { Problem } from '../api/problem.ts'

export interface Resource<Value> {
  readonly value: Value | undefined
  readonly problem: Problem | undefined
  readonly reload: () => Promise<void>
}

export interface ResourceWish<Value> {
  /** What is asked for: when it changes, what was there is dropped. */
  readonly key: string
  readonly load: () => Promise<Answer<Value>>
  readonly everySeconds?: number
}

interface Held<Value> {
  readonly key: string
  readonly value?: Value
  readonly problem?: Problem
}

export function useResource<Value>(wish: ResourceWish<Value>): Resource<Value> {
  const { key, everySeconds } = wish
  const [held, setHeld] = useState<Held<Value>>({ key })
  const load = useRef(wish.load)
  load.current = wish.load
  const wanted = useRef(key)
  wanted.current = key

  const reload = useCallback(async () => {
    const answer = await load.current()
    // Somebody has turned to another page meanwhile: this answer is not theirs.
    if (wanted.current !== key) return
    if (answer.kind === 'ok') return setHeld({ key, value: answer.value })
    const { problem } = answer
    setHeld((before) => (before.key === key ? { ...before, problem } : { key, problem }))
  }, [key])

  useEffect(() => void reload(), [reload, reunions.value])
  const problem = held.key === key ? held.problem : undefined
  useAgain(reload, pauseSeconds(problem, everySeconds), held)
  return { value: held.key === key ? held.value : undefined, problem, reload }
}

function pauseSeconds(problem: Problem | undefined, every: number | undefined): number | undefined {
  if (problem?.kind === 'limited' || problem?.kind === 'unavailable')
    return problem.retryAfterSeconds
  return problem?.kind === 'offline' ? 5 : every
}

/** Asks again after a pause, but not for a page that nobody looks at. */
function useAgain(reload: () => Promise<void>, seconds: number | undefined, since: unknown): void {
  // Each answer starts the pause anew.
  useEffect(() => {
    if (seconds === undefined) return
    const act = (): void => {
      if (!document.hidden) void reload()
    }
    const timer = setInterval(act, seconds * 1000)
    document.addEventListener('visibilitychange', act)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', act)
    }
  }, [reload, seconds, since])
}
