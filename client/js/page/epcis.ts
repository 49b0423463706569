import { readThing, type Thing } from './gs1.ts';
import { isWord, type Word } from './words.ts';

/** Something that an event is about, and how much of it; quantity "" means that the event does not say. */
export interface Part {
  thing: Thing;
  quantity: string; // decimal
  unit: string; // UNECE Recommendation 20, "" for pieces
  lot: boolean; // a class, not a single thing
}

/** An EPCIS 2.0 event, as far as a story is told from it. */
export interface Capture {
  type: string; // ObjectEvent …
  action: string; // ADD, OBSERVE, DELETE, "" of transformations
  step: string; // business step: a word of the CBV, or the last word of a URI
  time: number; // Unix milliseconds
  ins: Part[];
  outs: Part[];
  about: Part[]; // what went neither in nor came out
  parent: Thing | undefined; // of what was packed or unpacked
  place: Thing | undefined;
  sources: { type: string; thing: Thing }[];
  destinations: { type: string; thing: Thing }[];
  certificates: Thing[];
  transformation: string;
  papers: { type: string; id: string }[];
  sensors: Sensor[];
  notes: [string, string][]; // instance and lot master data
  error: boolean; // it takes back an event that was captured before
  json: string;
}

export interface Sensor {
  type: string;
  unit: string;
  values: string;
  from: string;
  to: string;
}

type Members = Record<string, unknown>;

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');
const members = (value: unknown): Members => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {});

/** Bare word of a vocabulary: drying of https://coop.example/step/drying, shipping of cbv:BizStep-shipping. */
const lastWord = (uri: string): string => uri.replace(/[/:#]+$/, '').split(/[/:#]|BizStep-|SDT-|BTT-/).pop() ?? uri;

/** Reads the canonical form of an event, undefined for what is none. */
export function readCapture(json: string): Capture | undefined {
  let e: Members;
  try {
    e = members(JSON.parse(json));
  } catch {
    return undefined;
  }
  if (!e['type']) return undefined;
  const parent = text(e['parentID']);
  const place = text(members(e['readPoint'])['id']) || text(members(e['bizLocation'])['id']);
  const parts = (epcs: string, quantities: string): Part[] => [...list(e[epcs]).map(single), ...list(e[quantities]).map(several)];
  return {
    type: text(e['type']), action: text(e['action']), step: lastWord(text(e['bizStep'])), time: Date.parse(text(e['eventTime'])),
    ins: parts('inputEPCList', 'inputQuantityList'),
    outs: parts('outputEPCList', 'outputQuantityList'),
    about: [...parts('epcList', 'quantityList'), ...parts('childEPCs', 'childQuantityList')],
    parent: parent ? readThing(parent) : undefined,
    place: place ? readThing(place) : undefined,
    sources: typed(e['sourceList'], 'source'),
    destinations: typed(e['destinationList'], 'destination'),
    certificates: list(e['certificationInfo']).map((uri) => readThing(text(uri))),
    transformation: text(e['transformationID']),
    papers: list(e['bizTransactionList']).map((b) => ({ type: lastWord(text(members(b)['type'])), id: text(members(b)['bizTransaction']) })),
    sensors: list(e['sensorElementList']).flatMap(sensors),
    notes: Object.entries(members(e['ilmd'])).map(([name, value]) => [lastWord(name), noteText(value)]),
    error: e['errorDeclaration'] !== undefined,
    json,
  };
}

const single = (epc: unknown): Part => ({ thing: readThing(text(epc)), quantity: '', unit: '', lot: false });

function several(element: unknown): Part {
  const q = members(element);
  return { thing: readThing(text(q['epcClass'])), quantity: text(q['quantity']), unit: text(q['uom']), lot: true };
}

const typed = (value: unknown, name: string): { type: string; thing: Thing }[] =>
  list(value).map((one) => ({ type: lastWord(text(members(one)['type'])), thing: readThing(text(members(one)[name])) }));

function sensors(element: unknown): Sensor[] {
  const { startTime, endTime, time } = members(members(element)['sensorMetadata']);
  return list(members(element)['sensorReport']).map((report) => {
    const r = members(report);
    const range = r['minValue'] !== undefined && r['maxValue'] !== undefined ? `${text(r['minValue'])} – ${text(r['maxValue'])}` : '';
    const one = text(r['value'] ?? r['meanValue'] ?? r['minValue'] ?? r['maxValue'] ?? r['stringValue'] ?? r['uriValue']);
    return { type: lastWord(text(r['type'])), unit: text(r['uom']), values: range || one, from: text(startTime ?? time), to: text(endTime) };
  });
}

function noteText(value: unknown): string {
  const plain = text(value) || text(members(value)['@value']);
  return plain || JSON.stringify(value);
}

const counts = (p: Part): boolean => ['', 'C62', 'EA', 'H87', 'NAR', 'DZN', 'PR'].includes(p.unit);

/** What an event says was done; custom is a business step of its author's own, "" for one of the vocabulary. */
export function deed(c: Capture, fromPlot: boolean): { word: Word; custom: string } {
  const word = deedWord(c, fromPlot);
  if (isWord(word)) return { word, custom: '' };
  return { word: c.type === 'TransformationEvent' ? 'processedBy' : 'custom', custom: word.replace(/[-_]/g, ' ') };
}

function deedWord(c: Capture, fromPlot: boolean): string {
  if (c.error) return 'errorDeclared' satisfies Word;
  const step = c.step === 'commissioning' || c.step === 'creating_class_instance' ? '' : c.step;
  if (c.type === 'AggregationEvent' && c.parent) {
    if (c.action === 'ADD') return 'loaded' satisfies Word;
    if (c.action === 'DELETE') return 'unloadedFrom' satisfies Word;
  }
  if (step) return step;
  if (c.type === 'TransformationEvent') {
    const filled = c.outs.length > 0 && c.outs.every(counts) && c.ins.some((p) => !counts(p));
    return (filled ? 'filled' : 'processed') satisfies Word;
  }
  switch (c.action) {
    case 'ADD':
      return (fromPlot ? 'harvested' : 'made') satisfies Word;
    case 'DELETE':
      return 'ended' satisfies Word;
  }
  return (c.type === 'TransactionEvent' ? 'traded' : 'observed') satisfies Word;
}
