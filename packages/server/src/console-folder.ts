import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Beside `src` when the program runs from source; beside the program itself when it was packed into one folder. */
const places = ['../assets/console/', './assets/console/']

/** Where the built console lies, or would lie. */
export function consoleFolder(): string {
  const [usual = '', ...others] = places.map((place) => {
    return fileURLToPath(new URL(place, import.meta.url))
  })
  return [usual, ...others].find((folder) => existsSync(folder)) ?? usual
}
