import formbody from '@fastify/formbody'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LogoutToken } from '#oidc'
import { addressKey } from '../address.ts'
import { sendPage } from '../browser/answers.ts'
import { lookOf } from '../browser/look.ts'
import { queryOf } from '../browser/query.ts'
import type { App, HttpContext } from '../context.ts'
import { answerOAuthError } from '../error-answers.ts'
import { OAuthError } from '../oauth-error.ts'
import { formOf, parseForm, required } from '../oauth-form.ts'
import { frontChannelDonePage } from '../pages/index.ts'
import { invalid } from '../problems.ts'
import { limitByAddress } from './login.ts'

const tags = ['Logout by identity providers']
const bodyBytesMax = 65_536

/** OpenID Connect Back-Channel and Front-Channel Logout 1.0. */
export function providerLogoutRoutes(app: App, context: HttpContext): void {
  void app.register((scope, _options, done) => {
    scope.setErrorHandler(answerOAuthError(context.log))
    scope.removeAllContentTypeParsers()
    void scope.register(formbody, {
      bodyLimit: bodyBytesMax,
      parser: (text) => ({ ...parseForm(text) }),
    })
    scope.post(
      '/oidc/backchannel-logout',
      {
        config: { group: 'sign-in', who: 'identity providers, by a signed logout token' },
        schema: {
          tags,
          summary: 'End the sessions that a logout token names',
          consumes: ['application/x-www-form-urlencoded'],
        },
      },
      (request, reply) => backChannel(context, request, reply),
    )
    done()
  })
  app.get(
    '/oidc/frontchannel-logout',
    {
      exposeHeadRoute: false,
      config: { group: 'sign-in', who: "browsers, in an identity provider's frame" },
      schema: { tags, summary: 'End the session of `sid` at `iss`' },
    },
    (request, reply) => frontChannel(context, request, reply),
  )
}

async function backChannel(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const key = addressKey(context.addresses.of(request.raw))
  const wait = context.limiter.wait('failedClientAuth', key)
  if (wait > 0) throw tooMany(wait)
  const verdict = await context.browser.verifyLogoutToken(required(formOf(request), 'logout_token'))
  if (verdict.kind !== 'logout') count(context, verdict.kind)
  if (verdict.kind === 'unavailable') throw unavailable(verdict.retryAfterMs)
  if (verdict.kind === 'invalid') {
    context.limiter.take('failedClientAuth', key)
    context.log.warn({ why: verdict.why }, 'a logout token was refused')
    throw new OAuthError('invalid_request', { description: 'The logout token is not good.' })
  }
  count(context, await carryOut(context, verdict))
  return reply.code(200).send()
}

function count(
  { metrics }: HttpContext,
  result: 'done' | 'replayed' | 'invalid' | 'unavailable',
): void {
  metrics.count('curfew_provider_logouts_total', { result })
}

/**
 * With a sid that session alone (Back-Channel Logout 1.0, section 2.6), unless the provider never told us its
 * sids: then nobody can say which it was, and what is acknowledged must not live on.
 */
async function carryOut(
  { browser }: HttpContext,
  token: LogoutToken,
): Promise<'done' | 'replayed'> {
  const { issuer, providerSid, subject, issuedAt: createdUntil, id, rememberUntil } = token
  const announcement = { id, expiresAt: rememberUntil }
  const { gateway } = browser
  if (providerSid !== null) {
    const of = subject === null ? null : { subject, createdUntil }
    return (await gateway.endByProviderSid({ issuer, providerSid, of, announcement })).kind
  }
  if (subject === null) throw new Error('a verified logout token names a session or a subject')
  return (await gateway.endBySubject({ issuer, subject, createdUntil, announcement })).kind
}

function tooMany(seconds: number): OAuthError {
  return new OAuthError('temporarily_unavailable', {
    status: 429,
    description: 'Too many logout tokens that were not good.',
    headers: { 'retry-after': String(seconds) },
  })
}

/** So that the provider sends it again. */
function unavailable(retryAfterMs: number): OAuthError {
  return new OAuthError('temporarily_unavailable', {
    description: "The provider's keys cannot be read.",
    headers: { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) },
  })
}

/** Anybody may send this; so it ends what `sid` names, remembers nothing, and is limited by address. */
async function frontChannel(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  limitByAddress(context, request, 'frame')
  const query = queryOf(request)
  const [issuer, providerSid] = [query('iss'), query('sid')]
  if (issuer === undefined || context.browser.providers.ofIssuer(issuer).length === 0) {
    throw invalid('query', '/iss', 'must be the issuer of a configured provider')
  }
  if (!providerSid) throw invalid('query', '/sid', 'is missing')
  const order = { issuer, providerSid, announcement: null }
  await context.browser.gateway.endByProviderSid(order)
  // The provider shows it in a frame, which the headers of all other answers forbid.
  reply.removeHeader('x-frame-options')
  return sendPage(reply, frontChannelDonePage(lookOf(context, reply.request)))
}
