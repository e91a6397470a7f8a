/* `npm start`: everything that Curfew does for a web application, on one machine, for as long as it runs. */
import { Demo } from './demo.ts'
import { introduction } from './introduction.ts'

const demo = new Demo()

// Also SIGHUP: a terminal that is closed. npm passes on what the terminal has sent already, so a second
// one comes by itself.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (demo.isStopping) demo.kill()
    else void demo.stop().then(() => process.exit(0))
  })
}
// Whatever else ends this process: nothing is left behind.
process.once('exit', () => demo.kill())

try {
  process.stdout.write(introduction(await demo.start()))
  await over(`Curfew has ended, and with it the demo. It said:\n${await demo.died()}`)
} catch (error) {
  await over(error instanceof Error ? error.message : String(error))
}

async function over(words: string): Promise<void> {
  // Somebody has asked for it: then a part that ends is no news.
  if (demo.isStopping) return
  process.stderr.write(`${words}\n`)
  await demo.stop()
  process.exit(1)
}
