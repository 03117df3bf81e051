import { MUTABLE } from '../record/mutable-key.ts'
import { openMutableValue } from '../record/mutable.ts'
import { namespaceOf } from '../record/namespace.ts'
import type { ValueRecord } from '../record/record.ts'

/** The sequence of a valid record of a mutable value; undefined for other kinds. */
export function sequenceOf ({ key, value }: ValueRecord): number | undefined {
  return namespaceOf(key) === MUTABLE ? openMutableValue(value).sequence : undefined
}
