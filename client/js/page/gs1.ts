import { t } from './words.ts';

/** What an identifier names: a GS1 key, or with kind "" a URI outside GS1. */
export interface Thing {
  kind: string; // LGTIN, SSCC, …
  primary: string;
  qualifier: string; // lot or serial number, "" for none
  path: string; // as in keys of the ledger: 06901234000016.L2026A
}

interface Form {
  kind: string;
  ai: string; // application identifier in a Digital Link
  digits: number; // up to and with the check digit, 0 for text
  second?: string; // application identifier of the qualifier; "" where it follows the digits directly
  urn?: string;
  indicator?: boolean; // the EPC URN moves the first digit behind the company prefix
}

/** The keys that goods, places and certificates have (GS1 General Specifications, EPC Tag Data Standard). The first that fits counts. */
const forms: Form[] = [
  { kind: 'LGTIN', ai: '01', digits: 14, second: '10', urn: 'class:lgtin', indicator: true },
  { kind: 'SGTIN', ai: '01', digits: 14, second: '21', urn: 'id:sgtin', indicator: true },
  { kind: 'GTIN', ai: '01', digits: 14, urn: 'idpat:sgtin', indicator: true },
  { kind: 'SSCC', ai: '00', digits: 18, urn: 'id:sscc', indicator: true },
  { kind: 'SGLN', ai: '414', digits: 13, second: '254', urn: 'id:sgln' },
  { kind: 'PGLN', ai: '417', digits: 13, urn: 'id:pgln' },
  { kind: 'GDTI', ai: '253', digits: 13, second: '', urn: 'id:gdti' },
  { kind: 'GRAI', ai: '8003', digits: 13, second: '', urn: 'id:grai' },
  { kind: 'GIAI', ai: '8004', digits: 0, urn: 'id:giai' },
];

/** Percent-encodes everything but the unreserved characters of RFC 3986 §2.3. */
const escape = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function make(kind: string, primary: string, qualifier: string): Thing {
  const bare = kind === 'GTIN' || kind === 'LGTIN';
  const path = (bare ? '' : kind.toLowerCase() + '.') + escape(primary) + (qualifier ? '.' + escape(qualifier) : '');
  return { kind, primary, qualifier, path };
}

/** Reads an identifier as it stands in events: a GS1 Digital Link, an EPC URN, or a URI outside GS1. */
export function readThing(uri: string): Thing {
  return readLink(uri) ?? readURN(uri) ?? { kind: '', primary: uri, qualifier: '', path: 'x.' + escape(uri) };
}

function readLink(uri: string): Thing | undefined {
  const segments = /^https?:\/\/[^/?#]+\/([^?#]*)/.exec(uri)?.[1]?.split('/');
  if (!segments) return undefined;
  for (let i = segments.length - 2; i >= 0; i--) {
    const candidates = forms.filter((f) => f.ai === segments[i]);
    const value = unescape(segments[i + 1]!);
    for (const f of candidates) {
      const at = f.second ? segments.indexOf(f.second, i + 2) : -1;
      if (f.kind === 'LGTIN' || f.kind === 'SGTIN') {
        if (at < 0 || !/^\d{14}$/.test(value)) continue;
        return make(f.kind, value, unescape(segments[at + 1] ?? ''));
      }
      const thing = simpleLink(f, value, at < 0 ? '' : unescape(segments[at + 1] ?? ''));
      if (thing) return thing;
    }
  }
  return undefined;
}

function simpleLink(f: Form, value: string, behind: string): Thing | undefined {
  if (f.digits === 0) return make(f.kind, value, '');
  const digits = f.kind === 'GRAI' ? value.replace(/^0(?=\d{13})/, '') : value;
  const primary = digits.slice(0, f.digits);
  const rest = digits.slice(f.digits);
  if (!/^\d+$/.test(primary) || primary.length !== f.digits || (rest && f.second !== '')) return undefined;
  return make(f.kind, primary, rest || behind);
}

function readURN(uri: string): Thing | undefined {
  const [, name, body] = /^urn:epc:([a-z]+:[a-z]+):(.+)$/.exec(uri) ?? [];
  const f = forms.find((f) => f.urn === name);
  if (!f || !body) return undefined;
  const [prefix = '', reference = '', ...rest] = body.split('.');
  const last = unescape(rest.join('.'));
  const qualifier = last === '*' || (f.kind === 'SGLN' && last === '0') ? '' : last;
  if (f.digits === 0) return make(f.kind, prefix + unescape(reference), '');
  const digits = f.indicator ? reference.slice(0, 1) + prefix + reference.slice(1) : prefix + reference;
  if (!/^\d+$/.test(digits) || digits.length !== f.digits - 1) return undefined;
  return make(f.kind, digits + checkDigit(digits), qualifier);
}

/** GS1 General Specifications §7.9: weights 3 and 1 from the right. */
function checkDigit(digits: string): string {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) sum += Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 3 : 1);
  return String((10 - (sum % 10)) % 10);
}

/** Reads the identifier in a key of the ledger: of lot/06901234000016.L2026A what stands behind the slash. */
export function readPath(path: string): Thing {
  if (path.startsWith('x.')) return { kind: '', primary: unescape(path.slice(2)), qualifier: '', path };
  const parts = path.split('.');
  const kind = /^\d/.test(path) ? (parts.length > 1 ? 'LGTIN' : 'GTIN') : parts.shift()!.toUpperCase();
  const [primary = '', ...rest] = parts;
  return { kind, primary: unescape(primary), qualifier: unescape(rest.join('.')), path };
}

/** Names a thing as people do: lot P261102, logistic unit 069012340000000016. */
export function thingWords(thing: Thing): string {
  const { kind, primary, qualifier } = thing;
  switch (kind) {
    case 'LGTIN':
      return t('lot', qualifier);
    case 'SSCC':
      return t('pallet', primary);
    case 'GRAI':
      return t('crate', [primary, qualifier].filter(Boolean).join(' '));
    case 'SGLN':
      return t('place', 'GLN ' + [primary, qualifier].filter(Boolean).join('/'));
    case 'PGLN':
      return t('organisation', 'GLN ' + primary);
    case 'GIAI':
      return t('asset', primary);
    case 'GDTI':
      return t('certificate', primary + qualifier);
    case 'GTIN':
      return t('product', primary);
    case 'SGTIN':
      return `${t('product', primary)}, ${t('serial')} ${qualifier}`;
    case '':
      return primary;
  }
  return [kind, primary, qualifier].filter(Boolean).join(' ');
}

/** Names the thing of a record. */
export function keyWords(key: string): string {
  const [family, ...rest] = key.split('/');
  const id = rest.join('/');
  switch (family) {
    case 'lot': case 'unit': case 'product': case 'plot': case 'certificate':
      return thingWords(readPath(id));
  }
  return key;
}
