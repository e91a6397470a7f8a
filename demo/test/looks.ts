/* How a page meets people: whether all can use it, on a phone and in the dark. */
import axe from 'axe-core'
import type { Page } from 'playwright-core'

export const desktop = { viewport: { width: 1280, height: 800 } } as const
export const phone = { viewport: { width: 390, height: 844 } } as const

/** What keeps somebody out, in axe's words; empty is good. */
export async function barriersOf(page: Page): Promise<string[]> {
  // By the debugger's protocol, so no policy of the page has to make way.
  await page.evaluate(axe.source)
  const violations = await page.evaluate(async () => {
    const { axe: loaded } = globalThis as unknown as { axe: typeof import('axe-core') }
    return (await loaded.run({ resultTypes: ['violations'] })).violations
  })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${page.url()} ${id}: ${html}`))
}

/** What of a page lies beyond the right edge, in pixels. */
export function overhangOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth')
}

/** 0 is black, 255 white. */
export function brightnessOf(page: Page): Promise<number> {
  return page.evaluate(
    `Math.max(...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number))`,
  )
}
