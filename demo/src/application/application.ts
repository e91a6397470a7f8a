/*
 * A sample application. It has no sign-in, no cookie and no session of its own: who somebody is stands in
 * the headers that the proxy in front of it sets. So nobody but the proxy may reach it; here nobody else
 * is told its port.
 */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen, type Part } from '../listen.ts'
import { sendPage } from '../page/page.ts'
import { loadPages, type Pages } from './pages.ts'
import { visitorOf } from './visitor.ts'

/** What its pages run. */
const scriptNames = ['session.js', 'watch.js', 'mission.js']

/** `curfew`: where people sign in, for a link. */
export async function startApplication(curfew: string): Promise<Part> {
  const site = { pages: await loadPages(curfew), scripts: await loadScripts() }
  return listen(
    createServer((request, response) => answer(site, request, response)),
    0,
  )
}

interface Site {
  readonly pages: Pages
  readonly scripts: ReadonlyMap<string, string>
}

async function loadScripts(): Promise<Map<string, string>> {
  const read = (name: string) => readFile(new URL(`scripts/${name}`, import.meta.url), 'utf8')
  const texts = await Promise.all(scriptNames.map(read))
  return new Map(scriptNames.map((name, index) => [`/scripts/${name}`, texts[index] ?? '']))
}

function answer(
  { pages, scripts }: Site,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const visitor = visitorOf(request)
  const [path = ''] = (request.url ?? '').split('?')
  const script = scripts.get(path)
  if (script !== undefined) sendScript(response, script)
  else if (path === '/') sendPage(response, 200, pages.home(visitor, request))
  // The flight itself is the API's; the proxy leads there.
  else if (path === '/mission') sendPage(response, 200, pages.mission(visitor))
  // That it takes the role `ops` stands in Curfew's rules; nobody else gets here.
  else if (path === '/admin') sendPage(response, 200, pages.operations(visitor))
  else if (path === '/api/ping') sendJson(response, { user: visitor.id, at: new Date() })
  else sendPage(response, 404, pages.missing(visitor))
}

function sendScript(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-cache' })
  response.end(text)
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}
