/*
 * A sample service that trusts nobody in front of it: it verifies each access token itself. Whether a
 * session has ended it knows from the feed, so nobody is asked on the way of a request, and a stream that
 * is open stops the moment the session does, though its token would be good for minutes.
 */
import { createServer, type RequestListener } from 'node:http'
import { createVerifier, endStreamOnEnd, type Verifier } from '@curfew/verifier'
import { curfew, sessionOf } from '@curfew/verifier/express'
import express, { type Express, type RequestHandler, type Response } from 'express'
import { listen, type Part } from '../listen.ts'
import { route } from './flight.ts'
import { Missions } from './missions.ts'

const everyMs = 500

interface Followed {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
}

export interface Api extends Part {
  /** Answers from now on: resolves once it has keys and the whole feed. */
  follow(curfew: Followed): Promise<void>
}

/** Its address is the audience of its tokens, so it has one before there is anybody to follow. */
export async function openApi(preferredPort: number): Promise<Api> {
  let serve: RequestListener = (_, response) => void response.destroy()
  const part = await listen(
    createServer((request, response) => serve(request, response)),
    preferredPort,
  )
  const missions = new Missions()
  let verifier: Verifier | undefined
  const follow: Api['follow'] = async (followed) => {
    verifier = await createVerifier({ ...followed, audience: part.url })
    serve = createApi(curfew(verifier, { roles: ['pilot'] }), missions)
  }
  const stop = async () => {
    missions.stop()
    await Promise.all([part.stop(), verifier?.close()])
  }
  return { url: part.url, follow, stop }
}

export function createApi(gate: RequestHandler, missions: Missions): Express {
  const api = express().disable('x-powered-by')
  api.use(fromOwnPages, gate)
  api.post('/missions', (request, response) => {
    const mission = missions.start(sessionOf(request))
    if (mission === undefined) refuse(response, 503, 'The sky is full. Try again later.')
    else response.status(201).json({ id: mission.id, route: route() })
  })
  api.get('/missions/:id/events', (request, response) => {
    const session = sessionOf(request)
    const mission = missions.find(session, request.params.id)
    if (mission === undefined) return refuse(response, 404, 'No such mission is in the air.')
    if (mission.isCrowded) return refuse(response, 429, 'Enough are watching this mission.')
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const tell = () => {
      // Whoever reads slowly misses some, and none is kept for them.
      if (!response.writableNeedDrain) response.write(event('telemetry', mission.now()))
    }
    tell()
    const ticking = setInterval(tell, everyMs)
    const letGo = mission.onOver((why) => {
      // Of the session's end the verifier says more: its code.
      if (why === 'landed') response.end(event('landed', {}))
    })
    endStreamOnEnd(response, session)
    response.once('close', () => {
      clearInterval(ticking)
      letGo()
    })
  })
  return api
}

/**
 * The proxy turns a cookie into the token, so a page elsewhere could have sent the browser here. What has
 * no such header is no browser, and brings a token of its own.
 */
const fromOwnPages: RequestHandler = (request, response, next) => {
  const site = request.headers['sec-fetch-site'] ?? 'same-origin'
  if (site === 'same-origin') next()
  else refuse(response, 403, 'Missions are started from their own page.')
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

function refuse(response: Response, status: number, title: string): void {
  response.status(status).type('application/problem+json').json({ title, status })
}
