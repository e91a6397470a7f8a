/** As the package says, which a bundled program does not have beside it; version.test.ts compares. */
export const version = '0.1.0'
