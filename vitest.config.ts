import { defineConfig } from 'vitest/config'

// No second try, and no test alone. What is polled for comes soon; how soon is for bench/ to say, and machines of CI are slow.
const strict = { retry: 0, allowOnly: false, expect: { poll: { timeout: 25_000 } } }
// Except in CI, where a loaded machine may hold up anything: there whatever serves behind HTTP, one server
// each, has a second try. What judges invariants over several has it only when something did not come in
// time, never when a judgement failed. tools/test.ts prints each such test: it is a bug report all the same.
const inCi = process.env['CURFEW_SECOND_TRY'] === 'yes'
const secondTry = inCi ? { retry: 1 } : {}
const secondTryWhenLate = inCi
  ? { retry: { count: 1, condition: /did not happen within|timed out in/ } }
  : {}
const withServices = {
  ...strict,
  globalSetup: [
    './packages/server/test/services/global-setup.ts',
    './packages/server/test/services/packed-program.ts',
  ],
  hookTimeout: 60_000,
}

// Of the second group, whose tests wait for servers more than they work.
const atOnce = 3

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...strict,
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'demo/{src,screenshots}/**/*.test.ts',
            'tools/**/*.test.ts',
          ],
          testTimeout: 30_000,
          maxWorkers: '100%',
          // They keep nothing outside of themselves, and loading the house takes longer than they do.
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...withServices,
          ...secondTryWhenLate,
          name: 'contract',
          include: ['packages/server/test/contract/**/*.test.ts'],
          testTimeout: 60_000,
          maxWorkers: atOnce,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...withServices,
          ...secondTry,
          name: 'e2e',
          include: [
            'packages/server/test/e2e/**/*.test.ts',
            'packages/server/test/apps/**/*.test.ts',
            'packages/server/test/oidc/**/*.test.ts',
            'packages/server/test/gateway/**/*.test.ts',
            'packages/server/test/redis/**/*.test.ts',
            'packages/server/test/services/**/*.test.ts',
            'packages/verifier/test/**/*.test.ts',
            'packages/console/test/**/*.test.ts',
            'demo/test/**/*.test.ts',
          ],
          testTimeout: 60_000,
          maxWorkers: atOnce,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...withServices,
          ...secondTry,
          globalSetup: [
            ...withServices.globalSetup,
            './packages/server/test/proxies/global-setup.ts',
          ],
          name: 'proxies',
          include: ['packages/server/test/proxies/**/*.test.ts'],
          testTimeout: 60_000,
          maxWorkers: atOnce,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...withServices,
          ...secondTryWhenLate,
          name: 'races',
          include: [
            'packages/server/test/races/**/*.test.ts',
            'packages/server/test/explorer/**/*.test.ts',
            'packages/server/test/sim/**/*.test.ts',
          ],
          // Several server processes each, which wait for one another more than they work.
          maxWorkers: 2,
          testTimeout: 300_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
