/*
 * The floor of every answer over HTTP on Node: node:http that reads a form and writes a constant as
 * long as a token set. No routing, no token, no store. `floor-client.ts` starts it.
 */
import { createServer } from 'node:http'

const answer = JSON.stringify({ token_type: 'Bearer', access_token: 'a'.repeat(1000) })
const headers = { 'content-type': 'application/json', 'content-length': answer.length }

const server = createServer((request, response) => {
  request.on('data', () => undefined)
  request.on('end', () => {
    response.writeHead(200, headers)
    response.end(answer)
  })
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0)
})
process.once('disconnect', () => process.exit())
