// Programs in a process of their own.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Runs a program, whose settings of a client are in SETTINGS; ends when that does. */
export async function run(simulator, program, { type = 'module', flags = [] } = {}) {
  const child = spawn(process.execPath, [...flags, `--input-type=${type}`, '--eval', program], {
    cwd: import.meta.dirname,
    env: { ...process.env, SETTINGS: JSON.stringify(simulator.settings) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  assert.deepEqual([code, signal], [0, null], errors);
  return output.trim();
}
