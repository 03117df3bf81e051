/** The code of a system error, such as ECONNREFUSED; of any other, all it says. */
export function codeOf (err: unknown): string {
  return err instanceof Error && 'code' in err ? String(err.code) : String(err)
}
