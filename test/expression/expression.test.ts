import { describe, expect, test } from 'vitest'
import { ExpressionError } from '../../src/expression/expression-error.ts'
import { compileExpression, type Expression, type ExpressionOptions } from '../../src/expression/expression.ts'
import { rowOf, type Cell, type Row } from '../../src/model/row.ts'

const config = { origin: 'config' } as const
const client = { origin: 'client' } as const

function compile(text: string, options: ExpressionOptions = config): Expression {
  return compileExpression(text, options)
}

function value(text: string, row: Row = {}, key = 'k'): Cell {
  return compile(text).evaluate(row, key)
}

/** `message [the stretch it points at]` of the error a text gives. */
function problem(text: string, options: ExpressionOptions = config): string {
  try {
    compile(text, options)
  } catch (error) {
    if (error instanceof ExpressionError) return `${error.message} [${text.slice(error.start, error.end)}]`
    throw error
  }
  return 'no error'
}

describe('numbers of rows', () => {
  test.each<[string, Row, Cell]>([
    ['price > 3', { price: 4 }, true],
    ['price >= 3', { price: 3 }, true],
    ['n == 0', { n: 0 }, true],
    ['0 == n', { n: 0 }, true],
    ['n != 3', { n: 3 }, false],
    ['n == -1', { n: -1 }, true],
    ['n in [1, 2]', { n: 2 }, true],
    ['x / 40.0', { x: 10 }, 0.25],
    ['x / 2', { x: 5 }, 2.5],
    ['a / b', { a: 1, b: 4 }, 0.25],
    ['1 + x * 2 - 3', { x: 1.5 }, 1],
    ['n % 2', { n: 5 }, 1],
    ['7.5 % n', { n: 2 }, 1.5],
    ['-x', { x: 3 }, -3],
    ['x + 9007199254740993', { x: 0 }, 9007199254740992],
    ['size(tags) == n', { tags: [1, 2], n: 2 }, true],
    ['size(tags) / n', { tags: [1], n: 2 }, 0.5],
    ['tags[i]', { tags: [7], i: 0 }, 7],
    ['string(n)', { n: 5 }, '5'],
    ['math.round(x * 10) / 10', { x: 1.26 }, 1.3],
    ['math.round(x)', { x: -2.5 }, -3],
    ['round(x)', { x: -2.5 }, -3],
    ['round(x, 2)', { x: 1.005 }, 1.01],
    ['round(x, -2)', { x: 1250 }, 1300],
    ['round(x, 3)', { x: 1e21 }, 1e21],
    ['round(7, n)', { n: 1 }, 7],
    ['round(x, 0.5)', { x: 1 }, null],
    ['abs(x) + abs(-2)', { x: -1.5 }, 3.5],
    ['s.lower() + s.upper()', { s: 'Ähre' }, 'ähreÄHRE'],
    ['coalesce(a, b, 3)', { a: null, b: 0 }, 0],
    ['coalesce(a, b)', { a: null }, null],
    ['coalesce(a, "none").size()', {}, 4],
    ['coalesce(a + 1, 2)', {}, null],
    ['s.split("-")[1]', { s: 'a-b' }, 'b'],
    ['timestamp(t) + duration("90s") > timestamp("1970-01-01T00:01:00Z")', { t: 0 }, true],
    ['(timestamp(b) - timestamp(a)).getMinutes()', { a: '2026-01-01T00:00:00Z', b: '2026-01-01T02:03:00Z' }, 123],
    ['math.greatest(x, 3)', { x: 2.5 }, 3],
    ['math.floor(x)', { x: 2.5 }, 2],
  ])('%s', (text, row, expected) => {
    expect(value(text, row)).toBe(expected)
  })

  test('integer literals among themselves are integers of CEL and come out as numbers', () => {
    expect(value('1 / 2')).toBe(0)
    expect(value('1 / 2.0')).toBe(0.5)
    expect(value('[1, 2u, 2.5]')).toEqual([1, 2, 2.5])
  })

  test.each(['x / 0', 'x / 0.0', '-x / 0', '(x - x) / 0', '1.7e308 * 10 * x'])('%s is not finite: null', text => {
    expect(value(text, { x: 1 })).toBeNull()
  })
})

