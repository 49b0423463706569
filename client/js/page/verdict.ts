import { Refusal, results, verify, type Event as ProvenEvent, type Proven, type Reason, type Verdict } from '../src/index.ts';
import { code, facts, fold, h, icon, type Child } from './dom.ts';
import { ago, moment, percent } from './format.ts';
import { describe, describeEvent, Fields, plain } from './record.ts';
import { trust } from './trust.ts';
import { count, t, type Word } from './words.ts';

/** What came of checking a file. */
export type Outcome = { verdict: Verdict; ms: number } | { refusal: Refusal; ms: number };

/** Checks a file against the trust in use, undefined without one. */
export function check(file: Uint8Array): Outcome | undefined {
  if (!trust) return undefined;
  const begin = performance.now();
  try {
    const verdict = verify(file, trust);
    return { verdict, ms: performance.now() - begin };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error, ms: performance.now() - begin };
    throw error;
  }
}

/** What there is to do; with the other reasons it is to ask where the file comes from. */
const remedies: Partial<Record<Reason, Word>> = {
  TOO_LARGE: 'doSplit', MALFORMED: 'doAskAgain', FORMAT_UNKNOWN: 'doNewer', CHAIN_DIFFERS: 'doTrustChain', HEADER_INVALID: 'doAskAgain',
  VALIDATORS_DIFFER: 'doRenew', COMMIT_INVALID: 'doAskAgain', TREE_INVALID: 'doAskAgain', GENESIS_DIFFERS: 'doAskMembers',
  BLOCK_UNPROVEN: 'doAskAgain', CLAIM_UNKNOWN: 'doNewer', STATE_MISSING: 'doAskAgain',
};

/** The red half of a verdict. */
export function refusedBanner(title: string, r: Refusal): HTMLElement {
  return h('div.banner.bad', { role: 'alert' },
    icon('no'),
    h('div',
      h('h2', { tabindex: '-1' }, title),
      h('p.strong', t(r.reason)),
      h('p', t('refusedSays'), ' ', t(remedies[r.reason] ?? 'doAskSource')),
      facts([
        [t('reason'), [code(r.reason), r.claim >= 0 && ' ' + t('inClaim', r.claim + 1)]],
        [t('found'), r.detail],
      ])));
}

/** Everything about one proven file. */
export function provenParts(v: Verdict, now: number): Child[] {
  return [
    h('div.banner.good', { role: 'status' },
      icon('yes'),
      h('div',
        h('h2', { tabindex: '-1' }, t('proven')),
        h('p', t('provenSays', v.chain, percent(v.powerSigned, v.powerTotal))))),
    h('section.panel', h('h3', t('whatProven')), h('ol.claims', ...v.claims.map((c) => h('li', ...claimParts(c))))),
    h('section.panel', h('h3', t('byWhom')), ...signers(v)),
    h('section.panel', h('h3', t('howOld')), ...ages(v, now)),
    h('section.panel', h('h3', t('whatNot')), h('ul.limits', ...limits(v).map((says) => h('li', icon('gone'), h('span', says))))),
  ];
}

export function signers(v: Verdict): Child[] {
  const signed = v.validators.filter((s) => s.signed).length;
  const bar = h('div.bar', { 'aria-hidden': 'true' });
  for (const s of v.validators) {
    const part = h(s.signed ? 'span.yes' : 'span.no');
    part.style.flexGrow = String(s.power);
    bar.append(part);
  }
  return [
    h('p', t('signedBy', signed, v.validators.length, percent(v.powerSigned, v.powerTotal))),
    h('div.power', bar, h('span.tick', { 'aria-hidden': 'true' }, t('twoThirds'))),
    h('ul.signers', ...v.validators.map((s) => h('li',
      icon(s.signed ? 'yes' : 'gone'),
      h('span.who', s.name || s.member, ' ', h('small', s.member)),
      h('span.did', s.signed ? t('signed') : t('notSigned'), s.signed && h('small', moment(s.time ?? 0))),
      h('span.share', { title: t('share') }, percent(s.power, v.powerTotal))))),
  ];
}

