import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { FeedEntry, FeedPage, FeedPosition } from '#authority'
import { formatCursor, toSeconds } from '#domain'
import type { App, HttpContext } from '../context.ts'
import { feedPosition } from '../feed-position.ts'
import { roleOnly } from '../guards.ts'
import { closed } from '../schemas.ts'

/** 109 bytes an entry: 45 of them and the brackets stay under 5,000 (API.md, section 6). */
const cursorPageEntries = 45

export const feedQuery = {
  since: Type.Optional(
    Type.String({
      maxLength: 64,
      description: 'Unix seconds, or a cursor; without it, everything.',
    }),
  ),
  all: Type.Optional(
    Type.String({
      pattern: '^(?:true|false)$',
      description: '`true`: every end within `retention`, whatever its `exp`.',
    }),
  ),
}
const pageQuery = closed({
  ...feedQuery,
  limit: Type.Optional(
    Type.String({
      pattern: '^(?:[1-9][0-9]{0,3}|10000)$',
      description: '1 to 10000; 45 for a cursor, else everything.',
    }),
  ),
})
const feedAnswer = Type.Array(
  closed({
    jti: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
    sid: Type.String(),
    exp: Type.Integer(),
  }),
)

export function feedRoutes(app: App, context: HttpContext): void {
  app.get(
    '/sessions/revoked',
    {
      config: { group: 'feed', who: 'role service or admin' },
      onRequest: roleOnly(context, 'service', 'admin'),
      schema: {
        tags: ['The revocation feed'],
        summary: 'Sessions that have ended while an access token of theirs is unexpired',
        querystring: pageQuery,
        response: { 200: feedAnswer, 304: Type.Null({ description: 'Nothing was added.' }) },
      },
      serializerCompiler: () => (answer) => JSON.stringify(answer),
    },
    async (request, reply) => {
      const { since, limit, all } = request.query
      const position = feedPosition(since, context.clock.now())
      const page = await context.feed.page({
        position,
        all: all === 'true',
        limit: limit === undefined ? limitFor(position) : Number(limit),
      })
      describe(reply, page)
      if (!page.reset && matches(request.headers['if-none-match'], tagOf(page))) {
        return reply.code(304).send()
      }
      return reply.send(page.entries.map(entryJson))
    },
  )
}

/** A numeric or absent `since` is answered whole, a cursor in pages (rule 38). */
function limitFor(position: FeedPosition): number | null {
  return position.kind === 'cursor' ? cursorPageEntries : null
}

function describe(reply: FastifyReply, page: FeedPage): void {
  reply.headers({
    'cache-control': 'no-cache',
    etag: tagOf(page),
    'curfew-cursor': formatCursor(page.cursor),
    'curfew-now': String(toSeconds(page.now)),
  })
  if (page.more) reply.header('curfew-more', 'true')
  if (page.reset) reply.header('curfew-reset', 'true')
}

/** Weak: entries also leave the answer when their tokens expire, and nobody need be told (RFC 9110, 8.8.1). */
function tagOf(page: FeedPage): string {
  return `W/"${formatCursor(page.head)}"`
}

function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  const opaque = tag.slice(2)
  return header.split(',').some((entry) => {
    const candidate = entry.trim()
    return candidate === '*' || candidate.replace(/^W\//, '') === opaque
  })
}

export function entryJson(entry: FeedEntry) {
  return { jti: entry.jti, sid: entry.sid, exp: entry.exp }
}
