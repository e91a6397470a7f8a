import { Type } from 'typebox'
import { KeysOutrun } from '#tokens'
import { keysJson, rotateAct, rotatedJson } from '../admin/key-answers.ts'
import { type App, callerOf, type HttpContext } from '../context.ts'
import { roleOnly } from '../guards.ts'
import { Problem } from '../problems.ts'
import { closed, maybeSeconds, nothing, seconds } from '../schemas.ts'

const tags = ['Administration']
const config = { group: 'admin', who: 'role admin' } as const

const keysAnswer = closed({
  signing_keys: Type.Array(
    closed({
      kid: Type.String(),
      algorithm: Type.String(),
      state: Type.String({ description: '`signing`, `published` (signs later) or `replaced`.' }),
      created_at: seconds('When it was added.'),
      activates_at: seconds('When it signs, or signed, from.'),
    }),
  ),
  secrets: Type.Array(
    closed({
      key_id: Type.String({ description: 'A fingerprint; it says nothing about the secret.' }),
      held: Type.Boolean({ description: 'It stands in the configuration of this replica.' }),
      current: Type.Boolean({ description: 'New tokens are derived with it.' }),
      activates_at: seconds('When it may be used for new tokens from.'),
    }),
  ),
})

/** Which keys sign and which secrets derive, and a new signing key. */
export function keyRoutes(app: App, context: HttpContext): void {
  app.get(
    '/admin/keys',
    {
      config,
      onRequest: roleOnly(context, 'admin'),
      schema: {
        tags,
        summary: 'Signing keys, and the secrets by their ids',
        querystring: nothing,
        response: { 200: keysAnswer },
      },
    },
    async () => {
      const { keys } = context.admin
      // What another replica has just rotated is shown as well.
      await keys.signingKeys.load()
      return keysJson(keys, context.clock.now())
    },
  )

  app.post(
    '/admin/keys/rotate',
    {
      config,
      onRequest: roleOnly(context, 'admin'),
      schema: {
        tags,
        summary: 'A new signing key: published at once, it signs after `keyActivationDelay`',
        body: closed({ now: Type.Optional(Type.Boolean({ description: 'It signs at once.' })) }),
        querystring: nothing,
        response: {
          200: closed({ kid: Type.String(), activates_at: maybeSeconds('When it signs from.') }),
        },
      },
    },
    async (request) => {
      const options = { now: request.body.now === true }
      await context.authority.record(callerOf(request).actor, rotateAct(options))
      return rotatedJson(context.admin.keys, options).catch(refused)
    },
  )
}

/** The same request may be repeated, and is by then one of fewer. */
function refused(error: unknown): never {
  if (error instanceof KeysOutrun) throw new Problem('unavailable', { detail: error.message })
  throw error
}