export function ages(v: Verdict, now: number): Child[] {
  const older = v.claims.some((c) => c.block.height !== v.signed.height);
  return [
    h('p', h('strong', t('blockOf', v.signed.height, v.chain)), ' ', t('signedTime', moment(v.signed.time), ago(v.signed.time, now)), ' ',
      v.signed.time > now + 60_000 ? t('clockBehind') : t('laterUnknown')),
    older && h('p', t('olderBlocks')),
    facts([[t('blockHash'), h('code.hash', v.signed.hash)]]),
  ];
}

const limitOf: Record<string, Word> = {
  record: 'limitRecord', absence: 'limitAbsence', history: 'limitHistory', event: 'limitEvent', prefix: 'limitPrefix', range: 'limitRange',
  block: 'limitBlock', field: 'limitField', transaction: 'limitTransaction',
};

/** What a reader might take for proven and is not, each once. */
function limits(v: Verdict): string[] {
  const list = new Set<string>();
  for (const c of v.claims) list.add(t('limitLater', c.height, moment(c.block.time)));
  for (const c of v.claims) list.add(t(c.claim === 'transaction' && refused(c) ? 'limitRefused' : limitOf[c.claim]!));
  const families = v.claims.map((c) => (c.key ?? c.from ?? '').split('/')[0]!);
  if (families.some((f) => ['lot', 'unit', 'event', 'transformation'].includes(f))) list.add(t('limitGoods'));
  if (families.some((f) => ['order', 'payment', 'waybill', 'declaration'].includes(f))) list.add(t('limitDocuments'));
  list.add(t('limitCollusion'));
  return [...list];
}

/** A claim in one sentence. */
export function claimSays(c: Proven): string {
  const key = c.key ?? '';
  switch (c.claim) {
    case 'record':
      return t('record', key, c.height);
    case 'absence':
      return t('absence', key, c.height);
    case 'history':
      return t('history', key, c.height, count(c.events?.length ?? 0, 'oneEvent', 'events'));
    case 'event':
      return t('event', (c.index ?? 0) + 1, c.log?.size ?? 0, key, c.height);
    case 'prefix':
      return t('prefix', c.before?.size ?? 0, c.log?.size ?? 0, key, c.height, c.since ?? 0);
    case 'range':
      return c.count ? t('range', c.height, keySpan(c.from ?? '', c.to ?? ''), count(c.count, 'oneRecord', 'records'))
        : t('emptyRange', c.height, keySpan(c.from ?? '', c.to ?? ''));
    case 'block':
      return t('block', c.height, c.block.hash);
    case 'field': {
      const d = c.document!;
      const e = c.events![0]!;
      return t('field', d.kind, e.member, e.height, moment(e.time), d.record);
    }
    case 'transaction': {
      const says: Word = !c.code ? 'transactionDone' : refused(c) ? 'transactionRefused' : 'transactionPart';
      return t(says, c.height, result(c.code ?? 0));
    }
  }
  return c.claim;
}

/** Reports whether no part of a transaction took effect. One that was undone whole has results of its parts, too. */
const refused = (c: Proven): boolean => Boolean(c.code) && result(c.code!) !== 'PARTIAL';

/** A code by its name; one that this page does not know is a number. */
const result = (code: number): string => results[code] ?? String(code);

/** Says which keys a range has. */
function keySpan(from: string, to: string): string {
  if (from && to === after(from)) return t('keysPrefix', from);
  if (!from && !to) return t('keysAll');
  if (!to) return t('keysFrom', from);
  return from ? t('keysBetween', from, to) : t('keysTo', to);
}

/** The first key beyond all that begin with a prefix. */
function after(prefix: string): string {
  const last = prefix.replace(/~+$/, '');
  return last && last.slice(0, -1) + String.fromCharCode(last.charCodeAt(last.length - 1) + 1);
}

