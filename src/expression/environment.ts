import { Environment } from '@marcbachmann/cel-js'
import { suggest } from '../lib/suggest.ts'

type Arithmetic = (a: number, b: number) => number

const arithmetic: Readonly<Record<string, Arithmetic>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
}

/** One argument or two; after CEL's math extension, whose integers are doubles here. */
const mathFunctions: Readonly<Record<string, (a: number, b: number) => number>> = {
  abs: a => Math.abs(a),
  ceil: a => Math.ceil(a),
  floor: a => Math.floor(a),
  round: a => Math.sign(a) * Math.round(Math.abs(a)),
  trunc: a => Math.trunc(a),
  sign: a => Math.sign(a),
  sqrt: a => Math.sqrt(a),
  greatest: (a, b) => Math.max(a, b),
  least: (a, b) => Math.min(a, b),
}
const pairs = new Set(['greatest', 'least'])

class MathNamespace {
  readonly name = 'math'
}

/**
 * Numbers of rows are doubles and integer literals are CEL ints: every mix of the two computes as doubles, `%` included.
 * Between two integer literals CEL's own rules hold: `1 / 2` is 0, `1 / 2.0` and `n / 2` are not.
 */
function registerNumbers(environment: Environment): void {
  for (const [operator, compute] of Object.entries(arithmetic)) {
    environment.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) => compute(Number(a), b))
    environment.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) => compute(a, Number(b)))
  }
  environment.registerOperator('double % double: double', (a: number, b: number) => a % b)
  // eslint-disable-next-line eqeqeq -- a bigint and a number are never identical
  environment.registerOperator('int == double: bool', (a: bigint, b: number) => a == (b as unknown as bigint))
  environment.registerFunction('timestamp(double): google.protobuf.Timestamp', (seconds: number) => new Date(seconds * 1000))
}

function registerMath(environment: Environment): void {
  environment.registerType('MathNamespace', MathNamespace)
  environment.registerConstant('math', 'MathNamespace', new MathNamespace())
  for (const [name, compute] of Object.entries(mathFunctions)) {
    const kinds = pairs.has(name) ? ['double, double', 'int, int', 'int, double', 'double, int'] : ['double', 'int']
    for (const kind of kinds) {
      const handler = (_: MathNamespace, a: number | bigint, b: number | bigint = 0): number => compute(Number(a), Number(b))
      environment.registerFunction(`MathNamespace.${name}(${kind}): double`, handler)
    }
  }
}

/** 2.5 is 3, -2.5 is -3; with `digits` behind the point, by what the number is in decimal: 1.005 with 2 is 1.01. */
function rounded(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value
  const [, mantissa = '', exponent = '0'] = /^(.*?)(?:e([-+]\d+))?$/.exec(String(Math.abs(value))) ?? []
  const scaled = Number(`${mantissa}e${Number(exponent) + digits}`)
  // Beyond 2^53 there is nothing behind the point.
  return scaled < 2 ** 53 ? Math.sign(value) * Number(`${Math.round(scaled)}e${-digits}`) : value
}

/** What people reach for first, by the names that they reach for. */
function registerCommon(environment: Environment): void {
  for (const kind of ['double', 'int']) {
    environment.registerFunction(`abs(${kind}): double`, (a: number | bigint) => Math.abs(Number(a)))
    environment.registerFunction(`round(${kind}): double`, (a: number | bigint) => rounded(Number(a), 0))
    for (const digits of ['double', 'int'])
      environment.registerFunction(`round(${kind}, ${digits}): double`, (a: number | bigint, b: number | bigint) => {
        const places = Number(b)
        if (!Number.isInteger(places) || Math.abs(places) > 15) throw new Error('round takes a whole number of digits from -15 to 15')
        return rounded(Number(a), places)
      })
  }
  environment.registerFunction('string.lower(): string', (text: string) => text.toLowerCase())
  environment.registerFunction('string.upper(): string', (text: string) => text.toUpperCase())
  for (let count = 2; count <= 5; count++)
    environment.registerFunction(
      `coalesce(${Array.from({ length: count }, () => 'dyn').join(', ')}): dyn`,
      (...values: unknown[]) => values.find(value => value !== null && value !== undefined) ?? null,
    )
}

/** Stands before each text that is read as a duration: CEL's own reading of what is none takes the cube of its length. */
export const durationGuard = 'durationText'
const durationText = /^[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/

function registerDurations(environment: Environment): void {
  environment.registerFunction(`${durationGuard}(string): string`, (text: string) =>
    text.length <= 64 && durationText.test(text) ? text : '',
  )
}

function createEnvironment(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
  })
  registerNumbers(environment)
  registerMath(environment)
  registerCommon(environment)
  registerDurations(environment)
  return environment
}

/** CEL as Millrace speaks it (design.md section 6); made once, never changed. */
export const environment = createEnvironment()

const definitions = environment.getDefinitions()

/** Functions that are called as `name(..)`. */
export const functionNames: ReadonlySet<string> = new Set(
  definitions.functions.filter(({ receiverType, name }) => receiverType === null && name !== durationGuard).map(({ name }) => name),
)
/** Functions that are called as `value.name(..)`; none of a namespace. */
export const methodNames: ReadonlySet<string> = new Set(
  definitions.functions.filter(({ receiverType }) => receiverType !== null && !receiverType.endsWith('Namespace')).map(({ name }) => name),
)
/** Names that CEL takes for types and namespaces; here they are columns, but beside `type(..)` and before their functions. */
export const constantNames: ReadonlySet<string> = new Set(definitions.variables.map(variable => variable.name))
/** What may be called on a namespace. */
export const namespaces: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['cel', new Set(['bind'])],
  ['optional', new Set(['of', 'none'])],
  ['math', new Set(Object.keys(mathFunctions))],
])

const ofNamespaces = [...namespaces].flatMap(([namespace, names]) => [...names].map(name => [name, `${namespace}.${name}`] as const))

/** Every function by its last name as it is called, `math.floor` by `floor`, and those that others know by another name. */
const callNames: ReadonlyMap<string, string> = new Map([
  ...ofNamespaces,
  ...[...methodNames, ...functionNames].map(name => [name, name] as const),
  ['max', 'math.greatest'],
  ['min', 'math.least'],
])

/** How to call what is called by a name that there is not, in words behind a sentence; empty: nothing is close. */
export function callMend(name: string): string {
  const found = callNames.get(suggest(name, callNames.keys()) ?? '')
  if (found === undefined) return ''
  if (found === name && functionNames.has(name)) return `; it is called ${name}(..)`
  if (found === name) return `; it is called on a value: x.${name}(..)`
  return found.endsWith(`.${name}`) ? `; it is called ${found}(..)` : `; did you mean '${found}'?`
}
