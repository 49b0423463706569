import type { Event as ProvenEvent, Proven, Trust, Verdict } from '../src/index.ts';
import { readCapture, type Capture, type Part } from './epcis.ts';
import { readPath, type Thing } from './gs1.ts';
import { Fields } from './record.ts';

/** One thing that happened to the goods. */
export interface Step {
  event: ProvenEvent;
  body: Fields;
  capture: Capture | undefined;
  when: number; // Unix milliseconds: when it happened, or else when it was recorded
  key: string; // of a record in whose history it stands
  withdrawn: boolean; // a later event declares it an error
}

export interface Certificate {
  key: string;
  record: Fields;
}

export interface Recall {
  ref: string; // <member>/<name>
  record: Fields | undefined; // undefined where the evidence does not show it
}

/** What verified evidence tells of a lot. */
export interface Story {
  key: string;
  lot: Fields;
  time: number; // of the oldest state that the story rests on, Unix milliseconds
  height: number; // and its block
  product: Fields | undefined;
  steps: Step[]; // in order of time
  aside: Step[]; // what happened to other parts of the same goods
  certificates: Certificate[];
  plots: { key: string; record: Fields }[];
  recalls: Recall[]; // that mark the lot or what it came from
  disputes: { ref: string; open: boolean }[];
  revoked: string[]; // certificates behind it that were taken away: keys
  overfull: boolean; // more marks than the record can hold
  absent: string[]; // keys that the ledger does not have, though events name them
  missing: { key: string; history: boolean }[]; // what events name, and the evidence does not show
  names: Map<string, string>; // of members
}

/** What the evidence shows of one key. */
interface Shown {
  record: Fields;
  events: ProvenEvent[] | undefined; // undefined where only the record is shown
}

/**
 * Tells the story of a lot from proven claims, undefined where they do not show the lot. The goods are followed back from the lot:
 * to what its events say went in, and to the units that it was packed in, up to the block in which they did.
 */
export function tell(verdict: Verdict, lot: string, trust: Trust): Story | undefined {
  return new Teller(verdict, 'lot/' + lot, trust).tell();
}

class Teller {
  private readonly shown = new Map<string, Shown>();
  private readonly absent = new Set<string>();
  private readonly needed = new Map<string, boolean>(); // key → its history is needed, too
  private readonly steps = new Map<string, Step>(); // by the event's bytes
  private readonly aside = new Map<string, Step>();
  private readonly visited = new Map<string, number>(); // key → block up to which it was followed
  private readonly origins: string[] = []; // lots and transformations on the way
  private readonly certificates = new Set<string>();
  private readonly key: string;
  private readonly names: Map<string, string>;
  private time = Infinity;
  private height = Infinity;

  constructor(verdict: Verdict, key: string, trust: Trust) {
    this.key = key;
    this.names = new Map(trust.validators.map((v) => [v.member, v.name]));
    for (const claim of verdict.claims) this.take(claim);
  }

  private take(p: Proven): void {
    if (p.claim === 'absence') {
      this.absent.add(p.key!);
    } else if ((p.claim === 'record' || p.claim === 'history') && p.value) {
      const before = this.shown.get(p.key!);
      if (!before?.events) this.shown.set(p.key!, { record: Fields.of(p.value), events: p.claim === 'history' ? p.events : undefined });
      if (p.key!.startsWith('member/')) this.names.set(p.key!.slice(7), Fields.of(p.value).text('name'));
    } else {
      return;
    }
    this.time = Math.min(this.time, p.block.time);
    this.height = Math.min(this.height, p.height);
  }

  tell(): Story | undefined {
    const lot = this.shown.get(this.key);
    if (!lot) return undefined;
    this.follow(this.key, Infinity, 0);
    this.withdraw();
    const product = 'product/' + readPath(this.key.slice(4)).primary;
    if (readPath(this.key.slice(4)).kind === 'LGTIN') this.need(product, false);
    const plots = this.plots();
    const marks = this.marks();
    return {
      key: this.key, lot: lot.record, time: this.time, height: this.height, product: this.shown.get(product)?.record,
      steps: inTime(this.steps), aside: inTime(this.aside),
      certificates: [...this.certificates].flatMap((key) => (this.shown.has(key) ? [{ key, record: this.shown.get(key)!.record }] : [])),
      plots, ...marks, names: this.names,
      absent: [...this.needed.keys()].filter((key) => !this.shown.has(key) && this.absent.has(key)),
      missing: [...this.needed].flatMap(([key, history]) => {
        const shown = this.shown.get(key);
        if (this.absent.has(key) || (shown && (!history || shown.events))) return [];
        return [{ key, history: history && shown !== undefined }];
      }),
    };
  }

  private need(key: string, history: boolean): void {
    this.needed.set(key, history || this.needed.get(key) === true);
  }

  /** Tells what happened to a thing from one block to another, and follows what went into it. */
  private follow(key: string, until: number, since: number): void {
    this.need(key, true);
    if ((this.visited.get(key) ?? -1) >= until) return;
    this.visited.set(key, until);
    const shown = this.shown.get(key);
    if (!shown) return;
    if (!key.startsWith('unit/') && !this.origins.includes(key)) this.origins.push(key);
    for (const event of shown.events ?? []) {
      if (event.height < since) continue;
      const step = newStep(event, key);
      if (event.height > until || !this.concerns(step, key)) this.aside.set(idOf(event), step);
      else this.tellStep(step, key, until);
    }
  }

