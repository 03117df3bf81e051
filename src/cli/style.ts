/** Emphasis on a terminal. */
export interface Style {
  bold (text: string): string
  dim (text: string): string
  good (text: string): string
  bad (text: string): string
}

interface Terminal {
  readonly isTTY?: boolean
}

const PLAIN: Style = {
  bold: text => text,
  dim: text => text,
  good: text => text,
  bad: text => text
}

const ANSI: Style = {
  bold: text => sgr(1, 22, text),
  dim: text => sgr(2, 22, text),
  good: text => sgr(32, 39, text),
  bad: text => sgr(31, 39, text)
}

/** Colours if `stream` is a terminal and `NO_COLOR` (no-color.org) is not set, else none. */
export function styleFor (stream: Terminal, env: NodeJS.ProcessEnv): Style {
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb' ? ANSI : PLAIN
}

/** Select Graphic Rendition (ECMA-48, §8.3.117). */
function sgr (on: number, off: number, text: string): string {
  return `\u001b[${on}m${text}\u001b[${off}m`
}
