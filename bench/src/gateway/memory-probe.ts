/* Loaded into the server by `--import`, with `--expose-gc`: says over the channel what memory is in use. */
export interface MemoryAnswer {
  readonly rssBytes: number
  readonly heapBytes: number
  readonly externalBytes: number
}

process.on('message', (question: unknown) => {
  if (question !== 'memory') return
  // Twice: the second finds what finalisers of the first let go.
  globalThis.gc?.()
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const answer: MemoryAnswer = { rssBytes: rss, heapBytes: heapUsed, externalBytes: external }
  process.send?.(answer)
})
// The server ends when it wants to, whether or not somebody might ask.
process.channel?.unref()
