/* Why a request came to nothing, in the kinds that the console treats differently (API.md, section 8). */

interface Words {
  readonly title: string
  readonly detail: string
  /** What to quote when asking for help; the server's log has it too. */
  readonly reference: string | null
}

export type Problem =
  | (Words & {
      readonly kind: 'signed-out'
      readonly reason: string | null
      readonly at: number | null
    })
  | (Words & { readonly kind: 'forbidden' })
  | (Words & { readonly kind: 'limited' | 'unavailable'; readonly retryAfterSeconds: number })
  | (Words & { readonly kind: 'offline' })
  | (Words & { readonly kind: 'other'; readonly status: number })

export type ProblemOf<Kind extends Problem['kind']> = Extract<Problem, { kind: Kind }>

interface Refusal {
  readonly status: number
  readonly body: unknown
  readonly retryAfter: string | null
  readonly requestId: string | null
}

const retryDefaultSeconds = 5

export function problemOf({ status, body, retryAfter, requestId }: Refusal): Problem {
  const said = isRecord(body) ? body : {}
  const words = {
    title: text(said['title']) ?? `The server answered ${status}`,
    detail: text(said['detail']) ?? '',
    reference: text(said['reference']) ?? requestId,
  }
  const retryAfterSeconds = Number(retryAfter) > 0 ? Number(retryAfter) : retryDefaultSeconds
  switch (status) {
    case 401: {
      const at = said['revoked_at']
      const reason = text(said['revoked_reason'])
      return { ...words, kind: 'signed-out', reason, at: typeof at === 'number' ? at : null }
    }
    case 403:
      return { ...words, kind: 'forbidden' }
    case 429:
      return { ...words, kind: 'limited', retryAfterSeconds }
    case 502:
    case 503:
    case 504:
      return { ...words, kind: 'unavailable', retryAfterSeconds }
    default:
      return { ...words, kind: 'other', status }
  }
}

export const offline: Problem = {
  kind: 'offline',
  title: 'Curfew cannot be reached',
  detail: 'The network, or the server, is away. The console tries again by itself.',
  reference: null,
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
