import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, fixed64, toHex, utf8, uvarint } from '../src/bytes.ts';
import type { CBOR } from '../src/cbor.ts';
import type { Trust } from '../src/index.ts';
import { leafHash, Log, merkleRoot } from '../src/merkle.ts';
import { ordered, validatorsHash } from '../src/trust.ts';
import { encode } from './encode.ts';
import { build, halves, prune, record, sha256 } from './iavl.ts';

/** A chain of one block: files of any size, signed by as many validators as are wanted. */
export interface Forged {
  trust: Trust;
  compact: Uint8Array;
  json: Uint8Array;
}

type Members = Record<string, unknown>;

const CHAIN = 'carya-forged-js';
const GENESIS = new Uint8Array(32).fill(0x6a);
const HEIGHT = 1_000_000;
const SECONDS = 1_795_420_800;

/**
 * Forges evidence of claims about the state after the block below HEIGHT, which has these records. Claims have their members in the order
 * of JSON; all records whose keys satisfy show are in the file.
 */
export function forge(records: Map<string, Uint8Array>, claims: Members[], show: (key: string) => boolean, validators = 1): Forged {
  const all = new Map(records).set('chain/params', encode({ chain: CHAIN, genesis: GENESIS }));
  const root = build([...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value], i) => record(key, value, 1 + (i % 1000))), halves);
  const tree = prune(root, (key) => (key === 'chain/params' || show(key) ? 'shown' : 'gone'));

  const secrets = Array.from({ length: validators }, (_, i) => sha256(utf8(`validator ${i}`)));
  const keys = new Map(secrets.map((secret) => [toHex(ed25519.getPublicKey(secret)), secret]));
  const trust: Trust = {
    format: 'carya-trust/1',
    chain: CHAIN,
    genesis: toHex(GENESIS),
    height: 1,
    time: 1,
    block: '0x' + '00'.repeat(32),
    validators: [...keys.keys()].map((key, i) => ({ member: `member-${i}`, name: `Member ${i}`, key, power: 10 })),
  };
  const name = utf8(CHAIN);
  const fields = Array.from({ length: 14 }, (): Uint8Array => new Uint8Array(0));
  fields[1] = concat([0x0a, name.length], name);
  fields[2] = concat([0x08], uvarint(HEIGHT));
  fields[3] = concat([0x08], uvarint(SECONDS));
  fields[7] = concat([0x0a, 32], validatorsHash(trust));
  fields[10] = concat([0x0a, 32], root.hash);

  const id = concat([0x0a, 32], merkleRoot(fields), [0x12, 36, 0x08, 1, 0x12, 32], new Uint8Array(32));
  const time = concat([0x08], uvarint(SECONDS));
  const vote = concat([0x08, 0x02, 0x11], fixed64(HEIGHT), [0x22, id.length], id, [0x2a, time.length], time, [0x32, name.length], name);
  const signed = concat(uvarint(vote.length), vote);
  const votes = ordered(trust).map(({ key }) => concat([2], uvarint(SECONDS), [0], ed25519.sign(signed, keys.get(key)!)));
  const commit = concat([0, 1], new Uint8Array(32), ...votes);

  const header = { height: HEIGHT, header: concat(...fields.map((f) => concat([f.length], f))), commit, tree };
  const evidence = {
    format: 'carya-evidence/2',
    chain: CHAIN,
    genesis: GENESIS,
    claims: claims.map(({ claim, ...rest }) => ({ claim, height: HEIGHT - 1, ...rest })),
    headers: [header],
  };
  const plain = (_: string, value: unknown): unknown => {
    if (value === GENESIS) return toHex(GENESIS);
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
  };
  return { trust, compact: encode(evidence as unknown as CBOR), json: utf8(JSON.stringify(evidence, plain, 1)) };
}

/** So many events of a lot. */
export const offers = (n: number): Uint8Array[] =>
  Array.from({ length: n }, (_, i) => {
    const body = { lot: '06901234000016.L2026A', quantity: 1000 + i, unit: 'KGM', to: 'lantu', deadline: 1_795_420_800_000, purpose: 'sale' };
    return encode({ tx: sha256(utf8(String(i))), index: 0, height: i + 2, time: 1_795_420_800_000 + i, member: 'tianmu', kind: 'OfferLot', body });
  });

/** A record that commits to events. */
export function committed(events: Uint8Array[]): Uint8Array {
  const log = new Log();
  for (const event of events) log.append(leafHash(event));
  return encode({ lot: '06901234000016.L2026A', history: { size: log.size, peaks: log.peaks } });
}
