const names =
  /^(?:uid|sid|device|roles|accessToken|cookies|provider\.accessToken|provider\.idToken|claims\.[^\s|]+)$/
const claimNames = /^[^\s|]+$/
const filters = /^(?:default|json|join|urlencode)(?:\s*\(.*\)|\s*:.*|\s+["'].*)?$/s
/** A name, then filters whose quoted arguments may hold anything, also `|` and `}}`. */
const placeholders = /\{\{\s*([^\s|}]*)((?:"[^"]*"|'[^']*'|[^"'])*?)\}\}/gs
const filterParts = /(?:"[^"]*"|'[^']*'|[^|"'])+/g

/** A first look at a template, so that a slip is found at the start; `claims` knows no fixed names. */
export function templateProblem(text: string, kind: 'headers' | 'claims'): string | undefined {
  const rest = text.replace(placeholders, '')
  if (rest.includes('{{') || rest.includes('}}')) return 'its {{ and }} do not pair'
  for (const [, word = '', applied = ''] of text.matchAll(placeholders)) {
    const [beside = ''] = applied.split('|', 1)
    const name = (word + beside).trim()
    const known = kind === 'headers' ? names : claimNames
    if (!known.test(name)) return `there is no value called ${JSON.stringify(name)}`
    const parts = applied.slice(beside.length).match(filterParts) ?? []
    const wrong = parts.map((part) => part.trim()).find((part) => !filters.test(part))
    if (wrong !== undefined) return `there is no filter called ${JSON.stringify(wrong)}`
  }
  return undefined
}