function claimParts(c: Proven): Child[] {
  const parts: Child[] = [h('p', claimSays(c))];
  if (c.claim === 'field') {
    parts.push(facts(c.document!.fields.slice(1).map((f) => [code(f.path), f.value || '–'])));
  } else if (c.value && c.claim !== 'prefix') {
    const record = Fields.of(c.value);
    const says = describe(c.key!, record);
    if (says) parts.push(h('p.says', says));
    parts.push(fold(t('showRecord'), recordTable(record)));
  }
  if (c.events && c.events.length > 0) parts.push(eventsFold(c));
  if (c.leaves && c.leaves.length > 0) parts.push(leavesFold(c));
  if (c.claim === 'transaction') parts.push(...transactionParts(c));
  return parts;
}

function recordTable(record: Fields): HTMLElement {
  return facts(record.entries().map(([name, value]) => [code(name), readable(name, plain(value))]));
}

/** The times that records hold, in Unix milliseconds. */
const times = new Set(['time', 'commissioned', 'issued', 'from', 'until', 'opened', 'closed', 'declared', 'cleared', 'added', 'retired', 'offerUntil']);

function readable(name: string, text: string): Child {
  return times.has(name) && /^\d{12,14}$/.test(text) ? [moment(Number(text)), ' ', h('small', text)] : text;
}

/** A page of a thousand rows is enough to scroll through: a longer list is still proven, and in the file. */
const most = 1000;

function eventsFold(c: Proven): HTMLElement {
  const list = h('ol.events');
  const first = (c.claim === 'event' || c.claim === 'field') ? (c.index ?? 0) + 1 : 1;
  list.setAttribute('start', String(first));
  return later(fold(`${t('showEvents')} (${c.events!.length})`, list, beyond(c.events!.length)), () => {
    for (const e of c.events!.slice(0, most)) list.append(h('li', ...eventParts(e)));
  });
}

export function eventParts(e: ProvenEvent): Child[] {
  const body = new Fields(e.body);
  return [
    h('span.what', describeEvent(e.kind, body)), ' ',
    h('small', `${e.member || t('genesis')} · ${moment(e.time)} · `, t('inBlock', e.height, e.kind)),
    fold(t('details'), recordTable(body), /^0x0*$/.test(e.tx) ? null : facts([[t('transactionDigest'), h('code.hash', e.tx)]])),
  ];
}

function transactionParts(c: Proven): Child[] {
  const says = Fields.of(c.transaction!).at('transaction');
  const kind = says.text('kind');
  const bodies = says.list('bodies');
  const list = h('ol.events');
  const parts = later(fold(`${t('showParts')} (${bodies.length})`, list, beyond(bodies.length)), () => {
    bodies.slice(0, most).forEach((body, i) => {
      const code = c.codes?.[i] ?? c.code ?? 0;
      list.append(h('li',
        h('span.what', describeEvent(kind, body)), ' ', h('small', code ? t('partRefused', result(code)) : t('partDone')),
        fold(t('details'), recordTable(body))));
    });
  });
  parts.toggleAttribute('open', bodies.length <= 10);
  return [
    h('p.says', t('transactionSays', kind, says.text('member'), moment(says.number('expires')))),
    parts,
    facts([[t('digest'), h('code.hash', c.digest ?? '')]]),
  ];
}

function leavesFold(c: Proven): HTMLElement {
  const list = h('ol.events');
  return later(fold(`${t('showRecords')} (${c.leaves!.length})`, list, beyond(c.leaves!.length)), () => {
    for (const leaf of c.leaves!.slice(0, most)) {
      const record = leaf.value && Fields.of(leaf.value);
      list.append(h('li', code(leaf.key), ' ', h('small', record ? describe(leaf.key, record) : t('hidden')),
        record && fold(t('details'), recordTable(record))));
    }
  });
}

const beyond = (n: number): Child => n > most && h('p', t('showMore', n - most));

/** Fills a fold when it is opened first. */
export function later(details: HTMLElement, fill: () => void): HTMLElement {
  details.addEventListener('toggle', fill, { once: true });
  return details;
}
