/* The built console, under the policy that the server gives it: what the policy forbids fails here too. */
import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'

/** Where `npm run build` puts it. */
export const builtConsole = join(import.meta.dirname, '../../server/assets/console')

const policy = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"],
  ...["connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"],
].join('; ')

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export async function serveConsole(
  path: string,
  folder: string,
  response: ServerResponse,
): Promise<void> {
  const name = path === '' ? 'index.html' : normalize(path)
  try {
    const content = await readFile(join(folder, name))
    const type = types[extname(name)] ?? 'application/octet-stream'
    response.writeHead(200, { 'content-type': type, 'content-security-policy': policy })
    response.end(content)
  } catch {
    response.writeHead(404, { 'content-type': 'text/plain' })
    response.end('No such file: build the console first (npm run build -w packages/console).')
  }
}
