/* Somebody on the internet who describes a request to Curfew himself, through the proxy of the public host. */
import { expect, test } from 'vitest'
import { openGate } from './gate.ts'
import { navigation } from './visitor.ts'
import { sendRaw } from './wire.ts'

test.each([
  ['under the public name', ['auth.example.com']],
  ['under a port that nobody listens on', ['auth.example.com:1234']],
  ['under two names', ['127.0.0.1:4455', 'auth.example.com']],
])('rule 26 one dialect: %s there is no forward auth', async (_how, hosts) => {
  const gate = await openGate({
    config: {
      server: { publicUrl: 'https://auth.example.com' },
      gateway: { rules: [{ hosts: ['*.example.com'], require: 'none' }] },
    },
  })
  try {
    // Every proxy passes these two on; only nginx has a use for them.
    const reply = await sendRaw(new URL(`${gate.curfew.url}/forward-auth?mode=nginx`), {
      method: 'GET',
      headers: [
        ...hosts.map((host) => ['Host', host] as const),
        ['X-Original-URL', 'https://app.example.com/'],
        ['X-Original-Method', 'GET'],
        ...navigation,
      ],
    })
    expect(reply.status).toBe(404)
  } finally {
    await gate.close()
  }
})
