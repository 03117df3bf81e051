/**
 * What PlantUML would act upon anywhere in a line before it reads the JSON:
 * `@end…`, `!directives`, `%functions()`, `$variables`, `/' comments '/`; and the
 * line ends of Unicode, which JSON lets stand.
 */
const ACTIVE = /[@!%$'\u2028\u2029]/g

/**
 * JSON as a PlantUML diagram: between the two marks stands the same JSON, with
 * some characters of its strings escaped as JSON allows.
 */
export function plantuml (json: unknown): string {
  const text = JSON.stringify(json, undefined, 2).replace(ACTIVE, escapeCharacter)
  return `@startjson\n${text}\n@endjson\n`
}

// none of them has a meaning in JSON outside of strings, so every one stands in a string
function escapeCharacter (char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}
