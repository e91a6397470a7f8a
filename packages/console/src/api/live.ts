/*
 * The one event stream of the page. connecting → live → lost → live …; whoever shows lists loads them anew
 * when `reunions` rises, because what happened meanwhile was not told: the line was lost, or the server
 * says by a `reset` that it was too much. fetch rather than EventSource: it
 * shows the keep-alive comments, whose absence is the only sign of a line that died silently, and why a
 * stream was refused.
 */
import { signal } from '@preact/signals'
import { apiUrl, readProblem, signedOut } from './client.ts'
import { eventParser, type ServerEvent } from './event-parser.ts'
import type { SessionItem } from './shapes.ts'

export type LiveState = 'connecting' | 'live' | 'lost'

export const liveState = signal<LiveState>('connecting')
export const reunions = signal(0)

/** The server says something every 15 s. */
const silenceMaxMs = 40_000
const firstPauseMs = 1_000
const longestPauseMs = 15_000

type Listener = (item: SessionItem) => void
const listeners = new Set<Listener>()

export function onSession(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Follows the stream until the console's own session has ended. */
export async function follow(): Promise<void> {
  let pauseMs = firstPauseMs
  let lost = false
  while (signedOut.value === null) {
    const opened = await readStream(() => {
      liveState.value = 'live'
      if (lost) reunions.value++
    })
    if (opened) pauseMs = firstPauseMs
    lost = true
    liveState.value = 'lost'
    await pause(pauseMs)
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}

/** @returns whether it was open for some time; it ends by a fault, by silence or by the server. */
async function readStream(onOpen: () => void): Promise<boolean> {
  const stop = new AbortController()
  let timer = setTimeout(() => stop.abort(), silenceMaxMs)
  let opened = false
  try {
    const headers = { accept: 'text/event-stream' }
    const response = await fetch(apiUrl('admin/events'), { headers, signal: stop.signal })
    if (!response.ok || response.body === null) {
      await readProblem(response)
      return false
    }
    opened = true
    onOpen()
    const parse = eventParser()
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(timer)
      timer = setTimeout(() => stop.abort(), silenceMaxMs)
      for (const one of parse(piece.value)) hear(one)
    }
    return true
  } catch {
    // A lost line is a state of its own, shown in the page; there is nobody to throw to.
    return opened
  } finally {
    clearTimeout(timer)
  }
}

function hear({ event, data }: ServerEvent): void {
  if (event === 'reset') reunions.value++
  if (event !== 'session') return
  const item = JSON.parse(data) as SessionItem
  for (const listener of listeners) listener(item)
}

/** A network that comes back is tried at once. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      removeEventListener('online', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    addEventListener('online', done)
  })
}
