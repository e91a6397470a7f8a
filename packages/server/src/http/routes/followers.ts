import { Type } from 'typebox'
import { followersJson } from '../admin/followers-answer.ts'
import type { App, HttpContext } from '../context.ts'
import { roleOnly } from '../guards.ts'
import { closed, maybeText, nothing, seconds } from '../schemas.ts'

const position = {
  cursor: maybeText('Up to where it has read the feed.'),
  behind: Type.Unsafe<number | null>({
    type: ['integer', 'null'],
    description: 'Ends older than a few seconds that it has not read; null when that is not known.',
  }),
}
const answer = closed({
  head: Type.String({ description: "The feed's head, a cursor." }),
  now: seconds("The server's time."),
  replicas: Type.Array(
    closed({
      id: Type.String({ description: 'Of this run of the process.' }),
      host: Type.String(),
      pid: Type.Integer(),
      worker: Type.Unsafe<number | null>({
        type: ['integer', 'null'],
        description: 'Its number among `server.workers`; null when it is alone.',
      }),
      version: Type.String(),
      started_at: seconds('When it started.'),
      seen_at: seconds('When it said so last; every 5 s.'),
      ...position,
      lag_ms: Type.Integer({ description: 'How late it learned of the newest end of another.' }),
      ready: Type.Boolean(),
      streams: Type.Integer({ description: 'Event streams that are open there.' }),
    }),
  ),
  verifiers: Type.Array(
    closed({
      client_id: Type.String(),
      address: maybeText('Where it asks from.'),
      user_agent: maybeText('What it calls itself.'),
      via: Type.String({ description: '`pull` or `stream`.' }),
      ...position,
      seen_at: seconds('When it was heard of last.'),
    }),
  ),
})

export function followersRoute(app: App, context: HttpContext): void {
  app.get(
    '/admin/followers',
    {
      config: { group: 'admin', who: 'role admin' },
      onRequest: roleOnly(context, 'admin'),
      schema: {
        tags: ['Administration'],
        summary: 'Who follows the feed, and how far: replicas, and verifiers that pull or stream',
        querystring: nothing,
        response: { 200: answer },
      },
    },
    async () => followersJson(await context.admin.system.followers()),
  )
}
