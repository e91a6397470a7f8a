/* Why a sign-in did not come about, in words for the person in front of the screen. */
import * as client from 'openid-client'
import { SubjectMismatch } from './person.ts'
import { ProviderSilent } from './provider-http.ts'
import { ProviderUnavailable } from './providers.ts'

interface FailureKind {
  readonly text: string
  /** May the person simply try again? */
  readonly retry: boolean
}

export const flowFailures = {
  provider_unknown: {
    text: 'This way of signing in is not known here. Choose another one.',
    retry: false,
  },
  provider_unavailable: {
    text: 'The sign-in service cannot be reached at the moment. Try again in a minute.',
    retry: true,
  },
  provider_error: {
    text: 'The sign-in service reported an error. Try again; if it stays, tell your administrator.',
    retry: true,
  },
  access_denied: {
    text: 'The sign-in was cancelled or refused at the sign-in service.',
    retry: true,
  },
  flow_missing: {
    text: 'This sign-in was not begun in this browser, or its cookies are blocked. Begin again.',
    retry: true,
  },
  response_incomplete: {
    text: 'The sign-in service sent you back without an answer. Begin again.',
    retry: true,
  },
  flow_expired: {
    text: 'This sign-in took too long. Begin again.',
    retry: true,
  },
  flow_used: {
    text: 'This sign-in has been finished already. Open the page that you wanted again.',
    retry: true,
  },
  code_refused: {
    text: 'The sign-in service no longer accepts this sign-in. Begin again.',
    retry: true,
  },
  client_refused: {
    text: 'The sign-in service does not accept this server. Tell your administrator.',
    retry: false,
  },
  identity_invalid: {
    text: 'What the sign-in service said about you could not be verified. Tell your administrator.',
    retry: true,
  },
  subject_mismatch: {
    text: 'The sign-in service spoke of two different people. Tell your administrator.',
    retry: true,
  },
  claims_incomplete: {
    text: 'The sign-in service did not say enough about you, such as a verified e-mail address.',
    retry: false,
  },
  not_allowed: {
    text: 'You are signed in there, but your account may not be used here.',
    retry: false,
  },
  loop: {
    text:
      'You have signed in several times in a row and were sent back each time: the page that ' +
      'you want does not get the cookie of your session. Tell your administrator to check cookie.domain.',
    retry: true,
  },
} as const satisfies Record<string, FailureKind>

export type FlowFailureCode = keyof typeof flowFailures
export const flowFailureCodes = Object.keys(flowFailures) as readonly FlowFailureCode[]

export interface FlowFailure {
  readonly kind: 'failed'
  readonly code: FlowFailureCode
  readonly text: string
  readonly retry: boolean
  readonly providerId: string | null
  /** Where the person wanted to go, when that is known. */
  readonly returnTo: string | null
  /** For the log: never a credential. */
  readonly detail: string | null
  /** The application's request, when the sign-in was for one. */
  readonly app: string | null
  /** The error code that the provider sent the browser back with. */
  readonly providerError: string | null
}

export function failed(
  code: FlowFailureCode,
  about: {
    readonly providerId?: string
    readonly returnTo?: string
    readonly detail?: string
    readonly app?: string | null
    readonly providerError?: string | null
  } = {},
): FlowFailure {
  return {
    kind: 'failed',
    code,
    ...flowFailures[code],
    providerId: about.providerId ?? null,
    returnTo: about.returnTo ?? null,
    detail: about.detail ?? null,
    app: about.app ?? null,
    providerError: about.providerError ?? null,
  }
}

/** openid-client does not look at `iat` (OpenID Connect Core, section 3.1.3.7, point 10). */
export class IssuedInFuture extends Error {
  readonly code = 'issued_in_future'

  constructor() {
    super('the ID token was issued in the future: the clocks differ by more than two minutes')
  }
}

/** What an error of the exchange means. An error that is ours is thrown on. */
export function codeOf(error: unknown): FlowFailureCode {
  if (error instanceof SubjectMismatch) return 'subject_mismatch'
  if (error instanceof IssuedInFuture) return 'identity_invalid'
  if (error instanceof ProviderUnavailable || silenceIn(error)) return 'provider_unavailable'
  if (error instanceof client.AuthorizationResponseError) {
    return error.error === 'access_denied' ? 'access_denied' : 'provider_error'
  }
  if (error instanceof client.ResponseBodyError) return codeOfBody(error)
  if (error instanceof client.WWWAuthenticateChallengeError) return 'client_refused'
  if (error instanceof client.ClientError) return codeOfClient(error)
  throw error
}

/** What the provider itself said in the answer that the browser brought. */
export function errorOf(error: unknown): string | null {
  return error instanceof client.AuthorizationResponseError ? error.error : null
}

function codeOfBody({ error, status }: client.ResponseBodyError): FlowFailureCode {
  if (refusals.includes(error)) return 'code_refused'
  if (status >= 500) return 'provider_unavailable'
  return error === 'invalid_client' || error === 'unauthorized_client'
    ? 'client_refused'
    : 'provider_error'
}

function codeOfClient(error: client.ClientError): FlowFailureCode {
  if (error.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM') {
    const status = error.cause instanceof Response ? error.cause.status : 0
    return status >= 500 ? 'provider_unavailable' : 'provider_error'
  }
  return refusals.includes(errorInBody(error) ?? '') ? 'code_refused' : 'identity_invalid'
}

/** A code that was used or has run out; GitHub says so in words of its own, with status 200. */
const refusals = ['invalid_grant', 'bad_verification_code']

function errorInBody(error: client.ClientError): string | undefined {
  const about = error.cause instanceof Error ? error.cause.cause : undefined
  const body = (about as { readonly body?: { readonly error?: unknown } } | undefined)?.body
  return typeof body?.error === 'string' ? body.error : undefined
}

export function silenceIn(error: unknown): ProviderSilent | undefined {
  let cause = error
  for (let depth = 0; depth < 5 && cause instanceof Error; depth++) {
    if (cause instanceof ProviderSilent) return cause
    cause = cause.cause
  }
  return undefined
}
