import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { textOf, utf8 } from '../src/bytes.ts';
import { parse, type Claim } from '../src/file.ts';
import { readText, stringMember, Tokens } from '../src/json.ts';
import { Fault, Refusal } from '../src/refusal.ts';
import { random } from './random.ts';

function read(token: string): string {
  const t = new Tokens(utf8(token));
  const text = readText(t);
  t.end();
  return text;
}

/** How the ledger writes a text: as JSON.stringify does, and U+2028 and U+2029 are escaped. */
const write = (text: string): string => JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');

test('every character is written in one way', () => {
  for (let code = 0; code < 0x10400; code++) {
    const text = String.fromCodePoint(code);
    const lone = code >= 0xd800 && code < 0xe000;
    const four = `\\u${code.toString(16).padStart(4, '0')}`;
    const ways = [`"${text}"`, `"\\${text}"`, `"${four}"`, `"${four.toUpperCase().replace('U', 'u')}"`].filter((way) => lone ? way.includes('\\u') : true);
    const admitted = new Set(ways.filter((way) => {
      try {
        return read(way) === text;
      } catch (error) {
        if (error instanceof Fault) return false;
        throw error;
      }
    }));
    const short = '\b\t\n\f\r'.includes(text);
    assert.deepEqual([...admitted], lone || short ? [] : [write(text)], `U+${code.toString(16)}`);
    if (short) assert.equal(read(write(text)), text);
  }
  assert.equal(read('"𝄞 抹茶"'), '𝄞 抹茶');
  for (const token of ['"\\ud834\\udd1e"', '"\\ud834"', '"a\\/b"', '"\\x41"', '"\\u12"', '"\\', '"', '"\\"', "'a'", '"\u0000"', '"a\nb"']) {
    assert.throws(() => read(token), Fault, token);
  }
  assert.throws(() => readText(new Tokens(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))), Fault, 'a surrogate in UTF-8');
  assert.throws(() => readText(new Tokens(Uint8Array.of(0x22, 0xc0, 0x80, 0x22))), Fault, 'an overlong form');
});

/** What a JSON text says under format by JSON.parse; a Fault where it is none, or no object. */
function oracle(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Fault('no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Fault('no object');
  const format = Object.hasOwn(value, 'format') ? (value as Record<string, unknown>)['format'] : undefined;
  return typeof format === 'string' ? format : undefined;
}

const attempt = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault) return Fault;
    throw error;
  }
};

test('the format is found in any JSON as JSON.parse finds it', () => {
  const { below, pick } = random(2);
  const pieces = [
    '{', '}', '[', ']', ',', ':', '"format"', '"Format"', '"form\\u0061t"', '"a"', '"carya-evidence/2"', '"carya-evidence\\/3"', '"\\ud800"', '"\\x"',
    '"é𝄞"', '""', '0', '-0', '01', '1.5e+3', '1.', '.5', '-', '1e', '+1', '1e400', 'true', 'false', 'null', 'nul', 'NaN', ' ', '\t\r\n', '\u00a0', '\ufeff',
    '/', '"', '\\', '\u0001', '__proto__', '"__proto__"',
  ];
  const value = (depth: number): string => {
    switch (below(depth > 3 ? 2 : 5)) {
      case 0:
        return pick(['"carya-evidence/2"', '"x\\u2028"', '"\\ud800\\n"', '"é"']);
      case 1:
        return pick(['0', '-1.25E-7', 'true', 'null', '123456789012345678901234567890']);
      case 2:
        return `[${Array.from({ length: below(4) }, () => value(depth + 1)).join()}]`;
    }
    const members = Array.from({ length: below(5) }, () => `${pick(['"format"', '"form\\u0061t"', '"a"', '"__proto__"', '""'])} :\n${value(depth + 1)}`);
    return `{${members.join(' , ')}}`;
  };
  const seen = { fault: 0, none: 0, text: 0 };
  for (let i = 0; i < 40_000; i++) {
    let text = below(4) > 0 ? `{"format":${value(1)},"z":${value(1)}}` : value(0);
    for (let edits = below(3); edits > 0; edits--) {
      const at = below(text.length + 1);
      text = text.slice(0, at) + (below(2) > 0 ? pick(pieces) : '') + text.slice(at + below(3));
    }
    if (/\p{Surrogate}/u.test(text)) continue; // an edit cut a character in two: it has no UTF-8
    const want = attempt(() => oracle(text));
    assert.equal(attempt(() => stringMember(utf8(text), 'format')), want, text);
    seen[want === Fault ? 'fault' : want === undefined ? 'none' : 'text']++;
  }
  assert.ok(Math.min(seen.fault, seen.none, seen.text) > 2500, JSON.stringify(seen));
});

