import { identity, type Observable } from 'rxjs'
import { stepSchemas } from '../config/step.ts'
import { authored, siteOf, type Authored } from '../lib/authored.ts'
import type { Sample as AnySample } from '../model/table.ts'
import { rxjs } from '../operator/rxjs.ts'
import { surroundings } from '../operator/step-deps.ts'
import type { Step } from '../operator/step.options.ts'
import { buildStep } from '../operator/step.ts'
import type { Operation } from './rows.ts'

/**
 * A step, as a config has it: among those of a feed the config takes it over. It is an operator of RxJS all the same, for whoever makes
 * operators of operators; then its options are looked at when it is put to work. `called` is who was asked for it.
 */
export function operation<A extends object, KA extends string, B extends object, KB extends string>(
  kind: keyof typeof stepSchemas,
  options: unknown,
  called: (...given: never) => unknown,
): Operation<A, KA, B, KB> {
  const part: Authored = { value: { [kind]: options }, site: siteOf(called, kind) }
  const run = (samples: Observable<AnySample>): Observable<AnySample> => {
    const step = { kind, options: stepSchemas[kind].parse(options) } as Step
    return samples.pipe(rxjs(identity), buildStep(step, surroundings()))
  }
  return Object.assign(run, { [authored]: part }) as unknown as Operation<A, KA, B, KB>
}
