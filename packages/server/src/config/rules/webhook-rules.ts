import type { Path, Reporter } from '../mistakes.ts'
import type { RawConfig } from '../schema.ts'

const base64Prefix = 'whsec_'
/** As Standard Webhooks has it. */
const keyBytes = { min: 24, max: 64 }

export function checkWebhooks({ webhooks }: RawConfig, report: Reporter): void {
  const urls = webhooks.map(({ url }) => url)
  for (const [index, { url, secret }] of webhooks.entries()) {
    const path: Path = ['webhooks', index, 'url']
    const protocol = URL.parse(url)?.protocol
    if (protocol !== 'http:' && protocol !== 'https:') {
      report.add(path, 'it is not an http or https URL', 'Write https://host/path.')
    } else if (urls.indexOf(url) < index) {
      report.add(path, 'it stands in the list twice', 'Name all of its events in one entry.')
    }
    for (const text of typeof secret === 'string' ? [secret] : secret) {
      if (isKey(text)) continue
      const problem = `after ${base64Prefix} it has no ${keyBytes.min} to ${keyBytes.max} bytes in base64`
      const fix = `Write ${base64Prefix} and what \`openssl rand -base64 32\` prints.`
      report.add(['webhooks', index, 'secret'], problem, fix)
    }
  }
}

/** Any text is a key; what says that it is base64 must be. */
function isKey(text: string): boolean {
  if (!text.startsWith(base64Prefix)) return true
  const encoded = text.slice(base64Prefix.length)
  const { length } = Buffer.from(encoded, 'base64')
  const whole = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded)
  return whole && length >= keyBytes.min && length <= keyBytes.max
}
