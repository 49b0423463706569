// Prints how long verification takes: npm run measure [-- trust.json FILE…]. Without files it measures some that it forges.
import { readFileSync } from 'node:fs';
import { readTrust, verify, type Trust } from '../src/index.ts';
import { committed, forge, offers, type Forged } from './forge.ts';

/** Milliseconds of one run: the median of those in a second, at least five, after the first ones. */
function time(run: () => void): number {
  const times: number[] = [];
  const end = performance.now() + 1000;
  while (times.length < 7 || performance.now() < end) {
    const begin = performance.now();
    run();
    times.push(performance.now() - begin);
  }
  return times.slice(2).sort((a, b) => a - b)[Math.floor((times.length - 2) / 2)]!;
}

function print(name: string, file: Uint8Array, trust: Trust): void {
  const ms = time(() => void verify(file, trust));
  console.log(`${name.padEnd(48)} ${String(file.length).padStart(9)} bytes ${ms.toFixed(ms < 10 ? 2 : 0).padStart(7)} ms`);
}

const keyOf = (i: number): string => `declaration/customs/01KB0Q7Z40${String(i).padStart(16, '0')}`;
const many = new Map<string, Uint8Array>(Array.from({ length: 100_000 }, (_, i) => [keyOf(i), new Uint8Array(100).fill(i)]));

function forged(): [string, Forged][] {
  const events = offers(1000);
  const lot = 'lot/06901234000016.L2026A';
  const single = [{ claim: 'record', key: keyOf(500) }];
  const some = new Map(many).set(lot, committed(events));
  const range = (n: number): Forged => {
    const claim = { claim: 'range', from: keyOf(1), to: keyOf(1 + n), count: n };
    return forge(many, [claim], (key) => key <= keyOf(1 + n));
  };
  return [
    ['a record of 100,000, 1 validator', forge(many, single, (key) => key === keyOf(500))],
    ['a record of 100,000, 4 validators', forge(many, single, (key) => key === keyOf(500), 4)],
    ['a record of 100,000, 100 validators', forge(many, single, (key) => key === keyOf(500), 100)],
    ['a history of 1,000 events, 4 validators', forge(some, [{ claim: 'history', key: lot, events }], (key) => key === lot, 4)],
    ['a list of 100 of 100,000, 1 validator', range(100)],
    ['a list of 10,000 of 100,000, 1 validator', range(10_000)],
  ];
}

const [trustFile, ...files] = process.argv.slice(2);
console.log(`Node ${process.version}, ${process.platform} ${process.arch}`);
if (trustFile === undefined) {
  for (const [name, { compact, json, trust }] of forged()) {
    print(`${name}: CBOR`, compact, trust);
    print(`${name}: JSON`, json, trust);
  }
} else {
  const trust = readTrust(readFileSync(trustFile, 'utf8'));
  for (const name of files) print(name, readFileSync(name), trust);
}
