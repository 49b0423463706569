import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verify } from '../src/index.ts';
import { encode } from './encode.ts';
import { committed, forge, offers } from './forge.ts';

const LOT = 'lot/06901234000016.L2026A';

test('both forms of a file have one verdict, whatever its size', () => {
  const events = offers(1000);
  const { trust, json, compact } = forge(new Map([[LOT, committed(events)]]), [{ claim: 'history', key: LOT, events }], (key) => key === LOT, 4);
  const verdict = verify(json, trust);
  assert.deepEqual(verify(compact, trust), verdict);
  const [claim] = verdict.claims;
  assert.equal(verdict.powerSigned, 40);
  assert.equal(claim!.log!.size, 1000);
  assert.deepEqual(claim!.events!.map((e) => e.raw), events);
  assert.deepEqual(claim!.events!.map((e) => e.height), events.map((_, i) => i + 2));
});

/** Verifies that a list is the history of a lot that saw these events. */
function verifyHistory(events: Uint8Array[], list = events): void {
  const { trust, compact } = forge(new Map([[LOT, committed(events)]]), [{ claim: 'history', key: LOT, events: list }], (key) => key === LOT);
  verify(compact, trust);
}

test('a history without an event, with one twice or in another order is not it', () => {
  const events = offers(20);
  verifyHistory(events);
  for (let i = 0; i < events.length; i++) {
    const next = (i + 1) % events.length;
    const without = events.filter((_, at) => at !== i);
    const swapped = events.map((e, at) => (at === i ? events[next]! : at === next ? events[i]! : e));
    for (const list of [without, [...without, events[0]!], swapped, [...events, events[i]!]]) {
      assert.throws(() => verifyHistory(events, list), { reason: 'HISTORY_DIFFERS', claim: 0 }, `event ${i}`);
    }
  }
});

test('what a history commits to is an event, or the claim is refused', () => {
  const event = { tx: new Uint8Array(32), index: 0, height: 2, time: 1, member: 'm', kind: 'OfferLot', body: null };
  verifyHistory([encode(event)]);
  verifyHistory([encode({ ...event, kind: 'OfALaterVersion', note: 'that this program does not know' })]);
  const { body: _, ...bodiless } = event;
  const others = [
    { ...event, tx: new Uint8Array(31) }, { ...event, index: -1 }, { ...event, index: 2n ** 53n }, { ...event, height: '2' }, { ...event, time: 2n ** 53n },
    { ...event, member: new Uint8Array(1) }, { ...event, kind: null }, bodiless, {}, [event], null, 1,
  ];
  for (const other of others) assert.throws(() => verifyHistory([encode(other)]), { reason: 'EVENT_UNPROVEN', claim: 0 });
  assert.throws(() => verifyHistory([new Uint8Array(0)]), { reason: 'EVENT_UNPROVEN', claim: 0 });
});

test('a thousand lists of one tree take the memory of one', () => {
  const keyOf = (i: number): string => `book/b/${String(i).padStart(6, '0')}`;
  const n = 20_000;
  const records = new Map(Array.from({ length: n }, (_, i) => [keyOf(i), Uint8Array.of(0xf6)]));
  const claims = Array.from({ length: 1000 }, (_, i) => ({ claim: 'range', from: keyOf(i), to: 'c', count: n - i }));
  const { trust, compact } = forge(records, claims, () => true);
  const before = process.memoryUsage().heapUsed;
  const verdict = verify(compact, trust);
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 60 << 20, `${grown} bytes for ${compact.length}`);
  assert.equal(verdict.claims[999]!.leaves!.length, n - 999);
  assert.equal(verdict.claims[999]!.leaves![0]!.key, keyOf(999));
  assert.deepEqual(verdict.claims[0]!.leaves!.at(-1)!.value, Uint8Array.of(0xf6));
});
