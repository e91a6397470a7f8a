/*
 * A user agent in plain words. Browsers pretend to be each other and say less each year (User-Agent
 * Reduction), so only what nearly all people use is named; whatever else is shown as it came.
 */

export interface Agent {
  /** A brand's own name, the same in every language. */
  readonly browser: string
  readonly system: System | null
}

export type System =
  | 'windows'
  | 'mac'
  | 'macOrIpad'
  | 'iphone'
  | 'ipad'
  | 'android'
  | 'chromebook'
  | 'linux'

/** The first that fits: what pretends to be another stands before the other. */
const browsers: readonly (readonly [RegExp, string])[] = [
  [/ (?:Edg|EdgA|EdgiOS|Edge)\//, 'Edge'],
  [/ (?:OPR|OPX|OPiOS)\//, 'Opera'],
  [/ SamsungBrowser\//, 'Samsung Internet'],
  [/ Vivaldi\//, 'Vivaldi'],
  [/ (?:DuckDuckGo|Ddg)\//, 'DuckDuckGo'],
  [/ (?:Firefox|FxiOS)\//, 'Firefox'],
  [/ CriOS\//, 'Chrome'],
  [/ (?:Chrome|HeadlessChrome)\/.* Safari\/[\d.]+$/, 'Chrome'],
  [/ Version\/.* Safari\/[\d.]+$/, 'Safari'],
]

const systems: readonly (readonly [RegExp, System])[] = [
  [/\(iPhone;/, 'iphone'],
  [/\(iPad;/, 'ipad'],
  [/; CrOS /, 'chromebook'],
  [/Android/, 'android'],
  [/\(Windows NT /, 'windows'],
  [/\(Macintosh;/, 'mac'],
  [/Linux/, 'linux'],
]

/** Null: none that is known. */
export function agentOf(text: string): Agent | null {
  if (!text.startsWith('Mozilla/5.0 (')) return null
  const browser = browsers.find(([shape]) => shape.test(text))?.[1]
  if (browser === undefined) return null
  const [inner = ''] = /\([^)]*\)/.exec(text) ?? []
  const system = systems.find(([shape]) => shape.test(inner))?.[1] ?? null
  // Safari on an iPad says that it is a Mac.
  const both = browser === 'Safari' && system === 'mac'
  return { browser, system: both ? 'macOrIpad' : system }
}

const rawLengthMax = 80

export function shortened(text: string): string {
  return text.length <= rawLengthMax ? text : `${text.slice(0, rawLengthMax - 1)}…`
}
