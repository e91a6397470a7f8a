#!/usr/bin/env node
import { run } from '#cli'

// Whoever reads may have read enough (`| head -1`): what is under way is still finished.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = await run(
  {
    env: process.env,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY,
  },
  process.argv.slice(2),
)