  /** Reports whether an event is about the goods that came to be in the lot, and not about another part of a lot before it. */
  private concerns(step: Step, key: string): boolean {
    const c = step.capture;
    if (key === this.key || !c) return true;
    if (c.type === 'ObjectEvent' && c.action === 'DELETE') return false; // sold or destroyed before anything was made of it
    if (c.type !== 'TransformationEvent' || c.outs.length === 0) return true;
    return c.transformation !== '' || c.outs.some((p) => this.visited.has(keyOf(p)));
  }

  private tellStep(step: Step, key: string, until: number): void {
    const id = idOf(step.event);
    const known = this.steps.has(id);
    this.steps.set(id, this.steps.get(id) ?? step);
    this.aside.delete(id);
    if (known || !step.capture || step.capture.error) return;
    const c = step.capture;
    const height = step.event.height;
    for (const certificate of c.certificates) {
      const certified = 'certificate/' + certificate.path;
      this.certificates.add(certified);
      this.need(certified, false);
    }
    if (c.transformation) this.follow(`transformation/${step.event.member}/${encodePart(c.transformation)}`, height, 0);
    const makes = c.type === 'TransformationEvent' && c.outs.some((p) => keyOf(p) === key || this.visited.has(keyOf(p)));
    if (makes || key.startsWith('transformation/')) for (const part of c.ins) if (isFollowed(part)) this.follow(keyOf(part), height, 0);
    if (c.type === 'AggregationEvent' && c.parent && c.action === 'ADD' && key !== 'unit/' + c.parent.path) this.inside(c.parent, key, height, until);
  }

  /** Follows the unit that a thing was packed into, until it was taken out again. */
  private inside(unit: Thing, key: string, since: number, until: number): void {
    const out = this.shown.get(key)?.events?.find((e) => {
      const c = e.height >= since ? readBody(e) : undefined;
      return c?.type === 'AggregationEvent' && c.action === 'DELETE' && c.parent?.path === unit.path;
    });
    this.follow('unit/' + unit.path, out?.height ?? until, since);
  }

  /** Marks the events that others declare errors: those repeat them, with a declaration. */
  private withdraw(): void {
    const wrong = new Set<string>();
    for (const s of this.steps.values()) if (s.capture?.error) wrong.add(baseOf(s.capture.json));
    for (const s of this.steps.values()) s.withdrawn = s.capture !== undefined && !s.capture.error && wrong.has(baseOf(s.capture.json));
  }

  private plots(): Story['plots'] {
    const keys = new Set<string>();
    for (const origin of this.origins) {
      const plot = this.shown.get(origin)?.record.text('plot');
      if (plot) keys.add('plot/' + plot);
    }
    for (const key of keys) this.need(key, false);
    return [...keys].flatMap((key) => (this.shown.has(key) ? [{ key, record: this.shown.get(key)!.record }] : []));
  }

  /** What became known about the lot and what it came from. A mark that has not reached the lot yet counts, too. */
  private marks(): Pick<Story, 'recalls' | 'disputes' | 'revoked' | 'overfull'> {
    const marks = new Set<string>();
    let overfull = false;
    for (const origin of this.origins) {
      const trace = this.shown.get(origin)!.record.at('trace');
      for (const m of trace.list('marks')) marks.add(`${m.text('kind')} ${m.text('ref')}`);
      overfull ||= trace.texts('flags').includes('TOO_LARGE');
    }
    const found: Pick<Story, 'recalls' | 'disputes' | 'revoked' | 'overfull'> = { recalls: [], disputes: [], revoked: [], overfull };
    for (const mark of marks) {
      const [kind, ref] = [mark.slice(0, mark.indexOf(' ')), mark.slice(mark.indexOf(' ') + 1)];
      const key = (kind === 'dispute' ? 'event' : kind) + '/' + ref;
      this.need(key, false);
      const record = this.shown.get(key)?.record;
      if (kind === 'recall') {
        found.recalls.push({ ref, record });
        for (const event of this.shown.get(key)?.events ?? []) this.steps.set(idOf(event), newStep(event, key));
      }
      if (kind === 'dispute') found.disputes.push({ ref, open: !record?.number('cleared') });
      if (kind === 'certificate') {
        found.revoked.push(key);
        this.certificates.add(key);
      }
    }
    return found;
  }
}

function newStep(event: ProvenEvent, key: string): Step {
  const body = new Fields(event.body);
  const capture = readBody(event);
  // An error declaration repeats the time of the event that it takes back.
  const when = capture && !capture.error && Number.isFinite(capture.time) ? capture.time : event.time;
  return { event, body, capture, when, key, withdrawn: false };
}

function readBody(event: ProvenEvent): Capture | undefined {
  return event.kind === 'CaptureEvent' ? readCapture(new Fields(event.body).text('event')) : undefined;
}

/** An event stands in the histories of all records that it changed, in the same bytes. */
const idOf = (event: ProvenEvent): string => `${event.tx} ${event.index} ${event.height} ${event.kind}`;

const keyOf = (part: Part): string => (part.lot ? 'lot/' : 'unit/') + part.thing.path;

/** A class without lot number is not followed by the ledger. */
const isFollowed = (part: Part): boolean => !part.lot || part.thing.kind === 'LGTIN' || part.thing.kind === '';

const encodePart = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());

function baseOf(json: string): string {
  const { errorDeclaration: _declaration, recordTime: _time, ...rest } = JSON.parse(json) as Record<string, unknown>;
  return JSON.stringify(rest);
}

/** Those at the same time stay in the order of the histories. */
function inTime(steps: Map<string, Step>): Step[] {
  return [...steps.values()].sort((a, b) => a.when - b.when || a.event.height - b.event.height || a.event.index - b.event.index);
}
