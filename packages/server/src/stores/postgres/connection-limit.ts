import pg from 'pg'
import { clientConfig } from './connection.ts'
import { say } from './wire.ts'

const askMsMax = 3000

/** How many connections the server gives to those who are no superuser. @throws StoreUnavailable */
export async function connectionLimit(url: string): Promise<number> {
  const client = new pg.Client(clientConfig({ url, statementMsMax: askMsMax }))
  // The query that is under way reports it.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await say(
      client,
      `select current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int as most`,
    )
    return Number(rows[0]?.['most'])
  } finally {
    await client.end().catch(() => undefined)
  }
}
