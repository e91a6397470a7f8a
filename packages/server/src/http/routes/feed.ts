import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type FeedEntry, type FeedPage, type FeedQuery, NextRead } from '#authority'
import { formatCursor, toSeconds } from '#domain'
import type { App, HttpContext } from '../context.ts'
import { feedPosition } from '../feed-position.ts'
import { readerOf } from '../feed-reader.ts'
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
  const reads = new NextRead<FeedPage>()
  const page = (query: FeedQuery) =>
    reads.run(JSON.stringify(query), () => context.feed.page(query))
  app.get(
    '/sessions/revoked',
    {
      config: { group: 'feed', who: 'role service or admin' },
      onRequest: [stampNow(context), roleOnly(context, 'service', 'admin')],
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
      const asked = limit === undefined ? null : Number(limit)
      const told = await pageFor(page, { position, all: all === 'true', limit: asked })
      const kind = all === 'true' ? 'all' : 'unexpired'
      describe(reply, told, kind)
      context.verifiers.pulled(readerOf(context, request), told.cursor, context.clock.now())
      if (!told.reset && isKnown(request.headers['if-none-match'], told, kind)) {
        return reply.code(304).send()
      }
      return reply.send(told.entries.map(entryJson))
    },
  )
}

/**
 * A numeric or absent `since` is answered whole, a cursor in pages (rule 38), unless a limit was asked
 * for. A reset is whole again: who reads one page only must not take it for everything.
 */
async function pageFor(
  read: (query: FeedQuery) => Promise<FeedPage>,
  query: FeedQuery,
): Promise<FeedPage> {
  if (query.limit !== null || query.position.kind !== 'cursor') return read(query)
  const page = await read({ ...query, limit: cursorPageEntries })
  return page.reset && page.more ? read(query) : page
}

/** The server's time stands in every answer, also in one that refuses (rule 38). */
function stampNow(context: HttpContext) {
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    reply.header('curfew-now', String(toSeconds(context.clock.now())))
  }
}

/** Which ends an answer tells of. */
type Kind = 'all' | 'unexpired'

function describe(reply: FastifyReply, page: FeedPage, kind: Kind): void {
  reply.headers({
    'cache-control': 'no-cache',
    etag: tagOf(page, kind),
    'curfew-cursor': formatCursor(page.cursor),
    'curfew-now': String(toSeconds(page.now)),
  })
  if (page.more) reply.header('curfew-more', 'true')
  if (page.reset) reply.header('curfew-reset', 'true')
}

/**
 * Weak: entries also leave the answer when their tokens expire, and nobody need be told (RFC 9110,
 * 8.8.1). It names the page as well as the head: a reader that sends along the tag of the page before
 * must get the next one.
 */
function tagOf({ head, entries }: FeedPage, kind: Kind): string {
  const { first, last } = spanOf(entries)
  return `W/"${formatCursor(head)}-${kind}-${first}-${last}"`
}

function spanOf(entries: FeedPage['entries']): { readonly first: number; readonly last: number } {
  return { first: entries.at(0)?.seq ?? 0, last: entries.at(-1)?.seq ?? 0 }
}

/** Nothing was added for who has seen this head, and a page that this one is a part of. */
function isKnown(header: string | undefined, { head, entries }: FeedPage, kind: Kind): boolean {
  if (header === undefined) return false
  const { first, last } = spanOf(entries)
  const seen = `${formatCursor(head)}-${kind}-`
  return header.split(',').some((entry) => {
    const tag = entry.trim().replace(/^W\//, '').replaceAll('"', '')
    if (tag === '*') return true
    if (!tag.startsWith(seen)) return false
    const [from = Number.NaN, to = Number.NaN] = tag.slice(seen.length).split('-').map(Number)
    return entries.length === 0 || (from <= first && last <= to)
  })
}

export function entryJson(entry: FeedEntry) {
  return { jti: entry.jti, sid: entry.sid, exp: entry.exp }
}
