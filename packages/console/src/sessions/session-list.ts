/*
 * The list of one filter: empty → loading → pages. A filter, or a reunion with the event stream, begins
 * anew; answers to what was asked before are dropped.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { get } from '../api/client.ts'
import { onSession, reunions } from '../api/live.ts'
import type { Problem } from '../api/problem.ts'
import type { Page, SessionItem } from '../api/shapes.ts'
import { matches, paramsOf, type SessionFilter } from './filter.ts'
import { append, arrive, type Loaded, nothingLoaded, release } from './merge.ts'

const pageSize = 200
const retryMs = 5_000

export interface SessionList {
  readonly loaded: Loaded
  readonly problem: Problem | undefined
  readonly loadMore: () => void
  readonly letIn: () => void
  readonly reload: () => void
}

/** @param isReading whether rows may not move at this moment */
export function useSessionList(filter: SessionFilter, isReading: () => boolean): SessionList {
  const [loaded, setLoaded] = useState<Loaded>(nothingLoaded)
  const [problem, setProblem] = useState<Problem>()
  const flight = useRef<{ key: string; busy: boolean }>({ key: '', busy: false })
  const key = JSON.stringify(paramsOf(filter))

  const load = useCallback(
    async (cursor: string | undefined) => {
      if (flight.current.busy && cursor !== undefined) return
      const mine = { key, busy: true }
      flight.current = mine
      const query = { ...paramsOf(filter), limit: pageSize, cursor }
      const answer = await get<Page<SessionItem>>('admin/sessions', query)
      if (flight.current !== mine) return
      mine.busy = false
      setProblem(answer.kind === 'failed' ? answer.problem : undefined)
      if (answer.kind === 'failed') return
      setLoaded((before) => append(cursor === undefined ? nothingLoaded : before, answer.value))
    },
    [key],
  )

  useEffect(() => {
    setLoaded((before) => (flight.current.key === key ? before : nothingLoaded))
    void load(undefined)
  }, [load, reunions.value])

  useEffect(
    () =>
      onSession((item) =>
        setLoaded((before) => {
          // Before the first page there is no list that it could join; the page brings it.
          if (before.cursor === undefined) return before
          return arrive(before, { item, matches: matches(item, filter), reading: isReading() })
        }),
      ),
    [key, isReading],
  )

  const reload = useCallback(() => void load(undefined), [load])
  const cursor = loaded.cursor
  const loadMore = useCallback(() => {
    if (typeof cursor === 'string' && problem === undefined) void load(cursor)
  }, [load, cursor, problem])
  useRetry(problem, cursor === undefined ? reload : () => void load(cursor ?? undefined))
  const letIn = useCallback(() => setLoaded(release), [])
  return { loaded, problem, loadMore, letIn, reload }
}

function useRetry(problem: Problem | undefined, retry: () => void): void {
  useEffect(() => {
    if (problem === undefined || problem.kind === 'other' || problem.kind === 'forbidden') return
    const wait = 'retryAfterSeconds' in problem ? problem.retryAfterSeconds * 1000 : retryMs
    const timer = setTimeout(retry, wait)
    return () => clearTimeout(timer)
  }, [problem])
}
