/* The suite as a worker: `/?url=` runs it against that server. */
import { runSuite } from './suite.ts'

export const worker = {
  async fetch(request: Request): Promise<Response> {
    try {
      return Response.json(await runSuite(new URL(request.url).searchParams.get('url') ?? ''))
    } catch (error) {
      const text = error instanceof Error ? `${error.stack}\n${error.cause}` : String(error)
      return new Response(text, { status: 500 })
    }
  },
}
