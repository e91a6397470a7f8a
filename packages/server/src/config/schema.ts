import { type Static, Type } from 'typebox'
import type { SchemaNode } from './read.ts'
import { auditSchema } from './schema/audit.ts'
import { clientsSchema, usersSchema } from './schema/clients.ts'
import { gatewaySchema } from './schema/gateway.ts'
import { limitsSchema } from './schema/limits.ts'
import { pagesSchema } from './schema/pages.ts'
import { identityProvidersSchema } from './schema/providers.ts'
import { revocationSchema } from './schema/revocation.ts'
import { serverSchema } from './schema/server.ts'
import { sessionsSchema } from './schema/sessions.ts'
import { redisSchema, secretsSchema, storeSchema } from './schema/store.ts'
import { tokensSchema } from './schema/tokens.ts'
import { corsSchema, effectsSchema, webhooksSchema } from './schema/webhooks.ts'

/**
 * The one description of the configuration: it validates, gives the defaults, and is rendered as
 * curfew.schema.json and docs/reference/configuration.md. It describes the file with all defaults
 * filled in, so a key is required in the file only when it has no default.
 */
export const configSchema = Type.Object(
  {
    server: serverSchema,
    store: storeSchema,
    redis: redisSchema,
    secrets: secretsSchema,
    identityProviders: identityProvidersSchema,
    users: usersSchema,
    clients: clientsSchema,
    tokens: tokensSchema,
    sessions: sessionsSchema,
    gateway: gatewaySchema,
    revocation: revocationSchema,
    webhooks: webhooksSchema,
    effects: effectsSchema,
    cors: corsSchema,
    limits: limitsSchema,
    audit: auditSchema,
    pages: pagesSchema,
  },
  { additionalProperties: false, description: 'The configuration of Curfew.' },
)

/** The file as written, with defaults filled in: durations are still text, secrets are still bare. */
export type RawConfig = Static<typeof configSchema>

/** The same schema, for those who walk through it. TypeBox types say what it describes, not what it is. */
export const configNode = configSchema as object as SchemaNode
