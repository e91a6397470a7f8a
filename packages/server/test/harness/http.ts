/* One HTTP request and its answer, read whole. */

import type { ClientCredentials } from './config.ts'
import { asList, asObject, type JsonObject } from './json.ts'

/** A client by HTTP Basic, or a bearer token. */
export type Credential = ClientCredentials | string

export type RequestOptions = {
  readonly as?: Credential | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly form?: Readonly<Record<string, string>> | URLSearchParams
  readonly query?: Readonly<Record<string, string | number | boolean>> | string
  readonly raw?: { readonly type: string; readonly body: string | Uint8Array<ArrayBuffer> }
  readonly signal?: AbortSignal
}

export class Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string

  constructor(status: number, headers: Headers, text: string) {
    this.status = status
    this.headers = headers
    this.text = text
  }

  get type(): string {
    return (this.headers.get('content-type') ?? '').split(';')[0]?.trim() ?? ''
  }

  get json(): unknown {
    try {
      return JSON.parse(this.text)
    } catch {
      throw new Error(`${this.status} ${this.type} is not JSON: ${this.text.slice(0, 400)}`)
    }
  }

  get body(): JsonObject {
    return asObject(this.json, `the answer ${this.status}`)
  }

  get list(): readonly JsonObject[] {
    return asList(this.json, `the answer ${this.status}`).map((entry) => asObject(entry))
  }

  get items(): readonly JsonObject[] {
    return asList(this.body['items'], 'items').map((entry) => asObject(entry))
  }

  /** For messages: what came instead of what was expected. */
  get brief(): string {
    return `${this.status} ${this.text.slice(0, 600)}`
  }
}

export async function send(
  base: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const response = await open(base, method, path, options)
  return new Answer(response.status, response.headers, await response.text())
}

/** The response with its body unread, for streams. */
export function open(
  base: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Response> {
  const body = bodyOf(options)
  return fetch(`${base}${path}${queryOf(options.query)}`, {
    method,
    redirect: 'manual',
    headers: { ...authorization(options.as), ...body.headers, ...options.headers },
    ...(body.content === undefined ? {} : { body: body.content }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
}

function authorization(as: Credential | undefined): Record<string, string> {
  if (as === undefined) return {}
  return { authorization: typeof as === 'string' ? `Bearer ${as}` : basic(as) }
}

/** RFC 6749, section 2.3.1: both are form-encoded first. */
export function basic({ id, secret }: ClientCredentials): string {
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

type Body = {
  readonly headers: Record<string, string>
  readonly content: string | URLSearchParams | Uint8Array<ArrayBuffer> | undefined
}

function bodyOf({ json, form, raw }: RequestOptions): Body {
  if (json !== undefined) {
    return { headers: { 'content-type': 'application/json' }, content: JSON.stringify(json) }
  }
  if (form !== undefined) return { headers: {}, content: new URLSearchParams(form) }
  if (raw !== undefined) return { headers: { 'content-type': raw.type }, content: raw.body }
  return { headers: {}, content: undefined }
}

function queryOf(query: RequestOptions['query']): string {
  if (query === undefined) return ''
  if (typeof query === 'string') return query.startsWith('?') ? query : `?${query}`
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) parameters.append(name, String(value))
  return `?${parameters.toString()}`
}
