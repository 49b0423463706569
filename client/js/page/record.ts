import { decodeCBOR, toHex, type CBOR } from '../src/index.ts';
import { readCapture, deed } from './epcis.ts';
import { amount, day, moment, whole } from './format.ts';
import { keyWords } from './gs1.ts';
import { isWord, named, t, type Word } from './words.ts';

/** A record or body as it was decoded. What is not there, or of another type, reads as empty. */
export class Fields {
  private readonly map: Record<string, CBOR>;

  constructor(value: CBOR | undefined) {
    this.map = isObject(value) ? value : {};
  }

  static of(value: Uint8Array): Fields {
    try {
      return new Fields(decodeCBOR(value));
    } catch {
      return new Fields(undefined); // of a newer ledger; its bytes are proven all the same
    }
  }

  text(name: string): string {
    const v = this.map[name];
    return typeof v === 'string' ? v : '';
  }

  number(name: string): number {
    const v = this.map[name];
    return typeof v === 'number' ? v : 0;
  }

  list(name: string): Fields[] {
    return this.values(name).map((v) => new Fields(v));
  }

  texts(name: string): string[] {
    return this.values(name).filter((v) => typeof v === 'string');
  }

  at(name: string): Fields {
    return new Fields(this.map[name]);
  }

  entries(): [string, CBOR][] {
    return Object.entries(this.map);
  }

  private values(name: string): CBOR[] {
    const v = this.map[name];
    return Array.isArray(v) ? v : [];
  }
}

const isObject = (v: CBOR | undefined): v is Record<string, CBOR> =>
  typeof v === 'object' && v !== null && !Array.isArray(v) && !(v instanceof Uint8Array);

/** A value of a record as people read it: times and hashes are told by the names of fields, as the ledger names them. */
export function plain(value: CBOR): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain).join(', ') || '–';
  if (isObject(value)) return '{' + Object.entries(value).map(([k, v]) => `${k}: ${plain(v)}`).join(', ') + '}';
  return value === '' ? '–' : String(value);
}

/** Says in one sentence what a record is, "" for a family that has no sentence. */
export function describe(key: string, r: Fields): string {
  return describers[key.split('/')[0]!]?.(r, key) ?? '';
}

const describers: Record<string, (r: Fields, key: string) => string> = {
  lot: describeLot,
  unit: describeUnit,
  event: (r) => {
    const says = t('eventSays', moment(r.number('time')));
    return r.number('declared') ? says + '; ' + t('declaredError', moment(r.number('declared')), r.text('reason') || '–') : says;
  },
  certificate: (r) => {
    const says = t('certificateSays', named(r.text('standard')), r.text('issuer'), r.text('subject'), day(r.number('from')), day(r.number('until')));
    const changes = r.list('changes').map((c) => t('sinceWhen', named(c.text('status')), day(c.number('effective')), c.text('reason') || '–'));
    return [says, ...changes].join('; ');
  },
  recall: (r) => {
    const says = t('recallSays', r.number('class'), moment(r.number('opened')), r.text('reason'));
    return r.number('closed') ? says + '; ' + t('recallClosedSays', moment(r.number('closed')), r.text('note') || '–') : says;
  },
  member: (r) => t('memberSays', r.text('name'), r.texts('roles').join(', ') || t('none')),
  product: (r) => t('productSays', r.text('name') || r.text('gtin'), r.text('owner')),
  plot: (r) => t('plotSays', r.text('name') || r.text('id'), r.text('owner')),
  order: (r) => t('orderSays', r.text('state'), r.list('slots').map((s) => `${s.text('kind')} (${s.text('member')})`).join(', ') || t('none')),
  payment: describeDocument,
  waybill: describeDocument,
  declaration: describeDocument,
  chain: (r, key) => (key === 'chain/params' ? t('paramsSays') : key === 'chain/blocks' ? t('blocksSays', whole(r.at('history').number('size'))) : ''),
};

function describeDocument(r: Fields): string {
  return t('documentSays', r.text('order') || t('none'));
}

function describeLot(r: Fields): string {
  const unit = r.text('unit');
  const left = r.number('produced') - r.number('consumed') - r.number('destroyed') - r.number('sold');
  const parts = [t('lotSays', amount(r.number('produced'), unit), r.text('owner'), day(r.number('commissioned')), amount(left, unit))];
  for (const h of r.list('holdings')) parts.push(t('heldBy', amount(h.number('quantity'), unit), h.text('member')));
  if (r.number('packed')) parts.push(t('insideUnits', amount(r.number('packed'), unit)));
  for (const o of r.list('offers')) parts.push(t('offeredTo', amount(o.number('quantity'), unit), o.text('from'), o.text('to')));
  return parts.join('; ');
}

function describeUnit(r: Fields): string {
  const owner = r.text('owner') || t('none');
  if (r.text('fate')) return t('unitGone', owner, named(r.text('fate')));
  if (r.text('parent')) return t('unitGone', owner, t('unitInside', keyWords('unit/' + r.text('parent'))));
  return t('unitSays', owner, r.text('custodian') || '–');
}

/** What one event did, in a few words. */
export function describeEvent(kind: string, body: Fields): string {
  switch (kind) {
    case 'CaptureEvent': {
      const capture = readCapture(body.text('event'));
      if (!capture) return t('CaptureEvent');
      const { word, custom } = deed(capture, false);
      return t(word, custom || (capture.parent ? keyWords('unit/' + capture.parent.path) : ''));
    }
    case 'OfferLot': case 'OfferUnit':
      return t(kind, body.text('to'));
    case 'AcceptLot':
      return t('AcceptLot', body.text('from'));
    case 'ChangeCertificate':
      return t('ChangeCertificate', named(body.text('status')));
    case 'Decide':
      return t('Decide', body.number('status'));
  }
  return isWord(kind) ? t(kind as Word) : kind;
}