describe('branches', () => {
  test.each<[string, Row, Cell]>([
    ['x > 3 ? 1 : 2.5', { x: 4 }, 1],
    ['x > 3 ? "much" : null', { x: 1 }, null],
    ['x > 3 ? "much" : x > 1 ? 2 : false', { x: 2 }, 2],
  ])('%s may be of different types', (text, row, expected) => {
    expect(value(text, row)).toBe(expected)
  })
})

describe('what is missing', () => {
  test.each<Row>([{}, { price: null }])('a filter is false and a value null, counted: %j', row => {
    const expression = compile('price > 3')
    expect(expression.predicate(row, 'k')).toBe(false)
    expect(expression.evaluate(row, 'k')).toBeNull()
    expect(expression.misses).toEqual({ count: 2, last: 'price is null' })
  })

  test('a value of another type is missing too', () => {
    const expression = compile('price > 3')
    expect(expression.predicate({ price: 'n/a' }, 'k')).toBe(false)
    expect(expression.misses.count).toBe(1)
    expect(expression.misses.last).toContain('string')
  })

  test('a condition that is neither true nor false is false, counted', () => {
    const expression = compile('flag')
    expect(expression.predicate({ flag: 1 }, 'k')).toBe(false)
    expect(expression.predicate({ flag: true }, 'k')).toBe(true)
    expect(expression.misses.count).toBe(1)
  })

  test('equality can ask for it, and is no miss', () => {
    const expression = compile('x == null || x != 3')
    expect([{}, { x: null }, { x: 3 }, { x: 4 }].map(row => expression.predicate(row, 'k'))).toEqual([true, true, false, true])
    expect(expression.misses.count).toBe(0)
  })

  test.each<[string, Row, boolean]>([
    ['a > 3 || b > 3', { b: 4 }, true],
    ['a > 3 || b > 3', { b: 1 }, false],
    ['a > 3 && b > 3', { b: 4 }, false],
    ['!(a > 3)', {}, false],
    ['a == null && b > 3', { b: 4 }, true],
    ['a != null && a > 3', {}, false],
    ['a > 3 ? true : b', { b: true }, false],
    ['has(row.a)', { a: null }, false],
    ['has(row.a)', { a: 0 }, true],
    ['has(a.b)', { a: { b: 1 } }, true],
    ['has(a.b)', { a: {} }, false],
    ['has(a.b)', {}, false],
    ['a.b > 3', { a: {} }, false],
    ['a.?b.orValue(4) > 3', {}, true],
    ['xs.exists(x, x > a)', { xs: [1] }, false],
    ['size(a) == 0', {}, false],
  ])('%s of %j is %s', (text, row, expected) => {
    expect(compile(text).predicate(row, 'k')).toBe(expected)
  })

  test('the bare column of a map is null and no miss', () => {
    const expression = compile('price')
    expect(expression.evaluate({}, 'k')).toBeNull()
    expect(expression.misses).toEqual({ count: 0 })
  })
})

