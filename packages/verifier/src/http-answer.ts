import { VerifierFault } from './errors.ts'

/**
 * A JSON body of at most so many bytes, of an answer with status 200.
 *
 * @throws VerifierFault `feed_refused`, `feed_malformed`, `feed_oversized`
 */
export async function readJson(response: Response, bytesMax: number): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (response.status !== 200 || !/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) {
    await discard(response)
    if (response.status !== 200) throw refused(response.status)
    throw new VerifierFault('feed_malformed', `The answer is ${type || 'of no type'}, not JSON.`)
  }
  const text = await readText(response, bytesMax)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new VerifierFault('feed_malformed', 'The answer is no JSON.', { cause: error })
  }
}

export function refused(status: number): VerifierFault {
  if (status === 401 || status === 403) {
    const why = 'its id and secret must be right, and it needs the role `service`'
    return new VerifierFault(
      'feed_unauthorised',
      `Curfew answered ${status} to this client: ${why}.`,
    )
  }
  return new VerifierFault('feed_refused', `Curfew answered ${status}.`)
}

/** Lets go of the connection; the rest of the body is of no interest. */
export async function discard(response: Response): Promise<void> {
  try {
    await response.body?.cancel()
  } catch {
    // Already broken: then there is nothing to let go of.
  }
}

async function readText(response: Response, bytesMax: number): Promise<string> {
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > bytesMax) {
      await reader.cancel().catch(() => undefined)
      throw new VerifierFault('feed_oversized', `The answer is longer than ${bytesMax} bytes.`)
    }
    text += decoder.decode(value, { stream: true })
  }
}
