/* One request to the API, which lies beside the console: ../ from its page, whatever publicUrl's path. */
import { signal } from '@preact/signals'
import { offline, type Problem, type ProblemOf, problemOf } from './problem.ts'

export type Answer<Value> =
  | { readonly kind: 'ok'; readonly value: Value }
  | { readonly kind: 'failed'; readonly problem: Problem }

type Query = Readonly<Record<string, string | number | undefined>>

const timeoutMs = 20_000

/** Set by the first answer that says that the console's own session is over; the whole page follows it. */
export const signedOut = signal<ProblemOf<'signed-out'> | null>(null)

export function apiUrl(path: string, query: Query = {}): string {
  const url = new URL(`../${path}`, document.baseURI)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value))
  }
  return url.href
}

export function get<Value>(path: string, query: Query = {}): Promise<Answer<Value>> {
  return send<Value>(apiUrl(path, query), { method: 'GET' })
}

export function post<Value>(path: string, body: object = {}): Promise<Answer<Value>> {
  const headers = { 'content-type': 'application/json' }
  return send<Value>(apiUrl(path), { method: 'POST', headers, body: JSON.stringify(body) })
}

async function send<Value>(url: string, options: RequestInit): Promise<Answer<Value>> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { ...options, credentials: 'same-origin', signal })
    if (response.ok) return { kind: 'ok', value: (await response.json()) as Value }
    return { kind: 'failed', problem: await readProblem(response) }
  } catch {
    // No answer, or half of one: whether a change was made is not known, so the words promise nothing.
    return { kind: 'failed', problem: offline }
  }
}

export async function readProblem(response: Response): Promise<Problem> {
  const problem = problemOf({
    status: response.status,
    body: await response.json().catch(() => null),
    retryAfter: response.headers.get('retry-after'),
    requestId: response.headers.get('x-request-id') ?? response.headers.get('request-id'),
  })
  if (problem.kind === 'signed-out') signedOut.value = problem
  return problem
}
