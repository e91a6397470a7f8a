const names =
  /^(?:uid|sid|device|roles|accessToken|cookies|provider\.accessToken|provider\.idToken|claims\.[^\s|]+)$/
const claimNames = /^[^\s|]+$/
const filters = /^(?:default|json|join|urlencode)(?:\s*\(.*\)|\s*:.*)?$/s

/** Arguments in quotes may hold anything; the gateway reads them, and so what it is shown here is empty. */
const quoted = /(?<=[(:]\s*)(?:"[^"]*"|'[^']*')/g

/** A first look at a template, so that a slip is found at the start; `claims` knows no fixed names. */
export function templateProblem(written: string, kind: 'headers' | 'claims'): string | undefined {
  const text = kind === 'headers' ? written.replace(quoted, '""') : written
  const rest = text.replace(/\{\{(.*?)\}\}/gs, '')
  if (rest.includes('{{') || rest.includes('}}')) return 'its {{ and }} do not pair'
  for (const [, inner = ''] of text.matchAll(/\{\{(.*?)\}\}/gs)) {
    const [name = '', ...applied] = inner.split('|').map((part) => part.trim())
    const known = kind === 'headers' ? names : claimNames
    if (!known.test(name)) return `there is no value called ${JSON.stringify(name)}`
    const wrong = applied.find((filter) => !filters.test(filter))
    if (wrong !== undefined) return `there is no filter called ${JSON.stringify(wrong)}`
  }
  return undefined
}
