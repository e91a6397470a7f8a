import type { Clock } from '#authority'
import { addMs, parseSessionId, Secret, type SessionId } from '#domain'
import type { TicketSeal } from '#gateway'

/** What the browser brings back from the provider's sign-out page. */
export interface AfterSignOut {
  /** Where to go at once; null: to our own page. */
  readonly returnTo: string | null
  /** The application that our own page leads back to. */
  readonly app: string | null
  /** The client that asked for it (OpenID Connect RP-Initiated Logout 1.0), and where it is told. */
  readonly client: LeavingClient | null
  /** How to speak to the person then (`ui_locales`). */
  readonly uiLocales: string | null
}

export interface LeavingClient {
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string | null
}

/** A person may look at the confirmation for so long. */
const ticketTtlMs = 600_000

/** Sealed notes that a browser carries through a sign-out. */
export class SignOutTickets {
  readonly #seal: TicketSeal
  readonly #clock: Pick<Clock, 'now'>

  constructor(seal: TicketSeal, clock: Pick<Clock, 'now'>) {
    this.#seal = seal
    this.#clock = clock
  }

  /** For a browser that holds the session on a host of which `/signout` does not see the cookie. */
  issue(sid: SessionId): string {
    return this.#write('sign-out', { sid, until: addMs(this.#clock.now(), ticketTtlMs) })
  }

  /** Undefined: not ours, or too old. */
  read(text: string): SessionId | undefined {
    const { sid, until } = this.#open('sign-out', text)
    const good = typeof until === 'number' && this.#clock.now() < until
    return good && typeof sid === 'string' ? parseSessionId(sid) : undefined
  }

  /** The `state` of RP-Initiated Logout. */
  state(after: AfterSignOut): string {
    return this.#write('signed-out', { ...after })
  }

  after(state: string | undefined): AfterSignOut {
    const note = state === undefined ? {} : this.#open('signed-out', state)
    const { returnTo, app, client, uiLocales } = note
    const texts = { returnTo: textOr(returnTo), app: textOr(app), uiLocales: textOr(uiLocales) }
    return { ...texts, client: clientOr(client) }
  }

  #write(what: string, note: Readonly<Record<string, unknown>>): string {
    return this.#seal.seal('ticket', [what], new Secret(JSON.stringify(note)))
  }

  #open(what: string, text: string): Readonly<Record<string, unknown>> {
    const opened = this.#seal.unseal('ticket', [what], text)
    if (opened.kind !== 'opened') return {}
    return JSON.parse(opened.plaintext.reveal()) as Record<string, unknown>
  }
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function clientOr(value: unknown): LeavingClient | null {
  const { clientId, redirectUri, state } = (value ?? {}) as Partial<LeavingClient>
  if (typeof clientId !== 'string' || typeof redirectUri !== 'string') return null
  return { clientId, redirectUri, state: textOr(state) }
}
