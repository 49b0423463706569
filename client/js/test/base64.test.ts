import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBase64, decodeBase64 } from '../src/base64.ts';
import { utf8 } from '../src/bytes.ts';
import { Fault } from '../src/refusal.ts';
import { random } from './random.ts';

test('bytes of every length come back', () => {
  const { bytes } = random(1);
  for (let n = 0; n < 300; n++) {
    const want = bytes(n);
    assert.deepEqual(decodeBase64(utf8(Buffer.from(want).toString('base64'))), want);
  }
});

/** Reports whether Node writes the bytes that it reads in a text in the same way again. */
const isOneWay = (text: string): boolean => Buffer.from(text, 'base64').toString('base64') === text;

test('there is one way to write bytes', () => {
  const alphabet = 'ABCIQ0/+=-\né';
  let admitted = 0;
  const check = (text: string): void => {
    const one = isOneWay(text);
    if (one) {
      admitted++;
      checkBase64(utf8(text));
    } else {
      assert.throws(() => checkBase64(utf8(text)), Fault, JSON.stringify(text));
      assert.throws(() => decodeBase64(utf8(text)), Fault, JSON.stringify(text));
    }
  };
  const all = (text: string, length: number): void => {
    check(text);
    if (length > 0) for (const c of alphabet) all(text + c, length - 1);
  };
  all('', 4);
  all('AAAA', 4);
  assert.ok(admitted > 1000, `${admitted} admitted`);
});
