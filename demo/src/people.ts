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
    note: 'A pilot. May open the application, not its operations page.',
  },
  {
    id: 'bob',
    name: 'Bob Lindgren',
    email: 'bob@example.com',
    roles: [],
    note: 'Has no role at all, and may still sign in.',
  },
  {
    id: 'admin',
    name: 'Ada Okafor',
    email: 'admin@example.com',
    roles: ['ops'],
    note: 'Runs operations: the one who may open every page.',
  },
]

export function personWith(id: string): Person | undefined {
  return people.find((person) => person.id === id)
}
