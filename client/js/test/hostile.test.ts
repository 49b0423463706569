import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concat, uvarint } from '../src/bytes.ts';
import { encodeHead, encodeText } from '../src/cbor.ts';
import { readTrust, Refusal, verify } from '../src/index.ts';
import { readTree } from '../src/tree.ts';
import { head } from './encode.ts';
import { random } from './random.ts';

const folder = '../../types/testdata/evidence/';
const trust = readTrust(readFileSync(folder + 'trust.json', 'utf8'));
const forged = readTrust(readFileSync(folder + 'trust-one.json', 'utf8')); // one validator: fast

/** The reason why a file is refused, '' if it is not; any other error ends the test. */
function judge(file: Uint8Array, by = trust): string {
  try {
    verify(file, by);
    return '';
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}

test('random bytes are refused', () => {
  const { below, bytes, pick } = random(1);
  const begin = [[], [0x7b], [0xa5], concat([0xa5], encodeText('chain'), encodeText(trust.chain), encodeText('claims')), Buffer.from('{"format":"carya-evidence/2",')];
  for (let i = 0; i < 20_000; i++) {
    const file = concat(pick(begin), bytes(below(200)));
    assert.equal(judge(file), 'MALFORMED', Buffer.from(file).toString('hex'));
  }
});

test('vectors with changes in many places are refused for a reason, or proven', () => {
  const { below, bytes, pick } = random(2);
  const files = readdirSync(folder).filter((name) => /\.(cbor|json)$/.test(name) && !/^(trust|index|claims-1001)/.test(name));
  const vectors = files.map((name): Uint8Array => readFileSync(folder + name));
  const reasons = new Map<string, number>();
  for (let i = 0; i < 10_000; i++) {
    let file = pick(vectors);
    for (let edits = 1 + below(2); edits > 0; edits--) {
      const at = below(file.length + 1);
      const other = pick(vectors);
      const from = below(other.length);
      const piece = pick([bytes(1), bytes(1), bytes(below(4)), other.slice(from, from + below(64))]);
      // Mostly as many bytes as there were: then the file is often read to its end.
      file = concat(file.slice(0, at), piece, file.slice(at + (below(4) > 0 ? piece.length : below(4))));
    }
    const reason = judge(file, below(2) > 0 ? trust : forged);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  assert.ok(reasons.size > 15, [...reasons].join(' '));
});

/** By how many bytes the heap and its buffers are larger after a function than before. */
function memory(run: () => void): number {
  const used = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  run();
  return used() - before;
}

test('counts that a small file claims cost nothing', () => {
  const beginning = concat([0xa5], encodeText('chain'), encodeText(trust.chain), encodeText('claims'));
  const claim = concat([0x81, 0xa3]);
  const huge = [2n ** 32n, 2n ** 40n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n];
  const files = huge.flatMap((n) => [
    head(5, n), // members
    concat([0xa5], head(3, n)), // characters
    concat(beginning, head(4, n)), // claims
    concat(beginning, claim, encodeText('path'), head(2, n)), // bytes
    concat(beginning, claim, encodeText('codes'), head(4, n)),
    concat(beginning, claim, encodeText('events'), head(4, n), [0x40]),
  ]);
  files.push(concat(beginning, encodeHead(4, 1 << 17)), concat(beginning, claim, encodeText('events'), encodeHead(4, 1 << 17)));
  const trees = [2 ** 32, Number.MAX_SAFE_INTEGER].map((n) => concat([1, 0, 0], uvarint(n)));
  const grown = memory(() => {
    for (const file of files) assert.equal(judge(file), 'MALFORMED');
    for (const tree of trees) assert.throws(() => readTree(tree), { reason: 'TREE_INVALID' });
  });
  assert.ok(grown < 4 << 20, `${grown} bytes`);
});

test('a file that is full of small things takes a small multiple of its size', () => {
  const n = 1 << 17;
  const events = concat([0xa5], encodeText('chain'), encodeText(trust.chain), encodeText('claims'), [0x81, 0xa3], encodeText('claim'), encodeText('history'), encodeText('events'), encodeHead(4, n), new Uint8Array(n).fill(0x40));
  const deep = Buffer.alloc(1 << 20, '[');
  const members = Buffer.from(`{"format":"carya-evidence/3","a":[${'{"a":"","a":[]},'.repeat(1 << 16)}0]}`);
  for (const [name, file, want] of [['events', events, 'MALFORMED'], ['arrays', deep, 'MALFORMED'], ['members', members, 'FORMAT_UNKNOWN']] as const) {
    let reason = '';
    const grown = memory(() => (reason = judge(file)));
    assert.equal(reason, want, name);
    assert.ok(grown < 40 * file.length + (4 << 20), `${name}: ${grown} bytes for ${file.length}`);
  }
});

test('a file beyond 64 MiB is not read', () => {
  assert.equal(judge(new Uint8Array((64 << 20) + 1).fill(0x20)), 'TOO_LARGE');
  assert.equal(judge(new Uint8Array(64 << 20).fill(0x20)), 'MALFORMED');
});
