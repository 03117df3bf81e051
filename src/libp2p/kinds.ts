import { publicKeyRecords } from '../record/public-key.ts'
import type { SelectFn, Selectors, ValidateFn, Validators } from './init.ts'
import type { KindOf } from '../record/validator.ts'

/** The validator of `/pk/`, in libp2p's form. */
const validatePublicKey: ValidateFn = (key, value) => publicKeyRecords.validate({ key, value }, 0)

/** Its selector. */
const selectPublicKey: SelectFn = (key, records) => publicKeyRecords.select(key, records)

/** What every node knows beside what it is told. */
export const builtInValidators: Validators = { pk: validatePublicKey }

export const builtInSelectors: Selectors = { pk: selectPublicKey }

/**
 * The kinds of values that `validators` and `selectors` make, as they are at the moment of
 * asking. Without a selector, all valid values are as good as each other.
 */
export function kindsOfMaps (validators: Validators, selectors: Selectors): KindOf {
  return namespace => {
    const validate = own(validators, namespace)
    const select = own(selectors, namespace)
    return validate == null
      ? undefined
      : {
          namespace,
          validate: async ({ key, value }, _now, options) => { await validate(key, value, options) },
          select: (key, values) => select == null ? 0 : select(key, [...values])
        }
  }
}

/** Names come from the network: those that every object has are none. */
function own<T> (map: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined
}
