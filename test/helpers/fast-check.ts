import fc from 'fast-check'

// whatever length or depth a test allows is drawn: left to itself, fast-check draws ten elements at the most
fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true })

export default fc
