/* Another site that wants somebody signed out. */
import { expect, test } from 'vitest'
import { app, openGate } from './gate.ts'
import { sendRaw } from './wire.ts'

test('rule 29 CSRF: a link of another site does not clear a strict cookie, which browsers do not send with it', async () => {
  const gate = await openGate({ config: { gateway: { cookie: { sameSite: 'strict' } } } })
  try {
    const visitor = gate.visitor()
    expect((await visitor.browse(`${app}/`)).status).toBe(200)
    const address = `${gate.curfew.issuer}/signout`
    // As browsers open it from elsewhere: without the cookie, and ready to take what comes back.
    const reply = await sendRaw(new URL(address), {
      method: 'GET',
      headers: [
        ['Sec-Fetch-Site', 'cross-site'],
        ['Sec-Fetch-Mode', 'navigate'],
        ['Sec-Fetch-Dest', 'document'],
      ],
    })
    visitor.jar.take(new URL(address), reply.setCookies)
    expect(reply.status).toBe(200)
    expect(reply.body).toContain('<form')
    expect((await visitor.open(`${app}/`)).status).toBe(200)
  } finally {
    await gate.close()
  }
})

test('rule 29 CSRF: an image without a cookie clears none', async () => {
  const gate = await openGate()
  try {
    const reply = await gate.visitor().send(`${gate.curfew.issuer}/signout`, {
      headers: [
        ['Sec-Fetch-Site', 'cross-site'],
        ['Sec-Fetch-Mode', 'no-cors'],
        ['Sec-Fetch-Dest', 'image'],
      ],
    })
    expect(reply.setCookies).toEqual([])
  } finally {
    await gate.close()
  }
})

test('rule 29 CSRF: a form that another site posts, whatever hint it has, clears no cookie that it could not send', async () => {
  const gate = await openGate()
  try {
    const visitor = gate.visitor()
    expect((await visitor.browse(`${app}/`)).status).toBe(200)
    // As browsers post it from elsewhere: a lax cookie stays away, and what comes back is stored.
    const address = new URL(`${gate.curfew.issuer}/signout`)
    const reply = await sendRaw(address, {
      method: 'POST',
      headers: [
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ['Sec-Fetch-Site', 'cross-site'],
        ['Sec-Fetch-Mode', 'navigate'],
        ['Sec-Fetch-Dest', 'document'],
        ['Origin', 'https://evil.example'],
      ],
      body: 'id_token_hint=x',
    })
    visitor.jar.take(address, reply.setCookies)
    expect(reply.setCookies).toEqual([])
    expect((await visitor.open(`${app}/`)).status).toBe(200)
  } finally {
    await gate.close()
  }
})
