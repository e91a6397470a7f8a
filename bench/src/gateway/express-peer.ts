/*
 * express-openid-connect with its session in a cookie, as its documentation has it, and a route that tells
 * the proxy the same as Curfew does. `/open` is the same without it. `forkServer` starts it.
 */
import express, { type ErrorRequestHandler, type Request, type Response } from 'express'
import { auth } from 'express-openid-connect'
import { freePort } from '../../../packages/server/test/services/places.ts'

export interface ExpressSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly cookieSecret: string
}

export const sessionCookie = 'appSession'

async function listen(settings: ExpressSettings): Promise<void> {
  const port = await freePort()
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.get('/open', (request, response) => answer(request, response, {}))
  app.use(
    auth({
      issuerBaseURL: settings.issuer,
      baseURL: `http://127.0.0.1:${port}`,
      clientID: settings.clientId,
      clientSecret: settings.clientSecret,
      clientAuthMethod: 'client_secret_post',
      idTokenSigningAlg: 'ES256',
      secret: settings.cookieSecret,
      authorizationParams: { response_type: 'code', scope: 'openid profile email offline_access' },
    }),
  )
  app.get('/guarded', async (request, response) => {
    const { oidc } = request
    // As its documentation keeps tokens fresh.
    if (oidc.accessToken?.isExpired()) await oidc.accessToken.refresh()
    answer(request, response, oidc.user ?? {})
  })
  app.use(((_error, _request, response, _next) => {
    response.status(502).end()
  }) satisfies ErrorRequestHandler)
  app.listen(port, '127.0.0.1', () => process.send?.(port))
}

function answer(request: Request, response: Response, user: Readonly<Record<string, unknown>>) {
  const cookies = (request.headers.cookie ?? '').split('; ')
  response.set('X-Auth-Request-User', String(user['sub'] ?? ''))
  response.set('X-Auth-Request-Email', String(user['email'] ?? ''))
  response.set('X-Auth-Request-Groups', String(user['roles'] ?? ''))
  response.set('Cookie', cookies.filter((one) => !one.startsWith(`${sessionCookie}=`)).join('; '))
  response.set('Cache-Control', 'no-store')
  response.status(200).end()
}

process.once('message', (settings: ExpressSettings) => void listen(settings))
process.once('disconnect', () => process.exit())
