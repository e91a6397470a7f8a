import { describe, expect, test } from 'vitest'
import { checkTidy } from './tidy.ts'

function messages(...files: readonly (readonly [path: string, text: string])[]): string[] {
  return checkTidy(files.map(([path, text]) => ({ path, text }))).map((finding) => finding.message)
}

const lines = (count: number): string => 'const a = 1\n'.repeat(count)
const door = 'packages/server/src/feed/index.ts'

describe('files', () => {
  test.each(['utils.ts', 'helpers/x.ts', 'token-helpers/common.ts', 'misc.test.ts', 'manager.md'])(
    '%s has an empty name',
    (path) => {
      const found = messages([path, path.endsWith('.md') ? '# A\n' : ''])
      expect(found).toEqual([expect.stringContaining('says nothing')])
    },
  )

  test('a name that only contains such a word is fine', () => {
    expect(messages(['common-name.ts', ''])).toEqual([])
  })

  test('a file of more than 400 lines is to be split, a test of more than 600', () => {
    expect(messages(['a.ts', lines(400)], ['a.test.ts', lines(600)])).toEqual([])
    expect(messages(['a.ts', lines(401)])).toEqual([expect.stringContaining('401 lines')])
    expect(messages(['a.test.ts', lines(601)])).toEqual([expect.stringContaining('601 lines')])
  })

  test('unfinished work and paths of one machine are found in comments and prose', () => {
    const planted = ['TO', 'DO later, see ', '/home', '/ann/notes'].join('')
    expect(messages(['a.ts', `// ${planted}\n`])).toHaveLength(2)
    expect(messages(['a.md', `# A\n\n${planted}\n`])).toHaveLength(2)
    const innocent = ["get('https://a.example/wo", "rk/items')\nimport './t", "mp/x.ts'\n"].join('')
    expect(messages(['a.ts', innocent])).toEqual([])
  })

  test.each(['skip', 'only', 'todo'])('a test that is marked %s is found', (mark) => {
    expect(messages(['a.test.ts', `test.${mark}('a', () => {})\n`])).toHaveLength(1)
    expect(messages(['a.test.ts', `expect(text).toBe('.${mark}(')\n`])).toEqual([])
    expect(messages(['a.ts', `reader.${mark}(4)\n`])).toEqual([])
  })
})

describe('doors', () => {
  test('a door without a header, with a long one, or with a star is found', () => {
    expect(messages([door, "export { a } from './a.ts'\n"])).toHaveLength(1)
    expect(messages([door, `/*\n${' * a\n'.repeat(20)} */\n`])).toHaveLength(1)
    expect(messages([door, "/* feed */\nexport * from './a.ts'\n"])).toHaveLength(1)
    expect(messages([door, "/* feed */\nexport type * from './a.ts'\n"])).toHaveLength(1)
  })

  test('a door with a header and names is fine', () => {
    expect(messages([door, "/* feed */\nexport { a, type B } from './a.ts'\n"])).toEqual([])
  })
})

describe('documents', () => {
  test('a document has one title, and code is no title', () => {
    expect(messages(['a.md', '# A\n\n```sh\n# comment\n```\n'])).toEqual([])
    expect(messages(['a.md', '# A\n\n# B\n'])).toHaveLength(1)
    expect(messages(['a.md', 'text\n'])).toHaveLength(1)
  })

  test('a picture is not read, and may be linked to', () => {
    const page = { path: 'a.md', text: '# A\n\n<img src="b.png">\n' }
    expect(checkTidy([page], ['b.png'])).toEqual([])
    expect(checkTidy([page])).toMatchObject([{ message: 'the link to b.png leads nowhere' }])
  })

  test('a relative link that leads nowhere is found, to a file or to a heading', () => {
    const b = ['docs/b.md', '# B\n\n## The hot path\n'] as const
    const link = (to: string): string[] => messages(['docs/a.md', `# A\n\n[x](${to})\n`], b)
    expect(link('b.md')).toEqual([])
    expect(link('b.md#the-hot-path')).toEqual([])
    expect(link('../docs/')).toEqual([])
    expect(link('https://example.com/none.md')).toEqual([])
    expect(link('c.md')).toEqual(['the link to c.md leads nowhere'])
    expect(link('b.md#cold')).toEqual(['docs/b.md has no heading #cold'])
    expect(link('#b')).toEqual(['docs/a.md has no heading #b'])
  })

  test('an example in code is no link', () => {
    expect(messages(['a.md', '# A\n\n`[x](nowhere.md)`\n'])).toEqual([])
  })
})
