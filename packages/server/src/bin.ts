#!/usr/bin/env node
import { run } from '#cli'

process.exitCode = await run(
  {
    env: process.env,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    terminal: process.stderr.isTTY,
  },
  process.argv.slice(2),
)
