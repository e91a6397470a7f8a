import type { FastifyServerOptions, FastifyTypeProvider } from 'fastify'
import { type Static, type TSchema, type TSchemaOptions, Type } from 'typebox'
import type { Clock } from '#authority'
import { type Claims, parseClientId, parseReason, parseSessionId, parseUid } from '#domain'
import { parseIp } from './address.ts'

/** Bodies and queries are typed by their schemas. */
export interface TypeBoxProvider extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  readonly serializer: unknown
}

/** Clocks of backends: an `auth_time` may lie so far ahead of ours. */
const authTimeLeadMs = 60_000
export const claimsBytesMax = 4096

/**
 * Claims that mean something to verifiers or are ours (RFC 7519, 8693, 9068, OpenID Connect Core):
 * a backend that could set them could pretend (rule 17).
 */
export const registeredClaims: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sid', 'client_id', 'roles', 'device'],
  ...['scope', 'auth_time', 'amr', 'acr', 'cnf', 'act', 'may_act', 'azp', 'nonce', 'at_hash'],
  ...['c_hash', 's_hash', 'typ', 'token_type', 'active', 'events', 'txn', 'uid', 'username'],
])

const claimName = /^[A-Za-z0-9_.:/#-]{1,128}$/
const roleShape = /^[^\s,\p{C}]{1,128}$/u

/** What the schemas name as `format`, and how it is judged. */
export function ajvOptions(clock: Pick<Clock, 'now'>): FastifyServerOptions['ajv'] {
  const text = (judge: (value: string) => boolean) => ({ type: 'string', validate: judge }) as const
  return {
    customOptions: {
      allErrors: true,
      coerceTypes: false,
      removeAdditional: false,
      useDefaults: false,
      formats: {
        uid: text((value) => parseUid(value) !== undefined),
        'client-id': text((value) => parseClientId(value) !== undefined),
        'session-id': text((value) => parseSessionId(value) !== undefined),
        ip: text((value) => parseIp(value) !== undefined),
        reason: text((value) => parseReason(value) !== undefined),
        role: text((value) => roleShape.test(value)),
        'claim-name': text((value) => claimName.test(value) && !registeredClaims.has(value)),
        past: {
          type: 'number',
          validate: (value: number) => value * 1000 <= clock.now() + authTimeLeadMs,
        },
      },
      keywords: [
        {
          keyword: 'maxJsonBytes',
          type: 'object',
          schemaType: 'number',
          validate: (limit: number, value: unknown) =>
            Buffer.byteLength(JSON.stringify(value)) <= limit,
        },
      ],
    },
  }
}

export function closed<Properties extends Parameters<typeof Type.Object>[0]>(
  properties: Properties,
  options: TSchemaOptions = {},
) {
  return Type.Object(properties, { ...options, additionalProperties: false })
}

/** Text that a log, a header or a table can hold: no control characters, no lone surrogates. */
export function text(maxLength: number, description: string) {
  return Type.String({ minLength: 1, maxLength, pattern: '^[^\\p{Cc}\\p{Cs}]*$', description })
}

export function nullableText(maxLength: number, description: string) {
  return Type.Unsafe<string | null>({ ...text(maxLength, description), type: ['string', 'null'] })
}

export const nothing = closed({})

export const uid = Type.String({ format: 'uid', description: 'The id of a user.' })
export const reasonText = Type.String({
  format: 'reason',
  description: 'Why: 1 to 64 of `[a-z0-9_]`.',
})
export const roleNames = Type.Array(Type.String({ format: 'role' }), {
  maxItems: 64,
  uniqueItems: true,
  description: 'Roles of the session.',
})
export const claims = Type.Unsafe<Claims>({
  type: 'object',
  propertyNames: { type: 'string', format: 'claim-name' },
  maxProperties: 64,
  maxJsonBytes: claimsBytesMax,
  description: 'Further claims, none of them a registered one; at most 4 KB.',
})

/** Queries arrive as text. A repeated parameter is a list, and so a mistake. */
export const pageQuery = {
  limit: Type.Optional(
    Type.String({
      pattern: '^(?:[1-9][0-9]?|1[0-9]{2}|200)$',
      description: '1 to 200; 50 without it.',
    }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 128, description: '`next_cursor` of the page before.' }),
  ),
}

export const seconds = (description: string) => Type.Integer({ description })
export const maybeText = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], description })
export const maybeSeconds = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], description })

const sessionMembers = {
  sid: Type.String(),
  uid: Type.String(),
  client_id: Type.String(),
  device: Type.String({ description: 'The device class.' }),
  device_name: maybeText('As the user calls it.'),
  ip: maybeText('Where it was used last.'),
  user_agent: maybeText('What used it last.'),
  roles: Type.Array(Type.String()),
  auth_time: seconds('When the user authenticated.'),
  created_at: seconds('When it started.'),
  last_seen_at: seconds('When it was used last.'),
  expires_at: seconds('The earlier of its absolute and its idle limit.'),
  current: Type.Boolean({ description: "It is the caller's own session." }),
}

export const sessionAnswer = closed(sessionMembers, { description: 'A session.' })
export const adminSessionAnswer = closed(
  {
    ...sessionMembers,
    parent_sid: maybeText('The session that approved this one from another device.'),
    revoked_at: maybeSeconds('When it ended; null while it lives.'),
    revoked_reason: maybeText('Why it ended.'),
    revoked_by_user_id: maybeText('Who ended it: a uid, `client:<id>`, or null for the system.'),
  },
  { description: 'A session as administrators see it.' },
)
export const sessionListAnswer = closed({
  items: Type.Array(sessionAnswer),
  next_cursor: maybeText('Where the next page begins; null at the end.'),
})
export const adminSessionListAnswer = closed({
  items: Type.Array(adminSessionAnswer),
  next_cursor: maybeText('Where the next page begins; null at the end.'),
})

export const logoutAnswer = closed({
  revoked: Type.Boolean({ description: 'It ended by this request.' }),
  already_revoked: Type.Boolean({ description: 'It had ended before.' }),
  sid: Type.String(),
})
export const revokedCount = closed({
  revoked: Type.Integer({ description: 'How many ended now.' }),
})

export const tokenSetAnswer = closed({
  sid: Type.String(),
  token_type: Type.String({ description: 'Always `Bearer`.' }),
  access_token: Type.String(),
  expires_in: Type.Integer({ description: 'Whole seconds that remain.' }),
  refresh_token: Type.Optional(Type.String({ description: 'Absent when the session was joined.' })),
  session_token: Type.String({ description: 'Good until the session ends.' }),
  session_expires_at: seconds('When the session runs out, unless it is used.'),
  joined: Type.Optional(Type.Boolean({ description: 'It takes part in a session that lives.' })),
})
