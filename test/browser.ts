import './browser/service.ts'
