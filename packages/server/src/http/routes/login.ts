import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseBinding, type ReturnTarget } from '#gateway'
import { addressKey } from '../address.ts'
import { BrowserProblem, problemOfFlow, sendPage } from '../browser/answers.ts'
import { jarOf, ownCookies, setFlowCookies } from '../browser/cookies.ts'
import type { BrowserDeps } from '../browser/deps.ts'
import { endedHere, newsOfEnd } from '../browser/ended-here.ts'
import { isNoVisit } from '../browser/fetch-metadata.ts'
import { handOffUrl } from '../browser/hand-off-url.ts'
import { lookOf } from '../browser/look.ts'
import { queryOf } from '../browser/query.ts'
import type { App, HttpContext } from '../context.ts'
import { choicePage, endedPage } from '../pages/index.ts'
import { Problem } from '../problems.ts'

type Allowed = Extract<ReturnTarget, { kind: 'allowed' }>

/** What `/login` was asked for, checked. */
interface Asked {
  readonly target: Allowed
  readonly idp: string | undefined
  readonly binding: string | null
  readonly prompt: Prompt | null
  /** A page of ours has said why the last session ended. */
  readonly told: boolean
}

/** OpenID Connect Core, section 3.1.2.1; `none` would come back without a person having seen anything. */
const prompts = ['login', 'select_account', 'consent'] as const
type Prompt = (typeof prompts)[number]

/** `GET /login`: to the provider, by way of a choice where there are several. */
export function loginRoute(app: App, context: HttpContext): void {
  app.get(
    '/login',
    {
      // HEAD would begin sign-ins that nobody finishes.
      exposeHeadRoute: false,
      config: { group: 'sign-in', who: 'browsers' },
      schema: {
        tags: ['Sign-in in browsers'],
        summary: 'Sign in at an identity provider, then back to `return_to`',
      },
    },
    (request, reply) => login(context, request, reply),
  )
}

async function login(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  limitSignIns(context, request)
  const asked = askedOf(context, request)
  const handed = await handedOver(context.browser, request, asked)
  if (handed !== undefined) {
    setFlowCookies(reply, handed.cookies)
    return reply.redirect(handed.url, 302)
  }
  const provider = providerFor(context, asked)
  if (provider === undefined) {
    const ended = await endedHere(context.browser, request)
    const offered = choice(context, { ...asked, told: asked.told || ended !== null })
    return sendPage(reply, choicePage({ ...offered, ended }, lookOf(context, request)))
  }
  const reason =
    asked.told || asked.prompt !== null ? null : await newsOfEnd(context.browser, request)
  if (reason !== null) {
    const signInUrl = toldUrl(context, asked)
    return sendPage(reply, endedPage({ reason, signInUrl }, lookOf(context, request)))
  }
  return begin(context, request, reply, { asked, provider })
}

/**
 * Sign-ins begun or finished, by address (rule 37). What is no visit is refused and does not count: the
 * images of a page that one person opens would use up the sign-ins of a whole office.
 *
 * @throws Problem 403, 429
 */
export function limitSignIns(context: HttpContext, request: FastifyRequest): void {
  if (isNoVisit(request.headers)) {
    const detail = 'A sign-in needs a window of its own. Open the page that you wanted again.'
    throw new Problem('cross_site', { detail })
  }
  limitByAddress(context, request, 'page')
}

/** Requests of browsers, of which any page may cause `frame`s: they have a bucket of their own. */
export function limitByAddress(
  context: HttpContext,
  request: FastifyRequest,
  kind: 'page' | 'frame',
): void {
  const key = `${kind} ${addressKey(context.addresses.of(request.raw))}`
  const seconds = context.limiter.take('signIns', key)
  if (seconds > 0) throw context.limiter.refusal('signIns', seconds)
}

function askedOf(context: HttpContext, request: FastifyRequest): Asked {
  const query = queryOf(request)
  return {
    target: targetOf(context, query('return_to')),
    idp: query('idp'),
    binding: parseBinding(query('binding')),
    prompt: prompts.find((one) => one === query('prompt')) ?? null,
    told: query('told') !== undefined,
  }
}

