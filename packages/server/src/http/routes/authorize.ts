import formbody from '@fastify/formbody'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseClientId } from '#domain'
import { AuthorizationError } from '../authorization/authorization-error.ts'
import {
  type CheckedRequest,
  checkedRequest,
  textOf,
} from '../authorization/authorization-request.ts'
import { type Destination, destinationOf } from '../authorization/destination.ts'
import { errorOfFlow } from '../authorization/failures.ts'
import type { PushedRequest } from '../authorization/pushed-requests.ts'
import { sendToApplication } from '../authorization/to-application.ts'
import { BrowserProblem, sendPage } from '../browser/answers.ts'
import { jarOf, setFlowCookies } from '../browser/cookies.ts'
import { lookOf } from '../browser/look.ts'
import { rawQuery } from '../browser/query.ts'
import { parseUiLocales } from '../browser/ui-locales.ts'
import type { App, HttpContext } from '../context.ts'
import { parseForm } from '../oauth-form.ts'
import { choicePage } from '../pages/index.ts'
import { limitSignIns } from './login.ts'

const config = { group: 'sign-in', who: 'browsers of clients' } as const
const summary = 'Sign in for an application, which gets a code (RFC 6749, OpenID Connect Core)'
const schema = { tags: ['OAuth 2.0'], summary }

/** `/oauth/authorize`: by GET, and by POST as OpenID Connect Core, section 3.1.2.1, wants it. */
export function authorizeRoute(app: App, context: HttpContext): void {
  app.get(
    '/oauth/authorize',
    // HEAD would begin sign-ins that nobody finishes.
    { exposeHeadRoute: false, config, schema },
    (request, reply) => authorize(context, { request, reply }, rawQuery(request)),
  )
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    void scope.register(formbody, { parser: (text) => ({ text }) })
    scope.post('/oauth/authorize', { config, schema }, (request, reply) => {
      const { text = '' } = (request.body ?? {}) as { readonly text?: string }
      return authorize(context, { request, reply }, text)
    })
    done()
  })
}

interface Exchange {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** The client and where it is told come first; from then on it is told everything there. */
async function authorize(
  context: HttpContext,
  exchange: Exchange,
  asked: string,
): Promise<FastifyReply> {
  limitSignIns(context, exchange.request)
  const pushed = pushedOf(context, new URLSearchParams(asked))
  const query = pushed === undefined ? asked : queryOf(pushed, asked)
  const destination = destinationOf(context, new URLSearchParams(query))
  const form = parseForm(query)
  try {
    const checked = checkedRequest(context, form, destination)
    return await goOn(context, exchange, { asked, pushed, checked, destination })
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error
    const { values } = form
    const uiLocales = parseUiLocales(values.get('ui_locales'))
    const addressee = { ...addressOf(destination), state: values.get('state') ?? null, uiLocales }
    return sendToApplication(context, exchange, addressee, { error })
  }
}

function addressOf({ client, redirectUri }: Destination) {
  return { clientId: client.id, redirectUri }
}

/** A `request_uri` of ours (RFC 9126, section 4). @throws BrowserProblem for one that is not good any more */
function pushedOf(
  { browser }: HttpContext,
  parameters: URLSearchParams,
): PushedRequest | undefined {
  const uri = parameters.get('request_uri')
  if (uri === null || !browser.pushed.isOne(uri)) return undefined
  const clientId = parseClientId(parameters.get('client_id') ?? '')
  const pushed = clientId && browser.pushed.read(uri, clientId)
  if (pushed === undefined) throw notPushed()
  return pushed
}

function notPushed(): BrowserProblem {
  const detail = 'This sign-in was prepared for too long ago, or used before. Begin again.'
  return new BrowserProblem('request_uri_refused', detail, { retryUrl: null })
}

/** What was pushed counts, whatever else the browser brings (RFC 9101, section 6.3), but for our own choice. */
function queryOf({ query }: PushedRequest, asked: string): string {
  const parameters = new URLSearchParams(query)
  const idp = new URLSearchParams(asked).get('idp')
  if (idp !== null && !parameters.has('idp')) parameters.set('idp', idp)
  return parameters.toString()
}

interface Asked {
  readonly asked: string
  readonly pushed: PushedRequest | undefined
  readonly checked: CheckedRequest
  readonly destination: Destination
}

async function goOn(
  context: HttpContext,
  exchange: Exchange,
  { asked, pushed, checked, destination }: Asked,
): Promise<FastifyReply> {
  const { forProvider } = checked
  const ids = context.browser.providers.list().map(({ settings }) => settings.id)
  const provider = forProvider.idp ?? (ids.length === 1 ? ids[0] : undefined)
  if (provider === undefined) {
    if (forProvider.prompt === 'none') {
      throw new AuthorizationError('interaction_required', 'The person has to choose a provider.')
    }
    const look = lookOf(context, exchange.request, forProvider.uiLocales)
    return sendPage(exchange.reply, choicePage(choice(context, ids, asked), look))
  }
  if (pushed !== undefined && !(await context.browser.pushed.use(pushed))) throw notPushed()
  return begin(context, exchange, { checked, destination, provider })
}

function choice({ settings }: HttpContext, ids: readonly string[], asked: string) {
  const providers = ids.map((id) => {
    const parameters = new URLSearchParams(asked)
    parameters.set('idp', id)
    return { name: id, url: `${settings.publicUrl}/oauth/authorize?${parameters}` }
  })
  return { providers }
}

interface Beginning extends Pick<Asked, 'checked' | 'destination'> {
  readonly provider: string
}

async function begin(
  context: HttpContext,
  exchange: Exchange,
  { checked, destination, provider }: Beginning,
): Promise<FastifyReply> {
  const { request, forProvider } = checked
  const { prompt, maxAgeSeconds, acrValues, loginHint, uiLocales } = forProvider
  const begun = await context.browser.flow.begin({
    providerId: provider,
    returnTo: `${context.settings.publicUrl}/`,
    // Rule 1: who is signed out everywhere from now on does not get in by this request.
    fence: await context.authority.fence(),
    jar: jarOf(exchange.request),
    app: textOf({ ...request, uiLocales }),
    ...(prompt === null ? {} : { prompt }),
    ...(maxAgeSeconds === null ? {} : { maxAgeSeconds }),
    ...(acrValues.length === 0 ? {} : { acrValues }),
    ...(loginHint === null ? {} : { loginHint }),
    ...(uiLocales === null ? {} : { uiLocales }),
  })
  setFlowCookies(exchange.reply, begun.cookies)
  if (begun.kind === 'redirect') {
    return exchange.reply.redirect(begun.url, exchange.request.method === 'POST' ? 303 : 302)
  }
  context.metrics.count('curfew_sign_ins_total', { result: begun.code })
  context.log.warn({ code: begun.code, why: begun.detail }, 'a sign-in could not begin')
  const addressee = { ...addressOf(destination), state: request.state, uiLocales }
  return sendToApplication(context, exchange, addressee, { error: errorOfFlow(begun) })
}
