/** Colours that are read on light and on dark. */
export const COLOURS = ['#0a7ea4', '#d9730d', '#7a5cd6', '#8a8f98', '#3d8b40', '#b83280']

/**
 * An SVG that is read on light and on dark.
 *
 * @param {{ width: number, height: number, title: string, body: string }} init
 */
export function frame ({ width, height, title, body }) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-labelledby="title">
<title id="title">${escape(title)}</title>
<style>
  svg { color: #1f2328; background: #ffffff }
  @media (prefers-color-scheme: dark) { svg { color: #e6edf3; background: #0d1117 } }
  text { fill: currentColor }
  .grid { stroke: currentColor; stroke-opacity: 0.18 }
  .axis { stroke: currentColor }
</style>
<text x="16" y="24" font-size="15" font-weight="600">${escape(title)}</text>
${body}
</svg>
`
}

/**
 * Text as it may stand in an SVG.
 *
 * @param text
 */
export function escape (text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
