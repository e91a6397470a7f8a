/** Whoever is known to the provider. There are no passwords: one is picked. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly roles: readonly string[]
  /** What there is to see with this one. */
  readonly note: string
}

export const people: readonly Person[] = [
  {
    id: 'alice',
    name: 'Alice Moreau',
    email: 'alice@example.com',
    roles: ['pilot'],
    note: 'A pilot: the one who may fly a mission.',
  },
  {
    id: 'bob',
    name: 'Bob Lindgren',
    email: 'bob@example.com',
    roles: [],
    note: 'Has no role at all: may sign in, and not fly.',
  },
  {
    id: 'carol',
    name: 'Carol Okafor',
    email: 'carol@example.com',
    roles: ['ops'],
    note: 'Runs operations: every page, and Curfew’s console.',
  },
]

/** Whom Curfew's configuration makes an administrator; no provider could. */
export const administrator = 'carol'

export function personWith(id: string): Person | undefined {
  return people.find((person) => person.id === id)
}