describe('columns', () => {
  test.each([
    'type',
    'bytes',
    'string',
    'int',
    'list',
    'map',
    'math',
    'google',
    'optional',
    'cel',
    'c',
    'c0',
    'ckey',
    'constructor',
    'toString',
    'valueOf',
    'size',
    'dyn',
  ])('a column may be called %s', name => {
    expect(value(`${name} == 7`, { [name]: 7 })).toBe(true)
    expect(value(`${name} == null`)).toBe(true)
  })

  test.each(['namespace', 'my col', '__proto__', 'prototype', 'in', 'true', 'a"b\\', 'Straße', '', '2', 'row', 'key'])(
    'any other is row["%s"]',
    name => {
      const text = `row[${JSON.stringify(name)}] == 7`
      expect(value(text, rowOf([[name, 7]]))).toBe(true)
      expect(compile(text).columns).toEqual([name])
      expect(value(`row[${JSON.stringify(name)}] == null`)).toBe(true)
    },
  )

  test('prototypes are out of reach', () => {
    const row = { x: {}, s: 'a', xs: [1] }
    for (const text of [
      'constructor',
      '__proto__x',
      'x.constructor',
      'x["__proto__"]',
      's.constructor',
      'xs.constructor',
      'x.toString',
      'xs.length',
    ])
      expect([text, value(text, row)]).toEqual([text, null])
    expect(problem('__proto__')).toBe(`'__proto__' is a reserved word of CEL; the column is row["__proto__"] [__proto__]`)
    const hostile = JSON.parse('{"x":{"constructor":{"name":"Map"},"a":1}}') as Row
    expect(value('x.a', hostile)).toBeNull()
  })

  test('key is the key of the row, whatever its columns', () => {
    expect(value('key + "!"', { key: 3 }, 'k')).toBe('k!')
    expect(value('row.key', { key: 3 }, 'k')).toBe(3)
  })

  test('the element of a macro hides a column of its name', () => {
    expect(value('tags.exists(type, type == "a") && type == "b"', { tags: ['a'], type: 'b' })).toBe(true)
    expect(value('tags.exists(row, row.x == 1)', { tags: [{ x: 1 }] })).toBe(true)
    expect(compile('tags.exists(x, x == y)').columns).toEqual(['tags', 'y'])
    expect(value('cel.bind(x, x + 1, x * x)', { x: 2 })).toBe(9)
  })

  test('types are types beside type(..)', () => {
    expect(value('type(n) == double', { n: 1, double: 3 })).toBe(true)
    expect(value('type(s) in [int, string]', { s: 'x' })).toBe(true)
    expect(value('type(string) == double', { string: 3 })).toBe(true)
  })

  test('lists those that it takes for there: it asks after no others', () => {
    const { needed } = compile(
      'a > 1 && has(row.b) && b > 2 && coalesce(c, d + 1) > e && f == null && (null != g || h == i) && j.exists(k, k == l)',
    )
    expect(needed).toEqual(['a', 'e', 'h', 'i', 'j', 'l'])
    const expression = compile('right.a + right["b"].c + coalesce(right.d, 0) + xs.map(right, right.e).size() + row.right.f')
    expect([expression.neededOf('right'), expression.neededOf('xs')]).toEqual([['a', 'b'], []])
  })

  test('lists the columns it reads', () => {
    expect(compile('b > 1 && row["my col"] == a.c || has(row.d) || b < 9').columns).toEqual(['b', 'my col', 'a', 'd'])
  })
})

describe('values out', () => {
  test.each<[string, Row, Cell]>([
    ['timestamp("2024-01-01T00:00:00Z")', {}, '2024-01-01T00:00:00.000Z'],
    ['timestamp(t)', { t: 1.5 }, '1970-01-01T00:00:01.500Z'],
    ['timestamp(t) - timestamp(0)', { t: 90 }, '90s'],
    ['b"\\xff\\x00a"', {}, '/wBh'],
    ['{"a": 1, "b": [n, null]}', { n: 2 }, { a: 1, b: [2, null] }],
    ['[[1], {"x": 2}]', {}, [[1], { x: 2 }]],
    ['type(n)', { n: 2 }, 'double'],
    ['a.?b', { a: { b: 3 } }, 3],
    ['a.?b', { a: {} }, null],
    ['int(s) + 1', { s: '41' }, 42],
  ])('%s', (text, row, expected) => {
    expect(value(text, row)).toEqual(expected)
  })

  test('a nested cell keeps its identity', () => {
    const place = { lat: 1, tags: ['a'] }
    expect(value('place', { place })).toBe(place)
    expect(value('has(row.place) ? place : null', { place })).toBe(place)
  })
})