test('JSON nests 10,000 deep and no deeper', () => {
  const nested = (depth: number): Uint8Array => utf8(`{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)},"format":"x"}`);
  assert.equal(stringMember(nested(10_000), 'format'), 'x');
  assert.throws(() => stringMember(nested(10_001), 'format'), Fault);
  assert.throws(() => stringMember(utf8('{"a":'.repeat(1_000_000)), 'format'), Fault);
});

const vector = readFileSync('../../types/testdata/evidence/several.json', 'utf8');

test('what is admitted is its own only form, whatever was changed', () => {
  const { below, pick } = random(3);
  const pieces = [' ', '\n', '\t', '\u00a0', '0', '1', '-', '.', 'e', '"', '\\', '\\u0061', ',', '{}', '[]', 'null', '"', 'A', '=', '/', 'é', '\u2028'];
  let admitted = 0;
  for (let i = 0; i < 4000; i++) {
    const at = below(vector.length);
    const text = vector.slice(0, at) + pick(pieces) + vector.slice(at + below(2));
    try {
      parse(utf8(text));
    } catch (error) {
      if (error instanceof Refusal) continue;
      throw error;
    }
    admitted++;
    assert.equal(write2028(JSON.stringify(JSON.parse(text))), withoutSpace(text));
  }
  assert.ok(admitted > 100 && admitted < 3500, `${admitted} admitted`);
});

const write2028 = (text: string): string => text.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
const withoutSpace = (text: string): string => text.replace(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, '$1');

test('white space does not matter', () => {
  const tokens = vector.match(/"(?:[^"\\]|\\.)*"|[^\s"]/g)!;
  assert.deepEqual(show(parse(utf8(tokens.join('')))), show(parse(utf8(vector))));
  const number = /(?<=[0-9])\s+(?=[0-9])/g; // the digits of a number are one token
  assert.deepEqual(show(parse(utf8('\r\n' + tokens.join(' \t\r\n').replace(number, '') + ' '))), show(parse(utf8(vector))));
});

/** Evidence with its events as they are, instead of where they stand in the file. */
function show(e: ReturnType<typeof parse>): unknown {
  return { ...e, claims: e.claims.map((c) => ({ ...c, events: Array.from({ length: c.events?.length ?? 0 }, (_, i) => c.events!.at(i)) })) };
}

test('a text may look like no bytes, which are left out', () => {
  const claim = (member: string): Claim => parse(utf8(vector.replace(/"key": "[^"]*"/, member))).claims[0]!;
  assert.equal(claim('"key": "0x"').key, '0x');
  assert.equal(claim('"digest": "0x00"').digest, '0x00');
  for (const empty of ['"key": ""', '"digest": "0x"', '"count": 0']) assert.throws(() => claim(empty), { reason: 'MALFORMED' }, empty);
});

test('a list has at most 131,072 elements', () => {
  const file = (events: number): Uint8Array =>
    utf8(vector.replace(/"events": \[[^\]]*\]/, `"events":[${'"",'.repeat(events - 1)}""]`));
  assert.match(vector, /"events": \[/);
  assert.ok(parse(file(1 << 17)).claims.some((c) => c.events?.length === 1 << 17));
  assert.throws(() => parse(file((1 << 17) + 1)), { reason: 'MALFORMED' });
  assert.match(textOf(file(3)), /"events":\["","",""\]/);
});
