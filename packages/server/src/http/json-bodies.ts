import { isUtf8 } from 'node:buffer'
import type { App } from './context.ts'
import { isTooDeep, jsonDepthMax } from './json-depth.ts'
import { Problem } from './problems.ts'

/** JSON only; an empty body counts as `{}` (API.md). */
export function acceptJson(app: App): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    const body = textOf(bytes as Buffer)
    if (body === undefined) done(new Problem('malformed_body', { detail: 'It is not UTF-8.' }))
    else if (body.trim() === '') done(null, {})
    else if (isTooDeep(body)) done(new Problem('malformed_body', { detail: tooDeep }))
    else void parseJson(request, body, done)
  })
  // `curl -d ''` names another type and sends nothing: that is `{}` as well. What holds anything is 415.
  app.addContentTypeParser('*', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, {})
    else done(unsupportedMediaType(request.headers['content-type']))
  })
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.body === undefined) request.body = {}
    done()
  })
}

/** Bytes that are no UTF-8 (RFC 8259, section 8.1) would all become one character, and two uids one. */
function textOf(bytes: Buffer): string | undefined {
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

const tooDeep = `The body is nested deeper than ${jsonDepthMax} levels.`

function unsupportedMediaType(type: string | undefined): Problem {
  return new Problem('unsupported_media_type', {
    detail: `Send the body as application/json, not as ${type ?? 'an unnamed type'}.`,
  })
}
