const names =
  /^(?:uid|sid|device|roles|accessToken|cookies|provider\.accessToken|provider\.idToken|claims\.[^\s|]+)$/
const claimNames = /^[^\s|]+$/
const filters = /^(?:default|json|join|urlencode)(?:\s*\(.*\)|\s*:.*)?$/s

/** A first look at a template, so that a slip is found at the start; `claims` knows no fixed names. */
export function templateProblem(text: string, kind: 'headers' | 'claims'): string | undefined {
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
