/* `npm run dev -w packages/console`: the console on a made-up world in which something always happens. */
import { startMock } from './mock-server.ts'

const port = 4466
const everyMs = 2_500

const mock = await startMock({ port })
console.log(`the console on made-up data: ${mock.url}`)
setInterval(() => {
  mock.world.start()
  if (mock.world.chance.below(2) === 0) mock.world.endSomething()
  mock.late = mock.world.chance.below(12) === 0 ? mock.world.chance.below(20) : 0
}, everyMs)
