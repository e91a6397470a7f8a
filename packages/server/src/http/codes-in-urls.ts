import type { App } from './context.ts'
import { Problem } from './problems.ts'

/** Addresses stand in logs and histories, so a device code in one is refused, not read (rule 19). */
export function refuseCodesInQuery(app: App): void {
  app.addHook('onRequest', (request, _reply, done) => {
    done(namesDeviceCode(request.raw.url ?? '') ? inQuery() : undefined)
  })
}

function namesDeviceCode(url: string): boolean {
  const mark = url.indexOf('?')
  return mark >= 0 && new URLSearchParams(url.slice(mark + 1)).has('device_code')
}

function inQuery(): Problem {
  const detail = 'A device code belongs in the body of POST /oauth/token, never into an address.'
  return new Problem('invalid_request', { detail })
}
