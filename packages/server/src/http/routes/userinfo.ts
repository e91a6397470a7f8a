import formbody from '@fastify/formbody'
import type { FastifyRequest } from 'fastify'
import { Secret } from '#domain'
import { badToken, sessionEnded, severalCredentials } from '../callers.ts'
import type { App, HttpContext } from '../context.ts'
import { type HeaderToken, headerCredentials } from '../credentials.ts'
import { type OAuthForm, parseForm } from '../oauth-form.ts'
import { Problem } from '../problems.ts'

const config = { group: 'oauth', who: 'clients, with an access token of scope `openid`' } as const
const schema = {
  tags: ['OAuth 2.0'],
  summary: 'Who the person is (OpenID Connect Core, section 5.3)',
}

/** By GET and by POST; the token stands in the header, or in the form of a POST (RFC 6750, section 2). */
export function userInfoRoutes(app: App, context: HttpContext): void {
  app.removeAllContentTypeParsers()
  void app.register(formbody, { parser: (text) => ({ ...parseForm(text) }) })
  app.get('/userinfo', { config, schema }, (request) => tell(context, request))
  app.post('/userinfo', { config, schema }, (request) => tell(context, request))
}

async function tell(context: HttpContext, request: FastifyRequest) {
  const token = tokenOf(request)
  const answer = await context.authority.userInfo(token.secret.reveal())
  // A proof that is used up costs a write: only for a token of ours.
  if (answer.kind !== 'invalid') await context.bound.check(request.raw, token)
  switch (answer.kind) {
    case 'claims':
      return answer.claims
    case 'ended':
      throw sessionEnded(answer.end)
    case 'invalid':
      throw badToken('This takes an access token of a live session.')
    case 'insufficient-scope':
      throw new Problem('insufficient_scope', { detail: 'The token has no scope openid.' })
    default:
      return answer satisfies never
  }
}

/** @throws Problem 401, 400 */
function tokenOf(request: FastifyRequest): HeaderToken {
  const { tokens, basic, unreadable } = headerCredentials(request.raw)
  const form = request.body as OAuthForm | null | undefined
  const written = form?.values.get('access_token')
  const inForm = written && ({ secret: new Secret(written), scheme: 'bearer' } as const)
  const presented = [...tokens, ...(inForm ? [inForm] : [])]
  const [token, ...more] = presented
  if (more.length > 0 || form?.repeated === 'access_token') throw severalCredentials()
  if (unreadable || basic.length > 0 || token === undefined) {
    throw new Problem('unauthenticated', { detail: 'Send an access token as Bearer.' })
  }
  return token
}
