import { z } from 'zod'
import type { Proof } from '../model/saved.ts'
import { plainProof, proofSchema } from './saved-table.ts'
import { SectionError } from './section.ts'

/**
 * When the tables of all sources were last proved: a table that polls only confirm is not written anew, and yet its age is known,
 * so that its source need not be asked at once after a restart. A proof counts only for the very table that it is of.
 */
export const proofsSection = 'proofs'

export interface ProofOf extends Proof {
  readonly source: string
  readonly count: number
  readonly sum: string
}

const schema = z.array(proofSchema.extend({ source: z.string(), count: z.number(), sum: z.string() }))

export function proofsPayload(proofs: readonly ProofOf[]): Buffer {
  return Buffer.from(JSON.stringify(proofs))
}

/** By source. */
export function readProofs(payload: Buffer): ReadonlyMap<string, ProofOf> {
  const proofs = schema.safeParse(JSON.parse(payload.toString('utf8')))
  if (!proofs.success) throw new SectionError('it holds no proofs')
  return new Map(proofs.data.map(({ source, count, sum, ...proof }) => [source, { source, count, sum, ...plainProof(proof) }]))
}
