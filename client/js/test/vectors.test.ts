import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readTrust, Refusal, verify, type Trust } from '../src/index.ts';

interface Vector {
  file: string;
  trust: string;
  reason: string;
  claim: number;
  why: string;
}

// The tests run in client/js.
const folder = '../../types/testdata/evidence/';
const { vectors } = JSON.parse(readFileSync(folder + 'index.json', 'utf8')) as { vectors: Vector[] };
const trusts = new Map<string, Trust>();

function trust(name: string): Trust {
  const known = trusts.get(name) ?? readTrust(readFileSync(folder + name, 'utf8'));
  trusts.set(name, known);
  return known;
}

function verdict(v: Vector): string {
  try {
    verify(readFileSync(folder + v.file), trust(v.trust));
    return 'proven';
  } catch (error) {
    if (error instanceof Refusal) return `${error.reason} ${error.claim}`;
    throw error;
  }
}

test('every vector has its verdict', () => {
  assert.ok(vectors.length >= 650); // none is ever removed
  for (const v of vectors) assert.equal(verdict(v), v.reason === '' ? 'proven' : `${v.reason} ${v.claim}`, `${v.file}: ${v.why}`);
});

/** What the claims say without the keys that bound them: another key may be absent as well, and other bounds hold the same list. */
function said(file: Uint8Array): string {
  const { claims } = JSON.parse(new TextDecoder().decode(file)) as { claims: Record<string, unknown>[] };
  return JSON.stringify(claims.map((c) => (c['claim'] === 'absence' || c['claim'] === 'range' ? { ...c, key: '', from: '', to: '' } : c)));
}

test('no byte of evidence can be changed', () => {
  for (const name of ['record', 'absence', 'history', 'event', 'prefix', 'range', 'block', 'field', 'transaction']) {
    const v = vectors.find((one) => one.file === name + '.json')!;
    const file = new Uint8Array(readFileSync(folder + v.file));
    const [start, end] = ['"claims"', '"headers"'].map((member) => new TextDecoder().decode(file).indexOf(member));
    for (let i = 0; i < file.length; i += 31) {
      const changed = file.slice();
      changed[i]! ^= 1;
      try {
        verify(changed, trust(v.trust));
      } catch (error) {
        if (error instanceof Refusal) continue;
        throw error;
      }
      assert.ok(start! < i && i < end! && said(changed) === said(file), `${v.file} is still proven with byte ${i} changed`);
    }
  }
});
