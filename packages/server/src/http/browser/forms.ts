/* Forms of our own pages, which are the only ones that such a route takes (rule 29). */
import formbody from '@fastify/formbody'
import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { App, HttpContext } from '../context.ts'
import { parseForm } from '../oauth-form.ts'
import { BrowserProblem } from './answers.ts'
import { isSameOrigin } from './fetch-metadata.ts'

/** What stands in a field; undefined when there is none of that name. */
export type FormValue = (name: string) => string | undefined

/** A browser that is here, and the house that it visits. */
export interface Visit {
  readonly context: HttpContext
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

type TakeForm = (visit: Visit, value: FormValue) => Promise<FastifyReply>

interface FormRoute extends RouteShorthandOptions {
  readonly path: string
}

/** `POST path`, for forms alone. Who sent one is for `take` to judge, by `requireOwnForm`. */
export function formRoute(
  app: App,
  context: HttpContext,
  { path, ...options }: FormRoute,
  take: TakeForm,
): void {
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    void scope.register(formbody, { parser: (text) => ({ ...parseForm(text) }) })
    scope.post(path, options, (request, reply) => {
      const form = request.body as { readonly values?: ReadonlyMap<string, string> } | undefined
      return take({ context, request, reply }, (name) => form?.values?.get(name))
    })
    done()
  })
}

export function isOwnForm(
  { settings }: Pick<HttpContext, 'settings'>,
  { headers }: Pick<FastifyRequest, 'headers'>,
): boolean {
  return isSameOrigin(headers, new URL(settings.publicUrl).origin)
}

interface OtherSite {
  readonly detail?: string
  readonly retryUrl: string | null
}

/** @throws BrowserProblem 403 when another site sent it */
export function requireOwnForm(
  context: Pick<HttpContext, 'settings'>,
  request: Pick<FastifyRequest, 'headers'>,
  { detail = 'Another site sent this form. Nothing has changed.', retryUrl }: OtherSite,
): void {
  if (!isOwnForm(context, request)) throw new BrowserProblem('cross_site', detail, { retryUrl })
}
