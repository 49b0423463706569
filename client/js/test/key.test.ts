import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { keysValid } from '../src/key.ts';
import { families } from '../src/kinds.ts';

const valid = (claim: string, members: { key?: string; from?: string; to?: string }): boolean => keysValid({ claim, height: 1, ...members });

test('an absence is of a key that a record could have', () => {
  const ulid = '01KB0Q7Z40N7DPSEYSB6DNYX4Q';
  const spelt = [
    'chain/params', 'chain/blocks', 'limits', 'limits/1', 'chain/params/x', 'lot/06901234000016.L1', 'lot/06901234000016..', 'lot/06901234000016./',
    `order/lantu/${ulid}`, `event/m/7${ulid.slice(1)}`, 'member/a', 'member/a/b', 'member//a', 'unit/~', 'prefix/!',
  ];
  const misspelt = [
    '', 'lot', 'lot/', 'lots/06901234000016.L1', 'Lot/06901234000016.L1', 'lot/6901234000016.L1', 'lot/06901234000016.', 'lot/06901234000016', 'lot/0690123400001x.L1',
    `order/lantu/8${ulid.slice(1)}`, `order/lantu/${ulid.toLowerCase()}`, `order/lantu/${ulid}0`, `order/lantu/${ulid.slice(1)}`, `order//${ulid}`, `order/${ulid}`,
    `order/a/b/${ulid}`, `order/lantu/${ulid.slice(0, -1)}U`, 'member/', 'member', 'member/a/', 'chain/live', 'chain', 'member/a b', 'member/ü', 'member/a\n', '/member/a',
    'member/\u007f', 'unit/' + 'x'.repeat(1020),
  ];
  for (const key of spelt) assert.ok(valid('absence', { key }), key);
  for (const key of misspelt) assert.ok(!valid('absence', { key }), key);
});

test('a range has an order, other claims a visible key', () => {
  assert.ok(valid('range', {}) && valid('range', { from: 'a' }) && valid('range', { to: 'a' }) && valid('range', { from: 'a', to: 'b' }));
  assert.ok(!valid('range', { from: 'a', to: 'a' }) && !valid('range', { from: 'b', to: 'a' }) && !valid('range', { from: 'a b' }) && !valid('range', { to: 'é' }));
  assert.ok(valid('record', { key: 'x'.repeat(1024) }) && !valid('record', { key: 'x'.repeat(1025) }) && !valid('history', {}));
  assert.ok(valid('block', {}) && valid('transaction', {}));
});

test('no family is the beginning of another', () => {
  for (const a of families) for (const b of families) assert.ok(a === b || !b.startsWith(a + '/'), `${a}, ${b}`);
});

test('kinds.ts is what the schema says', () => {
  const made = execFileSync(process.execPath, ['scripts/kinds.mjs'], { encoding: 'utf8' });
  assert.ok(readFileSync('src/kinds.ts', 'utf8') === made, 'run `npm run kinds`');
});
