import { gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

/** What the person on call waits for over a poor line. The whole of the script, not the first part. */
const scriptBytesMax = 60_000

export default defineConfig({
  root: import.meta.dirname,
  // The console lies below publicUrl, which may have a path of its own.
  base: './',
  build: {
    outDir: '../server/assets/console',
    emptyOutDir: true,
    target: 'es2022',
    // A data: URL in script or style would need more in the policy than 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  plugins: [scriptBudget()],
})

function scriptBudget(): Plugin {
  return {
    name: 'script-budget',
    generateBundle(_options, bundle) {
      const scripts = Object.values(bundle).flatMap((part) =>
        part.type === 'chunk' ? [gzipSync(part.code).length] : [],
      )
      const bytes = scripts.reduce((sum, one) => sum + one, 0)
      if (bytes > scriptBytesMax) {
        this.error(`the console has ${bytes} bytes of compressed script, ${scriptBytesMax} at most`)
      }
      this.info(`${bytes} of ${scriptBytesMax} bytes of compressed script`)
    },
  }
}
