import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { oauthErrors } from './oauth-error.ts'
import { problemKinds } from './problems.ts'

/** /openapi.json: generated from the schemas that judge the requests. */
export function openApiOptions(publicUrl: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Curfew',
        version: '1',
        description:
          'Sessions whose every token dies with the session. Times are Unix seconds. Clients ignore members that they do not know; unknown request members are 400.',
      },
      servers: [{ url: new URL(publicUrl).origin }],
      components: { securitySchemes, schemas: { Problem: problemSchema, OAuthError: oauthSchema } },
    },
    transform: ({ schema, url, route }) => {
      const who = route.config?.who
      const oauth = url.includes('/oauth/')
      const description = who === undefined ? undefined : `Who may ask: ${who}.`
      const asked = who === undefined || who.startsWith('anybody') ? [] : security(oauth)
      return {
        schema: {
          ...schema,
          ...(route.config?.form === undefined ? {} : { body: route.config.form }),
          ...(description === undefined ? {} : { description }),
          security: asked,
        },
        url,
      }
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject
      const { openapiObject } = document
      for (const [path, item] of Object.entries(openapiObject.paths ?? {})) {
        for (const operation of Object.values(item ?? {})) addErrors(path, operation)
      }
      return openapiObject
    },
  }
}

function security(oauth: boolean): readonly Record<string, string[]>[] {
  return oauth ? [{ basic: [] }, {}] : [{ bearer: [] }, { basic: [] }, { page: [] }]
}

const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'An access token or a session token.',
  },
  basic: { type: 'http', scheme: 'basic', description: 'A client, where a client may act.' },
  page: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-curfew-page',
    description:
      "Of Curfew's own pages (`curfew-page` where publicUrl is http). What changes anything also needs `Origin` equal to the origin of publicUrl, or `Sec-Fetch-Site: same-origin`.",
  },
} as const

const problemSchema = {
  type: 'object' as const,
  description: 'RFC 9457.',
  required: ['type', 'code', 'title', 'status', 'detail'] as string[],
  properties: {
    type: { type: 'string' as const },
    code: { type: 'string' as const, enum: Object.keys(problemKinds) },
    title: { type: 'string' as const },
    status: { type: 'integer' as const },
    detail: { type: 'string' as const },
    errors: {
      type: 'array' as const,
      items: {
        type: 'object' as const,
        properties: {
          in: { type: 'string' as const },
          pointer: { type: 'string' as const },
          detail: { type: 'string' as const },
        },
      },
    },
  },
}

const oauthSchema = {
  type: 'object' as const,
  description: 'RFC 6749, section 5.2.',
  required: ['error'] as string[],
  properties: {
    error: { type: 'string' as const, enum: Object.keys(oauthErrors) },
    error_description: { type: 'string' as const },
  },
}

/** Every operation may fail in the ways of the table; said once, as `default`. */
function addErrors(path: string, operation: unknown): void {
  if (typeof operation !== 'object' || operation === null || !('responses' in operation)) return
  const { responses } = operation as { responses: Record<string, unknown> }
  const oauth = path.includes('/oauth/')
  const name = oauth ? 'OAuthError' : 'Problem'
  const type = oauth ? 'application/json' : 'application/problem+json'
  responses['default'] = {
    description: oauth ? 'An error of RFC 6749' : 'A problem of RFC 9457',
    content: { [type]: { schema: { $ref: `#/components/schemas/${name}` } } },
  }
}
