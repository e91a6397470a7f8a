import { expect, test } from 'vitest'
import { agentOf, shortened } from './agent.ts'

const webkit = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'
const blink = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0'

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox', 'linux'],
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${blink} Safari/537.36`, 'Chrome', 'windows'],
  [`Mozilla/5.0 (Windows NT 10.0) ${blink} Safari/537.36 Edg/140.0`, 'Edge', 'windows'],
  [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${blink} Safari/537.36`, 'Chrome', 'chromebook'],
  [`Mozilla/5.0 (Linux; Android 10; K) ${blink} Mobile Safari/537.36`, 'Chrome', 'android'],
  [
    `Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36`,
    ...['Samsung Internet', 'android'],
  ],
  [
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${webkit} Version/18.5 Mobile/15E148 Safari/604.1`,
    ...['Safari', 'iphone'],
  ],
  [
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${webkit} CriOS/140.0 Mobile/15E148 Safari/604.1`,
    ...['Chrome', 'iphone'],
  ],
  [
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Version/18.5 Safari/605.1.15`,
    ...['Safari', 'macOrIpad'],
  ],
  [`Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${blink} Safari/537.36`, 'Chrome', 'mac'],
])('%s', (text, browser, system) => {
  expect(agentOf(text)).toEqual({ browser, system })
})

test.each(['curl/8.5.0', 'Living room TV', '', 'Mozilla/5.0 (X11) Odd/1', 'Firefox/140.0'])(
  'what nobody knows is not guessed: %j',
  (text) => {
    expect(agentOf(text)).toBeNull()
  },
)

test('a long one is cut where one sees it', () => {
  expect(shortened('x'.repeat(80))).toHaveLength(80)
  expect(shortened('x'.repeat(81))).toBe(`${'x'.repeat(79)}…`)
})
