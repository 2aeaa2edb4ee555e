const benches: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<void>>>> = {
  'fan-out': async () => (await import('./fan-out/fan-out.ts')).fanOut,
  soak: async () => (await import('./soak.ts')).soak,
}

/** `npm run bench -- <name> [arguments]`. */
const [name = '', ...args] = process.argv.slice(2)
const bench = benches[name]
if (bench === undefined) {
  console.error(`which one? npm run bench -- ${Object.keys(benches).join(' | ')}`)
  process.exitCode = 2
} else {
  await (
    await bench()
  )(args)
}
