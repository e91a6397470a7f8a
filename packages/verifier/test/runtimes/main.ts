/* The suite as a program, for run-times that have processes. */
import process from 'node:process'
import { runSuite } from './suite.ts'

const passed = await runSuite(process.argv[2] ?? '')
console.log(JSON.stringify(passed))
process.exit(0)