/** Without one: our own page. @throws BrowserProblem 400 for what sign-in may not lead to (rule 27) */
function targetOf({ browser, settings }: HttpContext, returnTo: string | undefined): Allowed {
  const target = browser.targets().check(returnTo ?? `${settings.publicUrl}/`)
  if (target.kind === 'allowed') return target
  const detail = {
    unreadable: 'The address to return to cannot be read. Open the page that you wanted again.',
    scheme: 'The address to return to is not a web page of this service.',
    host: 'The address to return to is on a host that this sign-in does not serve.',
  }[target.why]
  throw new BrowserProblem('return_to_refused', detail, { retryUrl: null })
}

/**
 * A host that the cookie does not reach, and a browser that is signed in at ours: the session is handed
 * on without a new sign-in (rule 28), unless another provider was asked for.
 */
async function handedOver(browser: BrowserDeps, request: FastifyRequest, asked: Asked) {
  const { target, binding, idp, prompt } = asked
  if (binding === null || prompt !== null || browser.reaches(target.host)) return undefined
  for (const cookie of ownCookies(request, browser)) {
    const checked = await browser.gateway.check(cookie, ['cookie'])
    if (checked.kind !== 'live' || checked.identity.kind !== 'good') continue
    const { session } = checked
    const providerId = session.provider?.providerId ?? null
    if (idp !== undefined && idp !== providerId) continue
    const jar = jarOf(request)
    const bounced = browser.flow.bounce({ jar, returnTo: target.url, providerId: idp ?? '' })
    if (bounced.kind === 'failed') throw problemOfFlow(bounced, { retryUrl: null })
    const url = handOffUrl(browser, { sid: session.origin.sid, target, binding })
    return { url, cookies: bounced.cookies }
  }
  return undefined
}

/** Undefined: the person has to choose. @throws BrowserProblem */
function providerFor({ browser }: HttpContext, { idp }: Asked): string | undefined {
  const ids = browser.providers.list().map(({ settings }) => settings.id)
  if (idp !== undefined) return idp
  const [only, ...more] = ids
  if (only !== undefined) return more.length === 0 ? only : undefined
  const detail = 'Nobody can sign in here yet: `identityProviders` of the configuration is empty.'
  throw new BrowserProblem('unknown_provider', detail, { retryUrl: null })
}

function toldUrl(context: HttpContext, { target, idp, binding }: Asked): string {
  return loginUrl(context, { returnTo: target.url, idp: idp ?? null, binding, told: true })
}

function choice(context: HttpContext, { target, binding, prompt, told }: Asked) {
  const providers = context.browser.providers.list().map(({ settings: { id } }) => ({
    name: id,
    url: loginUrl(context, { returnTo: target.url, idp: id, binding, prompt, told }),
  }))
  return { providers }
}

/** `/login` for the same target again. */
export function loginUrl(
  { settings }: HttpContext,
  order: {
    readonly returnTo: string
    readonly idp?: string | null
    readonly binding?: string | null
    readonly prompt?: Prompt | null
    /** A page of ours has said, or will say, why the last session ended. */
    readonly told?: boolean
  },
): string {
  const url = new URL(`${settings.publicUrl}/login`)
  url.searchParams.set('return_to', order.returnTo)
  if (order.idp) url.searchParams.set('idp', order.idp)
  if (order.binding) url.searchParams.set('binding', order.binding)
  if (order.prompt) url.searchParams.set('prompt', order.prompt)
  if (order.told === true) url.searchParams.set('told', 'yes')
  return url.href
}

async function begin(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { asked, provider }: { readonly asked: Asked; readonly provider: string },
): Promise<FastifyReply> {
  const { target, binding, prompt } = asked
  const fence = await context.authority.fence()
  const jar = jarOf(request)
  const order = { providerId: provider, returnTo: target.url, binding, fence, jar }
  const begun = await context.browser.flow.begin({
    ...order,
    ...(prompt === null ? {} : { prompt }),
  })
  setFlowCookies(reply, begun.cookies)
  if (begun.kind === 'redirect') return reply.redirect(begun.url, 302)
  context.metrics.count('curfew_sign_ins_total', { result: begun.code })
  context.log.warn({ code: begun.code, why: begun.detail }, 'a sign-in could not begin')
  const retryUrl = loginUrl(context, { returnTo: target.url, binding })
  throw problemOfFlow(begun, { retryUrl: begun.retry ? retryUrl : null })
}
