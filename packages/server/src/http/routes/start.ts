import { type Static, Type } from 'typebox'
import type { ClientRules, IssueAnswer, IssueInput } from '#authority'
import { type EpochSeconds, parseClientId, parseUid } from '#domain'
import { parseIp } from '../address.ts'
import { tokenSetJson } from '../answers.ts'
import { type App, callerOf, type HttpContext } from '../context.ts'
import { roleOnly } from '../guards.ts'
import { invalid, Problem } from '../problems.ts'
import { claims, closed, nothing, roleNames, text, tokenSetAnswer, uid } from '../schemas.ts'
import { parseSubject } from '../subjects.ts'
import { passedOnUserAgent } from '../user-agent.ts'

const startBody = closed({
  uid,
  client_id: Type.Optional(
    Type.String({ format: 'client-id', description: 'Who may then refresh; default: the caller.' }),
  ),
  device: Type.Optional(text(64, "The device class; default: the client's.")),
  device_id: Type.Optional(text(255, 'The same id replaces the session of that device.')),
  device_name: Type.Optional(text(512, 'As the user calls it.')),
  ip: Type.Optional(Type.String({ format: 'ip', description: "The user's address." })),
  user_agent: Type.Optional(
    Type.String({
      description: "The user's agent, recorded and never judged: what is long is cut.",
    }),
  ),
  auth_time: Type.Optional(
    Type.Integer({ minimum: 0, format: 'past', description: 'When the user authenticated.' }),
  ),
  amr: Type.Optional(Type.Array(text(64, 'RFC 8176.'), { maxItems: 16 })),
  acr: Type.Optional(text(256, 'Authentication context class.')),
  roles: Type.Optional(roleNames),
  claims: Type.Optional(claims),
  fence: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'As captured before the password was checked; 409 if it moved since.',
    }),
  ),
  reuse: Type.Optional(
    Type.Boolean({
      description: 'False: end a live session of a shared class instead of joining it.',
    }),
  ),
})
type StartBody = Static<typeof startBody>

export function startRoutes(app: App, context: HttpContext): void {
  const issuerOnly = roleOnly(context, 'issuer')
  const config = { group: 'start', who: 'role issuer' } as const

  app.post(
    '/sessions',
    {
      config,
      onRequest: issuerOnly,
      schema: {
        tags: ['Starting and renewing'],
        summary: 'Start a session for a user that the caller has authenticated',
        body: startBody,
        querystring: nothing,
        response: { 200: tokenSetAnswer, 201: tokenSetAnswer },
      },
    },
    async (request, reply) => {
      const seconds = context.limiter.take('sessionStarts', request.body.uid)
      if (seconds > 0) throw context.limiter.refusal('sessionStarts', seconds)
      const caller = issuerOf(callerOf(request).client)
      const answer = await context.authority.issue(inputOf(caller, request.body))
      if (!('tokens' in answer)) throw refusal(answer)
      const joined = answer.kind === 'joined'
      return reply.code(joined ? 200 : 201).send(tokenSetJson(answer.tokens, joined))
    },
  )

  app.get(
    '/users/:uid/fence',
    {
      config,
      onRequest: issuerOnly,
      schema: {
        tags: ['Starting and renewing'],
        summary: 'Capture the fence before checking a password',
        querystring: nothing,
        response: { 200: closed({ fence: Type.Integer() }) },
      },
    },
    async (request) => {
      parseSubject((request.params as { readonly uid: string }).uid)
      return { fence: await context.authority.fence() }
    },
  )
}

function issuerOf(client: ClientRules | null): ClientRules {
  // `issuer` belongs to clients alone (rule 17), so this is a client.
  if (client === null)
    throw new Problem('forbidden', { detail: 'Only a client may start sessions.' })
  return client
}

/** What the schema has judged, as the values of the domain. */
function inputOf(caller: ClientRules, body: StartBody): IssueInput {
  const subject = parseUid(body.uid)
  if (subject === undefined) throw invalid('body', '/uid', 'must be a user id')
  return {
    caller,
    uid: subject,
    clientId: parsed(body.client_id, parseClientId),
    ip: parsed(body.ip, parseIp),
    roles: body.roles ?? [],
    claims: body.claims ?? {},
    fence: body.fence ?? null,
    reuse: body.reuse ?? true,
    ...deviceOf(body),
    ...authenticationOf(body),
  }
}

function deviceOf(body: StartBody) {
  return {
    device: body.device ?? null,
    deviceId: body.device_id ?? null,
    deviceName: body.device_name ?? null,
    userAgent: passedOnUserAgent(body.user_agent ?? ''),
  }
}

function authenticationOf(body: StartBody) {
  return {
    authTime: (body.auth_time ?? null) as EpochSeconds | null,
    amr: body.amr ?? null,
    acr: body.acr ?? null,
  }
}

function parsed<Value>(
  text: string | undefined,
  parse: (text: string) => Value | undefined,
): Value | null {
  return text === undefined ? null : (parse(text) ?? null)
}

function refusal(answer: Exclude<IssueAnswer, { kind: 'started' | 'joined' }>): Problem {
  switch (answer.kind) {
    case 'unknown-client':
      return mistake('unknown_client', '/client_id', 'is not a configured client')
    case 'unknown-device':
      return mistake('unknown_device', '/device', 'is not a configured device class')
    case 'roles-not-granted':
      return new Problem('roles_not_granted', {
        detail: `The client may not give ${answer.roles.join(', ')}.`,
      })
    case 'admin-not-granted':
      return new Problem('admin_not_granted')
    case 'fence-moved':
      return new Problem('fence_moved')
    case 'user-disabled':
      return new Problem('user_disabled')
    default:
      return answer satisfies never
  }
}

function mistake(
  code: 'unknown_client' | 'unknown_device',
  pointer: string,
  detail: string,
): Problem {
  const errors = [{ in: 'body', pointer, detail }] as const
  return new Problem(code, { detail: `${pointer} ${detail}.`, errors })
}
