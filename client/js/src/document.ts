import { concat, equal, fromHex } from './bytes.ts';
import { BYTES, encodeHead, encodeText, isHash, MAP, type CBOR } from './cbor.ts';
import type { Event } from './event.ts';
import type { DisclosedField, DocumentPart } from './file.ts';
import { leafHash, rootFromInclusion } from './merkle.ts';
import { Refusal, quote } from './refusal.ts';
import { isBody } from './transaction.ts';

/** Of the kinds that commit to documents: the record that they make of one, and the members with the roots. */
const committing: Record<string, { record: (member: string, body: Record<string, CBOR>) => string; roots: string[] }> = {
  RecordOrder: { record: (member, b) => `order/${member}/${b.order}`, roots: ['document'] },
  RecordPayment: { record: (member, b) => `payment/${member}/${b.payment}`, roots: ['document', 'original'] },
  RecordWaybill: { record: (member, b) => `waybill/${member}/${b.waybill}`, roots: ['document'] },
  Declare: { record: (member, b) => `declaration/${member}/${b.declaration}`, roots: ['document'] },
  Cancel: { record: (_, b) => `order/${b.order}`, roots: ['document'] },
  SignFor: { record: (_, b) => `order/${b.order}`, roots: ['document'] },
  ReturnGoods: { record: (_, b) => `order/${b.order}`, roots: ['document'] },
  CreditBook: { record: (member, b) => `book/${member}/${b.book}`, roots: ['document'] },
};

/** Reports whether an event put the document on the ledger, as the record that the document names. */
export function commitsTo({ kind, member, body }: Event, { root, record }: DocumentPart): boolean {
  const kindOf = Object.hasOwn(committing, kind) ? committing[kind] : undefined;
  if (kindOf === undefined || !isBody(kind, body)) return false;
  const wanted = fromHex(root);
  const committed = kindOf.roots.some((name) => isHash(body[name]) && equal(body[name], wanted));
  return committed && wanted.some((b) => b !== 0) && record === kindOf.record(member, body); // zero stands for no document
}

/** Checks that the kind and every field are leaves under the root. */
export function verifyDocument(d: DocumentPart): void {
  const [first] = d.fields;
  if (first?.position !== 0 || first.path !== 'kind' || first.value !== d.kind) {
    throw new Refusal('FIELD_UNPROVEN', `the first field is not the kind ${quote(d.kind)}`);
  }
  const root = fromHex(d.root);
  let before = -1;
  for (const field of d.fields) {
    const leads = field.position > before ? rootOfField(field, d.size) : undefined;
    if (leads === undefined || !equal(leads, root)) {
      throw new Refusal('FIELD_UNPROVEN', `field ${quote(field.path)} at position ${field.position}: salt, path, value and proof do not lead to the root`);
    }
    before = field.position;
  }
}

/** The root that a field leads to. Its leaf is the deterministic CBOR of {path, salt, value}. */
function rootOfField({ position, path, value, salt, proof }: DisclosedField, size: number): Uint8Array | undefined {
  const leaf = concat(
    encodeHead(MAP, 3),
    encodeText('path'),
    encodeText(path),
    encodeText('salt'),
    encodeHead(BYTES, 32),
    fromHex(salt),
    encodeText('value'),
    encodeText(value),
  );
  return rootFromInclusion(position, size, leafHash(leaf), proof.map(fromHex));
}
