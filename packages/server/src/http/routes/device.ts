import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { DecisionAnswer, ScanAnswer } from '#authority'
import { clientOfUid, type DeviceAuthorization, toSeconds } from '#domain'
import { sessionEnded } from '../callers.ts'
import { type App, callerOf, type HttpContext } from '../context.ts'
import { type Decider, decideBy, scanBy } from '../device-decisions.ts'
import { sessionOnly } from '../guards.ts'
import { Problem } from '../problems.ts'
import { closed, nothing } from '../schemas.ts'

const tags = ['Sign-in across devices']
const config = { group: 'device', who: 'any token of a live session of a person' } as const

const body = closed({
  user_code: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'As the screen shows it; case, blanks and dashes do not matter.',
  }),
})

const maybeText = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], description })

const scanAnswer = closed({
  client_id: Type.String({ description: 'The application that asks.' }),
  scope: Type.String({ description: 'What it asks for.' }),
  ip: maybeText('Where it asks from.'),
  user_agent: maybeText('What asks.'),
  requested_at: Type.Integer({ description: 'When it asked.' }),
  expires_at: Type.Integer({ description: 'Until when it may be decided and redeemed.' }),
})

const decisionAnswer = closed({
  state: Type.String({ description: '`approved` or `denied`.' }),
})

/** What a signed-in phone does with the code that a screen shows (rule 31). */
export function deviceRoutes(app: App, context: HttpContext): void {
  const onRequest = sessionOnly(context)
  app.post(
    '/device/scan',
    {
      config,
      onRequest,
      schema: {
        tags,
        summary: 'Who asks to be signed in; from then on this session alone may decide',
        body,
        querystring: nothing,
        response: { 200: scanAnswer },
      },
    },
    async (request) => {
      const answer = await scanBy(context, deciderOf(context, request, request.body.user_code))
      if (answer.kind === 'refused') throw scanProblem(answer.why)
      return requestJson(answer.row)
    },
  )
  for (const [path, decision] of decisions) {
    app.post(
      path,
      {
        config,
        onRequest,
        schema: {
          tags,
          summary: `${decision === 'approved' ? 'Sign the other device in' : 'Refuse it'}, by the session that scanned`,
          body,
          querystring: nothing,
          response: { 200: decisionAnswer },
        },
      },
      async (request) => {
        const decider = deciderOf(context, request, request.body.user_code)
        const answer = await decideBy(context, decider, decision)
        if (answer.kind === 'refused') throw await decisionProblem(context, decider, answer.why)
        return { state: decision }
      },
    )
  }
}

const decisions = [
  ['/device/approve', 'approved'],
  ['/device/deny', 'denied'],
] as const

/** @throws Problem 403: a client's own session is nobody's, and has nothing to hand on */
function deciderOf(context: HttpContext, request: FastifyRequest, userCode: string): Decider {
  const { session } = callerOf(request)
  if (session === null) throw new Problem('unauthenticated')
  if (clientOfUid(session.origin.uid) !== undefined) {
    throw new Problem('forbidden', { detail: 'Only a person may sign another device in.' })
  }
  return { session, address: context.addresses.of(request.raw), userCode }
}

function requestJson(row: DeviceAuthorization) {
  return {
    client_id: row.clientId,
    scope: row.scope,
    ip: row.ip,
    user_agent: row.userAgent,
    requested_at: toSeconds(row.requestedAt),
    expires_at: toSeconds(row.expiresAt),
  }
}

type Refusal<Answer> =
  Extract<Answer, { kind: 'refused' }> extends { readonly why: infer Why } ? Why : never

function scanProblem(why: Refusal<ScanAnswer>): Problem {
  switch (why) {
    case 'unknown':
      return noSuchCode()
    case 'of-another-session':
      return new Problem('already_scanned')
    case 'decided':
      return new Problem('already_decided')
    default:
      return why satisfies never
  }
}

async function decisionProblem(
  { authority }: HttpContext,
  { session: { origin } }: Decider,
  why: Refusal<DecisionAnswer>,
): Promise<Problem> {
  switch (why) {
    case 'unknown':
      return noSuchCode()
    case 'not-scanned':
      return new Problem('not_scanned')
    case 'of-another-session':
      return new Problem('forbidden', { detail: 'Only the session that scanned may decide.' })
    case 'decided':
      return new Problem('already_decided')
    case 'caller-ended': {
      const session = await authority.show(origin.sid)
      return session?.kind === 'ended' ? sessionEnded(session.end) : new Problem('invalid_token')
    }
    default:
      return why satisfies never
  }
}

/** Unknown and expired alike: whoever guesses learns nothing. */
function noSuchCode(): Problem {
  return new Problem('not_found', { detail: 'There is no such code, or it has expired.' })
}
