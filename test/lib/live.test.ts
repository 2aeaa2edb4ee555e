import { expect, test } from 'vitest'
import { live } from '../../src/lib/live.ts'

test('has the members of what is given at the moment', () => {
  let limits: { readonly most: number; readonly least: number | undefined } = { most: 1, least: undefined }
  const kept = live(() => limits)
  expect({ ...kept }).toEqual({ most: 1, least: undefined })
  limits = { most: 2, least: 1 }
  expect([kept.most, kept.least, Object.keys(kept)]).toEqual([2, 1, ['most', 'least']])
})
