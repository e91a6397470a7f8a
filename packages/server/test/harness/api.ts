/* A small client of Curfew's HTTP contract, for tests: what a careful user of API.md would write. */
import { type ClientCredentials, clients } from './config.ts'
import { type EventStream, openEvents } from './events.ts'
import { type Answer, type Credential, type RequestOptions, send } from './http.ts'
import { asNumber, asText, type JsonObject } from './json.ts'

export type StartBody = { readonly uid: string; readonly [member: string]: unknown }

/** A token set as it came; `refreshToken` is absent where a session was joined. */
export type Login = {
  readonly uid: string
  readonly sid: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly sessionToken: string
  readonly expiresIn: number
  readonly sessionExpiresAt: number
  readonly answer: Answer
}

/** Who refreshes: a confidential client with its secret, or a public one by its id alone. */
export type Refresher = ClientCredentials | string

export type FeedQuery = {
  readonly since?: string | number
  readonly limit?: number
  readonly all?: boolean
}

export class Api {
  readonly #base: () => string

  constructor(base: () => string) {
    this.#base = base
  }

  get base(): string {
    return this.#base()
  }

  send(method: string, path: string, options?: RequestOptions): Promise<Answer> {
    return send(this.base, method, path, options)
  }

  get(path: string, options?: RequestOptions): Promise<Answer> {
    return this.send('GET', path, options)
  }

  post(path: string, options?: RequestOptions): Promise<Answer> {
    return this.send('POST', path, options)
  }

  patch(path: string, options?: RequestOptions): Promise<Answer> {
    return this.send('PATCH', path, options)
  }

  delete(path: string, options?: RequestOptions): Promise<Answer> {
    return this.send('DELETE', path, options)
  }

  /** `POST /sessions`, whatever it answers. */
  tryStart(body: StartBody, as: Credential = clients.backend): Promise<Answer> {
    return this.post('/sessions', { as, json: body })
  }

  /** `POST /sessions` that must succeed. */
  async start(body: StartBody, as: Credential = clients.backend): Promise<Login> {
    const answer = await this.tryStart(body, as)
    if (answer.status !== 201 && answer.status !== 200) {
      throw new Error(`POST /sessions ${JSON.stringify(body)}: ${answer.brief}`)
    }
    return loginOf(body.uid, answer)
  }

  refresh(
    refreshToken: string,
    by: Refresher = clients.backend,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken, ...more }
    return this.#token(form, by)
  }

  /** A refresh that must succeed. */
  async refreshed(login: Login, by: Refresher = clients.backend): Promise<Login> {
    const answer = await this.refresh(login.refreshToken, by)
    if (answer.status !== 200) throw new Error(`refresh: ${answer.brief}`)
    const { body } = answer
    return {
      ...login,
      answer,
      accessToken: asText(body['access_token'], 'access_token'),
      refreshToken: asText(body['refresh_token'], 'refresh_token'),
      expiresIn: asNumber(body['expires_in'], 'expires_in'),
    }
  }

  clientCredentials(
    client: ClientCredentials,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.#token({ grant_type: 'client_credentials', ...more }, client)
  }

  /** An access token of a client's own. */
  async clientToken(client: ClientCredentials): Promise<string> {
    const answer = await this.clientCredentials(client)
    if (answer.status !== 200) throw new Error(`client_credentials: ${answer.brief}`)
    return asText(answer.body['access_token'], 'access_token')
  }

  #token(form: Record<string, string>, by: Refresher): Promise<Answer> {
    return typeof by === 'string'
      ? this.post('/oauth/token', { form: { ...form, client_id: by } })
      : this.post('/oauth/token', { form, as: by })
  }

  logout(token: string): Promise<Answer> {
    return this.post('/logout', { as: token })
  }

  introspect(token: string, as: Credential = clients.webapp): Promise<Answer> {
    return this.post('/oauth/introspect', { as, form: { token } })
  }

  feed(query: FeedQuery = {}, as: Credential = clients.satellite): Promise<Answer> {
    return this.get('/sessions/revoked', { as, query: { ...query } })
  }

  feedStream(
    query: FeedQuery = {},
    options: RequestOptions = { as: clients.satellite },
  ): Promise<EventStream> {
    return openEvents(this.base, '/sessions/revoked/stream', { ...options, query: { ...query } })
  }

  /** `GET /admin/events`, as a console listens. */
  adminEvents(options: RequestOptions = { as: clients.operator }): Promise<EventStream> {
    return openEvents(this.base, '/admin/events', options)
  }

  /** A session as an admin sees it. */
  async session(sid: string): Promise<JsonObject> {
    const answer = await this.get(`/sessions/${sid}`, { as: clients.operator })
    if (answer.status !== 200) throw new Error(`GET /sessions/${sid}: ${answer.brief}`)
    return answer.body
  }

  /** Does this token for the API still work? */
  async works(token: string): Promise<boolean> {
    const answer = await this.get('/sessions', { as: token })
    if (answer.status === 200) return true
    if (answer.status === 401) return false
    throw new Error(`GET /sessions: ${answer.brief}`)
  }

  /** The position of the feed's head: what comes after it is news. */
  async head(): Promise<string> {
    const answer = await this.feed({ limit: 1000, all: true })
    let cursor = cursorOf(answer)
    for (let page = answer; page.headers.get('curfew-more') === 'true'; ) {
      page = await this.feed({ since: cursor, limit: 1000, all: true })
      cursor = cursorOf(page)
    }
    return cursor
  }
}

export function cursorOf(answer: Answer): string {
  const cursor = answer.headers.get('curfew-cursor')
  if (cursor === null) throw new Error(`no Curfew-Cursor: ${answer.brief}`)
  return cursor
}

export function loginOf(uid: string, answer: Answer): Login {
  const { body } = answer
  return {
    uid,
    answer,
    sid: asText(body['sid'], 'sid'),
    accessToken: asText(body['access_token'], 'access_token'),
    refreshToken: typeof body['refresh_token'] === 'string' ? body['refresh_token'] : '',
    sessionToken: asText(body['session_token'], 'session_token'),
    expiresIn: asNumber(body['expires_in'], 'expires_in'),
    sessionExpiresAt: asNumber(body['session_expires_at'], 'session_expires_at'),
  }
}

let uids = 0
const run = Date.now().toString(36)

/** A uid that no other test uses. */
export function freshUid(name = 'user'): string {
  uids++
  return `${name}-${run}-${process.pid.toString(36)}-${uids}`
}
