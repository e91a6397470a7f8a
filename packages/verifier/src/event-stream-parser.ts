/** One event of a stream (HTML, 9.2.6). */
export interface StreamEvent {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** An event that is longer than this is none of Curfew's. */
export const eventCharsMax = 16_384

/** Cuts a stream of text into events. Comments keep it alive and say nothing. */
export class EventStreamParser {
  #rest = ''
  #id = ''
  #event = ''
  #data: string[] = []
  #chars = 0

  /** The events that are complete by now. @throws RangeError when one is too long */
  take(text: string): StreamEvent[] {
    // A return at the very end may be half of a line's end.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > eventCharsMax) throw tooLong()
    return lines.map((line) => this.#line(line)).filter((event) => event !== undefined)
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') return this.#finish()
    if (line.startsWith(':')) return undefined
    this.#chars += line.length
    if (this.#chars > eventCharsMax) throw tooLong()
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'id' && !value.includes('\0')) this.#id = value
    if (field === 'event') this.#event = value
    if (field === 'data') this.#data.push(value)
    return undefined
  }

  #finish(): StreamEvent | undefined {
    const [event, data] = [this.#event || 'message', this.#data]
    this.#event = ''
    this.#data = []
    this.#chars = 0
    return data.length === 0 ? undefined : { id: this.#id, event, data: data.join('\n') }
  }
}

function tooLong(): RangeError {
  return new RangeError(`an event is longer than ${eventCharsMax} characters`)
}
