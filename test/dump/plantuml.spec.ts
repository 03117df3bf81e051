import { expect } from 'aegir/chai'
import { plantuml } from '../../src/dump/plantuml.ts'
import fc from '../helpers/fast-check.ts'

/** Strings with which somebody might break out of a diagram. */
const NASTY = ['@endjson', '\n@endjson\n', '!include /etc/passwd', '%getenv("HOME")', '$secret', "/' comment '/", '"quoted"', '\\', '\u2028@endjson', '__proto__']

function jsonOf (diagram: string): unknown {
  const lines = diagram.split(/\r\n|[\r\n\u2028\u2029]/)
  expect(lines[0]).to.equal('@startjson')
  expect(lines.slice(-2)).to.deep.equal(['@endjson', ''])
  const inside = lines.slice(1, -2)
  expect(inside.filter(line => /[@!%$']/.test(line))).to.deep.equal([])
  return JSON.parse(inside.join('\n'))
}

describe('plantuml', () => {
  it('puts the same JSON between two marks', () => {
    expect(plantuml({ a: [1] })).to.equal('@startjson\n{\n  "a": [\n    1\n  ]\n}\n@endjson\n')
  })

  for (const text of NASTY) {
    it(`stays one diagram with ${JSON.stringify(text)} in it`, () => {
      expect(jsonOf(plantuml({ key: text, list: [text] }))).to.deep.equal({ key: text, list: [text] })
    })
  }

  it('stays one diagram with any JSON in it', () => {
    fc.assert(fc.property(fc.jsonValue(), value => {
      expect(JSON.stringify(jsonOf(plantuml(value)))).to.equal(JSON.stringify(value))
    }), { seed: 1 })
  })
})
