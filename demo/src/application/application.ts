/*
 * A sample application. It has no sign-in, no cookie and no session of its own: who somebody is stands in
 * the headers that the proxy in front of it sets. So nobody but the proxy may reach it; here nobody else
 * is told its port.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen, type Part } from '../listen.ts'
import { sendPage } from '../page/page.ts'
import { loadPages, type Pages } from './pages.ts'
import { visitorOf } from './visitor.ts'

/** `curfew`: where people sign in, for a link. */
export async function startApplication(curfew: string): Promise<Part> {
  const pages = await loadPages(curfew)
  return listen(
    createServer((request, response) => answer(pages, request, response)),
    0,
  )
}

function answer(pages: Pages, request: IncomingMessage, response: ServerResponse): void {
  const visitor = visitorOf(request)
  const [path] = (request.url ?? '').split('?')
  if (path === '/') sendPage(response, 200, pages.home(visitor, request))
  // That it takes the role `ops` stands in Curfew's rules; nobody else gets here.
  else if (path === '/admin') sendPage(response, 200, pages.operations(visitor))
  else if (path === '/api/ping') sendJson(response, { user: visitor.id, at: new Date() })
  else sendPage(response, 404, pages.missing(visitor))
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}