describe('errors tell what and where', () => {
  test.each([
    ['', 'the expression is empty []'],
    ['a = 3', `'=' is not CEL; did you mean '=='? [=]`],
    ['a and b', `'and' is not CEL; did you mean '&&'? [and]`],
    ['a ==', 'expected a value, found the end []'],
    ['(a', `expected ')', found the end []`],
    ['a b', `expected an operator or the end, found 'b' [b]`],
    ['a $ b', `expected an operator or the end, found '$' [$]`],
    ['x == "abc', 'this text has no closing quote ["abc]'],
    ['namespace == "x"', `'namespace' is a reserved word of CEL; the column is row.namespace [namespace]`],
    ['foo(x)', `there is no function 'foo' [foo]`],
    ['1 + siz(x)', `there is no function 'siz'; did you mean 'size'? [siz]`],
    ['x.startWith("a")', `there is no function 'startWith'; did you mean 'startsWith'? [startWith]`],
    ['startsWith(x, "a")', `there is no function 'startsWith'; it is called on a value: x.startsWith(..) [startsWith]`],
    ['sqrt(4)', `there is no function 'sqrt'; it is called math.sqrt(..) [sqrt]`],
    ['bind(n, 1, n)', `there is no function 'bind'; it is called cel.bind(..) [bind]`],
    ['(2.7).floor()', `there is no function 'floor'; it is called math.floor(..) [floor]`],
    ['math.flor(2.7)', `there is no function 'flor'; did you mean 'math.floor'? [flor]`],
    ['max(1, 2)', `there is no function 'max'; did you mean 'math.greatest'? [max]`],
    ['x.min(2)', `there is no function 'min'; did you mean 'math.least'? [min]`],
    ['x.round()', `there is no function 'round'; it is called round(..) [round]`],
    ['now() > 3', 'now() is not to be had: a row is judged by its own values [now]'],
    ['x > 1 && "a" + 1 == x', `'+' does not go with a text and a whole number ["a" + 1]`],
    ['a ? b : (1 ? 2 : 3)', `before '?' stands a condition, found a whole number [1]`],
    ['has(x)', 'has() asks for a member: has(row.name), has(place.name) [x]'],
    ['row', 'row stands before a column: row.name or row["any name"] [row]'],
    ['row[x]', 'row[..] takes the name of a column in quotes [x]'],
    ['\ud800', 'half a character (a lone surrogate) [\ud800]'],
    ['("é") == x.é', `'é' cannot stand here; a column with such a name is row["é.."] [é]`],
  ])('%s', (text, expected) => {
    expect(problem(text)).toBe(expected)
  })

  test('an unknown column, where the columns are known', () => {
    const columns = ['price', 'venue']
    expect(problem('venue == "x" && prise > 3', { ...config, columns })).toBe(`there is no column 'prise'; did you mean 'price'? [prise]`)
    expect(problem('row.prise > 3', { ...config, columns })).toBe(`there is no column 'prise'; did you mean 'price'? [row.prise]`)
    expect(problem('price > 3 && key != ""', { ...config, columns })).toBe('no error')
  })

  test('a condition that can be none', () => {
    expect(problem('size(x)', { ...config, condition: true })).toBe('a condition is true or false, this is a whole number [size(x)]')
    expect(problem('x', { ...config, condition: true })).toBe('no error')
  })

  test('places in bound text come back as places in the source', () => {
    expect(problem('row["a long name"] > 3 && x.nothing() == 1')).toBe(`there is no function 'nothing' [nothing]`)
    expect(problem('row["a long name"] > 3 && (c ? "a" : "b") && (1 + "x" > 2)')).toBe(
      `'+' does not go with a whole number and a text [1 + "x"]`,
    )
  })

  test('a tower of parentheses or signs is refused, not a fall of the stack', () => {
    expect(problem('('.repeat(2000) + '1' + ')'.repeat(2000))).toContain('too large')
    expect(problem('x'.repeat(5000))).toContain('longer than 4096 characters')
    expect(problem(`${'!'.repeat(4000)}x`)).toContain('more than 500 levels')
    expect(problem(Array.from({ length: 400 }, () => 'x').join('+'))).toBe('no error')
  })
})

