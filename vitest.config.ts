import { defineConfig } from 'vitest/config'

const services = ['./packages/server/test/services/global-setup.ts']

export default defineConfig({
  test: {
    // A test that only passes on the second try is a bug report, not a pass.
    retry: 0,
    allowOnly: false,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'contract',
          include: ['packages/server/test/contract/**/*.test.ts'],
          globalSetup: services,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: [
            'packages/server/test/e2e/**/*.test.ts',
            'packages/server/test/services/**/*.test.ts',
          ],
          globalSetup: services,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'races',
          include: ['packages/server/test/races/**/*.test.ts'],
          globalSetup: services,
          // Several server processes each: side by side they would measure each other.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
