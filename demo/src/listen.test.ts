import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, listen, listenLocalhost, type Part } from './listen.ts'

async function kept(part: Promise<Part>): Promise<number> {
  const { url, stop } = await part
  onTestFinished(stop)
  return Number(new URL(url).port)
}

const hello = () => createServer((_, response) => response.end('hello'))

test('a port that is taken makes way for a free one', async () => {
  const taken = await kept(listen(hello(), 0))
  const ports = [
    await kept(listen(hello(), taken)),
    await kept(listenLocalhost((_, response) => response.end(), taken)),
    await freePort(taken),
  ]
  expect(ports).not.toContain(taken)
})

test('a free port is the one that was asked for', async () => {
  const port = await freePort(0)
  expect(await kept(listen(hello(), port))).toBe(port)
})

test('localhost is served under each of its addresses', async () => {
  const port = await kept(listenLocalhost((_, response) => response.end('here'), 0))
  for (const name of ['localhost', '127.0.0.1']) {
    const response = await fetch(`http://${name}:${port}/`)
    expect(await response.text()).toBe('here')
  }
})

test('stopping closes what is still open', async () => {
  const part = await listen(
    createServer((_, response) => void response.write('and so on')),
    0,
  )
  const response = await fetch(part.url)
  await part.stop()
  await expect(response.text()).rejects.toThrow()
})
