// Answers one simulation per line of its input: {"effect": "allow" | "deny" | "silent"}, or {"refused": why}.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const effects = { Allowed: 'allow', ExplicitlyDenied: 'deny', ImplicitlyDenied: 'silent' }

async function answer(line) {
  try {
    const result = await runSimulation(JSON.parse(line), {})
    if (result.resultType === 'error') return { refused: JSON.stringify(result.errors) }
    return { effect: effects[result.overallResult] ?? String(result.overallResult) }
  } catch (err) {
    return { refused: String(err) }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(line)) + '\n')
}
