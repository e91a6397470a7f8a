import { expect, test } from 'vitest'
import { player, recorder } from './config-files.ts'

function missing(path: string): never {
  throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
}

test('another process reads what was recorded, and nothing that was written since', () => {
  const disk = new Map([['curfew.yaml', 'store: x']])
  const recorded = recorder((path) => disk.get(path) ?? missing(path))
  expect(recorded.read('curfew.yaml')).toBe('store: x')
  disk.set('curfew.yaml', 'nonsense')
  disk.set('secret', 's')
  const read = player(recorded.files())
  expect(read('curfew.yaml')).toBe('store: x')
  expect(() => read('secret')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
})

test('a file that cannot be read is missing for all', () => {
  const recorded = recorder(missing)
  expect(() => recorded.read('curfew.yaml')).toThrow()
  expect(recorded.files()).toEqual({})
})
