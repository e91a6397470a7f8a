type K = { kind: 'a' } | { kind: 'b' }
async function f(): Promise<number> {
  return 1
}
function g(k: K): number {
  switch (k.kind) {
    case 'a':
      return 1
  }
  return 2
}
function run(): void {
  f()
  void f()
  const x: any = g({ kind: 'a' })
  const y = [1].at(0)!
  console.log(x, y)
  for (const z of [1, 2]) if (f()) console.log(z)
}
export { run }