describe('of clients', () => {
  test.each([
    [`name.matches("(a+)+$")`, 'matches is not allowed'],
    ['xs.all(x, x in xs)', 'may only compare a column with the element'],
    ['xs.all(x, !(x in row.xs))', 'may only compare a column'],
    ['xs.all(x, size(xs + xs) > 0)', 'may only compare a column'],
    ['xs.all(x, xs == ys)', 'may only compare a column'],
    ['xs.all(x, s.contains(x))', 'may only compare a column'],
    ['xs.all(x, [x, xs] == [x, ys])', 'may only compare a column'],
    ['xs.exists(row, row.x in xs)', 'may only compare a column'],
    ['xs.exists(x, x.all(y, y > 1))', 'all inside of another macro is not allowed'],
    ['xs.filter(x, x.ys.exists_one(y, y)).size() > 0', 'exists_one inside of another macro'],
    ['xs.map(x, xs + xs).size() > 0', 'map is not allowed'],
    ['s.split("").join(s) == ""', 'join is not allowed'],
    [`s.split("").all(c, !s.contains(c + "z"))`, 'split is not allowed'],
    ['cel.bind(y, x, y) > 1', 'bind is not allowed'],
    ['now() > 3', 'now() is not to be had'],
  ])('%s is refused', (text, expected) => {
    expect(problem(text, client)).toContain(expected)
    expect(problem(text, config) === 'no error' || text.startsWith('now')).toBe(true)
  })

  test('loops one after the other are not one in another', () => {
    for (const text of [
      'xs.exists(x, x.y == wanted && !(x.z in ["a", "b"]) || flag)',
      'xs.all(row, row.x == 1)',
      'xs.all(x, x.y == row.place.name)',
      'xs.filter(x, x != key).size() > 1',
    ])
      expect(problem(text, client)).toBe('no error')
    expect(problem('xs.filter(x, x > 1).exists(x, x > 2) && ys.all(y, y)', client)).toBe('no error')
  })

  function details(text: string, options: Partial<ExpressionOptions> = {}): unknown {
    try {
      compile(text, { ...client, ...options })
    } catch (error) {
      if (error instanceof ExpressionError) return error.details
    }
    return 'no error'
  }

  test('limits are named with their value', () => {
    const sum = Array.from({ length: 51 }, () => '1').join('+')
    expect(details(sum)).toEqual([{ limit: 'maxExpressionNodes', value: 100 }])
    expect(details(sum, { maxNodes: 101 })).toBe('no error')
    expect(details(`${'-'.repeat(40)}x`)).toEqual([{ limit: 'maxExpressionDepth', value: 16 }])
    expect(details(`x${'.y[0]'.repeat(20)} == 1`)).toBe('no error')
    const nested = (levels: number): string => (levels === 0 ? 'x' : `[${nested(levels - 1)}]`)
    expect(details(nested(15))).toBe('no error')
    expect(details(nested(16))).toEqual([{ limit: 'maxExpressionDepth', value: 16 }])
    expect(details(nested(4), { maxDepth: 4 })).toEqual([{ limit: 'maxExpressionDepth', value: 4 }])
    expect(details(`x == "${'a'.repeat(506)}"`)).toEqual([{ limit: 'maxWhere', value: 512 }])
    expect(details(`x == "${'a'.repeat(505)}"`)).toBe('no error')
    expect(details('x == 1', { maxCharacters: 5 })).toEqual([{ limit: 'maxWhere', value: 5 }])
  })

  test('a long chain of conditions is not deep', () => {
    const any = Array.from({ length: 24 }, (_, i) => `n == ${i}`).join(' || ')
    expect(compile(any, client).predicate({ n: 23 }, 'k')).toBe(true)
  })

  test('limits hold for an expression compiled before, and misses are each its own', () => {
    const once = compile('cached + 1 > 2', client)
    expect(once.predicate({}, 'k')).toBe(false)
    const twice = compile('cached + 1 > 2', client)
    expect([once.misses.count, twice.misses.count]).toEqual([1, 0])
    expect(twice.predicate({ cached: 2 }, 'k')).toBe(true)
    expect(details('cached + 1 > 2', { maxNodes: 4 })).toEqual([{ limit: 'maxExpressionNodes', value: 4 }])
  })

  test('what is remembered of them is bounded', () => {
    for (let i = 0; i < 1200; i++) compile(`n == ${i}`, client)
    expect(compile('n == 0', client).predicate({ n: 0 }, 'k')).toBe(true)
  })
})
