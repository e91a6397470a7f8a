/*
 * The command line: one file a noun, program.ts joins them to the words of `curfew`. Commands work on
 * the same configuration and the same use cases as the server. May import config, main and http.
 */
export type { Io } from './io.ts'
export { run } from './program.ts'
