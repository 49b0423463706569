import type { Verdict } from '../src/index.ts';
import { deed, type Capture, type Part, type Sensor } from './epcis.ts';
import { byId, code, facts, fold, h, icon, inlined, type Child } from './dom.ts';
import { fromBase64, save, toBase64url } from './files.ts';
import { ago, amount, day, DAY, minute, moment, percent, quantity, whole } from './format.ts';
import { keyWords, readPath, thingWords } from './gs1.ts';
import { describeEvent, type Fields } from './record.ts';
import { tell, type Certificate, type Recall, type Step, type Story } from './story.ts';
import { page, trust, trustPanel } from './trust.ts';
import { ages, check, refusedBanner, signers, type Outcome } from './verdict.ts';
import { count, isWord, named, start, t, type Word } from './words.ts';

const lot = page.lot ?? '';
const evidence = fromBase64(inlined<string>('evidence') ?? '');
let outcome: Outcome | undefined;
let story: Story | undefined;

/** Every browser takes links of so many characters. */
const longestLink = 64_000;

function verifyAgain(): void {
  outcome = evidence && check(evidence);
  story = outcome && 'verdict' in outcome && trust ? tell(outcome.verdict, lot, trust) : undefined;
}

function draw(): void {
  const now = Date.now();
  const main = byId('story');
  const { title, parts } = content(now);
  document.title = `${title} · Carya`;
  main.dataset['ms'] = outcome?.ms.toFixed(1) ?? '';
  main.dataset['verdict'] = page.unknown ? 'unknown' : !outcome ? 'none' : 'refusal' in outcome ? outcome.refusal.reason : story ? 'proven' : 'other';
  document.body.classList.toggle('refused', !story && !page.unknown);
  main.replaceChildren(...(parts.filter(Boolean) as Node[]));
  byId('trust-panel').replaceChildren();
  if (!page.unknown) {
    byId('trust-panel').append(trustPanel(now, () => {
      verifyAgain();
      draw();
    }));
  }
}

function content(now: number): { title: string; parts: Child[] } {
  const thing = readPath(lot);
  const number = thing.kind === 'LGTIN' ? t('lotNumber', thing.qualifier) : thingWords(thing);
  if (page.unknown) return { title: t('unknownLot'), parts: [stop(t('unknownLot'), t('unknownLotSays', page.node || t('aNode'), lot), 'care')] };
  if (!outcome) return { title: number, parts: [stop(t('notProven'), trust ? t('noEvidence') : t('trustNone'), 'no')] };
  if ('refusal' in outcome) {
    return { title: t('notProven'), parts: [h('p.eyebrow', number), refusedBanner(t('notProven'), outcome.refusal), h('p', t('noStory')), buttons()] };
  }
  if (!story) return { title: number, parts: [stop(t('notProven'), t('otherLot', lot), 'no'), buttons()] };
  return { title: `${titleOf(story)}, ${number}`, parts: told(story, outcome.verdict, now) };
}

const stop = (title: string, says: string, shape: 'no' | 'care'): HTMLElement =>
  h(shape === 'no' ? 'div.banner.bad' : 'div.banner.care', { role: 'alert' }, icon(shape), h('div', h('h2', { tabindex: '-1' }, title), h('p', says)));

const nameOf = (member: string): string => story?.names.get(member) || member;

const titleOf = (s: Story): string => s.product?.text('name') || keyWords(s.key);

function told(s: Story, v: Verdict, now: number): Child[] {
  const thing = readPath(lot);
  return [
    h('header.title',
      h('h1', titleOf(s)),
      h('p.eyebrow', [t('lotNumber', thing.qualifier || thing.primary), thing.kind === 'LGTIN' && t('gtin', thing.primary)].filter(Boolean).join(' · ')),
      h(isRecalled(s) ? 'p.verified.muted' : 'p.verified', icon('yes'), h('a', { href: '#checked' }, t('summarySigned', v.validators.filter((x) => x.signed).length)))),
    recallStatus(s, now),
    ...warnings(s, now),
    h('section.panel.summary', summary(s)),
    h('section', { 'aria-labelledby': 'story-title' },
      h('h2', { id: 'story-title' }, t('story')),
      h('p.muted', count(s.steps.length, 'oneStep', 'steps')),
      h('ol.timeline', ...s.steps.map(stepItem)),
      s.aside.length > 0 && fold(t('otherEvents', count(s.aside.length, 'oneEvent', 'events')),
        h('p', t('otherEventsSays')), h('ul.plain', ...s.aside.map((step) => h('li', `${day(step.when)}: ${deedOf(step)}, ${keyWords(step.key)}, ${nameOf(step.event.member)}`))))),
    s.certificates.length > 0 && h('section', h('h2', t('certificates')), ...s.certificates.map((c) => certificateCard(c, s))),
    s.plots.length > 0 && h('section', h('h2', t('plots')), ...s.plots.map(({ key, record }) => plotCard(key, record))),
    missing(s),
    h('section.panel.checked', { id: 'checked' },
      h('h2', icon('yes'), t('verifiedHere')),
      h('p', t('verifiedSays', v.validators.filter((x) => x.signed).length, percent(v.powerSigned, v.powerTotal))),
      fold(t('byWhom'), ...signers(v)),
      fold(t('howOld'), ...ages(v, now)),
      fold(t('whatNot'), h('ul.limits', ...limits(s).map((says) => h('li', icon('gone'), h('span', says))))),
      h('p.muted', t('keepSays')),
      buttons()),
  ];
}

function limits(s: Story): string[] {
  return [t('limitShop'), t('limitGoods'), t('limitHistory'), t('limitLater', s.height, moment(s.time)), t('limitCollusion')];
}

const openRecalls = (s: Story): Recall[] => s.recalls.filter((r) => !r.record?.number('closed'));
const isRecalled = (s: Story): boolean => s.overfull || openRecalls(s).length > 0;

/** The first thing that a shopper has to know. */
function recallStatus(s: Story, now: number): HTMLElement {
  if (!isRecalled(s)) {
    return h('div.banner.good.recall', { role: 'status' }, icon('yes'),
      h('div', h('h2', t('noRecall')), h('p', t('noRecallSays', moment(s.time), ago(s.time, now)))));
  }
  return h('div.banner.bad.recall', { role: 'alert' }, icon('no'),
    h('div', h('h2', t('recalled')),
      s.overfull && h('p', t('recalledTooMany')),
      ...openRecalls(s).map(openRecall),
      h('p.muted', t('noRecallSays', moment(s.time), ago(s.time, now)))));
}

function openRecall({ ref, record }: Recall): HTMLElement {
  if (!record) return h('p', t('recalledUnknown'), ' ', code(ref));
  const word = `recalledClass${record.number('class')}`;
  return h('div',
    h('p.strong', record.text('reason')),
    isWord(word) && h('p', t(word)),
    h('p', t('recalledBy', nameOf(ref.split('/')[0]!), moment(record.number('opened')))),
    h('p', t('recallOf', record.texts('things').slice(0, 5).map(keyWords).join(', '))));
}

function warnings(s: Story, now: number): Child[] {
  return [
    now - s.time > DAY && h('p.note', icon('care'), h('span', t('stale', moment(s.time)))),
    s.disputes.some((d) => d.open) && h('p.note', icon('care'), h('span', h('strong', t('disputed')), t('colon'), t('disputedSays'))),
    ...takenAway(s).map((key) => h('p.note', icon('care'), h('span', t('certificateTaken'), t('colon'), keyWords(key)))),
    ...s.recalls.filter((r) => r.record?.number('closed')).map(({ ref, record }) => h('p.note.calm', icon('yes'), h('span',
      t('recallEnded', nameOf(ref.split('/')[0]!), day(record!.number('closed'))), record!.text('note') && t('colon') + record!.text('note')))),
    ...s.lot.at('trace').texts('flags').filter(isWord).filter((f) => f !== 'TOO_LARGE')
      .map((flag) => h('p.note', icon('care'), h('span', t('flagged'), t('colon'), t(flag)))),
  ];
}

/** Certificates behind the lot that were suspended or revoked, and not restored since. */
function takenAway(s: Story): string[] {
  return s.revoked.filter((key) => !s.certificates.some((c) => c.key === key && statusOf(c.record, s.time).status === 'VALID'));
}

/** The standards that the lot was made under, but for those whose certificate was taken away; "" is one that is not shown. */
function standards(s: Story): string[] {
  const lost = takenAway(s).map((key) => s.certificates.find((c) => c.key === key)?.record.text('standard') ?? '');
  return lost.includes('') ? [] : s.lot.at('trace').texts('claims').filter((standard) => !lost.includes(standard));
}

function summary(s: Story): HTMLElement {
  const unit = s.lot.text('unit');
  const made = amount(s.lot.number('produced'), unit);
  const rows: [Child, Child][] = [
    [t('producer'), nameOf(s.lot.text('owner'))],
    [t('quantity'), s.lot.number('net') ? t('each', made, amount(s.lot.number('net'), s.lot.text('netUnit'))) : made],
  ];
  if (s.plots.length > 0) rows.unshift([t('origin'), s.plots.map(({ key, record }) => record.text('name') || keyWords(key)).join(', ')]);
  const harvest = s.steps.find((step) => isHarvest(step));
  if (harvest) rows.push([t('harvestedOn'), day(harvest.when)]);
  const making = s.steps.find((step) => step.capture?.outs.some((p) => 'lot/' + p.thing.path === s.key));
  if (making?.capture) rows.push([t(deed(making.capture, false).word === 'filled' ? 'packedOn' : 'madeOn'), day(making.when)]);
  const claims = standards(s);
  if (claims.length > 0) rows.push([t('soldUnder'), claims.map(named).join(', ')]);
  return facts(rows);
}

/** A lot without anything behind it, from a plot that its record names. */
function isHarvest(step: Step): boolean {
  return step.capture?.type === 'ObjectEvent' && step.capture.action === 'ADD' && (story?.plots.length ?? 0) > 0;
}

const stepWords: Record<string, Word> = {
  OfferLot: 'offered', AcceptLot: 'handedOver', RejectLot: 'offerEnded', SettleLot: 'settled', OfferUnit: 'offered', AcceptUnit: 'handedOver',
  RejectUnit: 'offerEnded', OpenRecall: 'recallOpened', CloseRecall: 'recallClosed',
};

/** What a step did, as a title. */
function deedOf(step: Step): string {
  const c = step.capture;
  if (!c) {
    const word = stepWords[step.event.kind];
    return word ? t(word) : describeEvent(step.event.kind, step.body);
  }
  const { word, custom } = deed(c, isHarvest(step));
  return t(word, custom || (c.parent ? thingWords(c.parent) : ''));
}

function stepItem(step: Step): HTMLElement {
  const e = step.event;
  const item = h('li',
    h('p.when', h('time', { datetime: new Date(step.when).toISOString() }, day(step.when))),
    h('h3', deedOf(step)),
    ...flows(step),
    step.withdrawn && h('p.note', icon('care'), h('span', t('takenBack'))),
    h('p.signed', icon('yes'), h('span', t('signedByOne', nameOf(e.member)), h('small', t('recordedAt', minute(e.time))))),
    fold(t('details'), ...details(step)));
  if (e.kind === 'OpenRecall' || e.kind === 'ChangeCertificate' || step.capture?.error || step.withdrawn) item.classList.add('bad');
  return item;
}

/** What went in and came out, in a few words. */
function flows(step: Step): Child[] {
  const c = step.capture;
  if (!c) {
    const { body, event } = step;
    const says = event.kind === 'OpenRecall' || event.kind === 'CloseRecall' ? body.text('reason') || body.text('note') : stepWords[event.kind] && describeEvent(event.kind, body);
    return [says ? h('p', says) : null];
  }
  if (c.type === 'TransformationEvent') {
    return [h('p.flow', h('span', partsSay(c.ins)), h('span.arrow', '→'), h('span', partsSay(c.outs)))];
  }
  const parts = partsSay(c.about);
  return [parts ? h('p', parts) : null];
}

const mostParts = 4;

function partsSay(parts: Part[]): string {
  const said = parts.slice(0, mostParts).map((p) => (p.quantity ? t('of', quantity(p.quantity, p.unit), thingWords(p.thing)) : thingWords(p.thing)));
  if (parts.length > mostParts) said.push('+ ' + whole(parts.length - mostParts));
  return said.join(', ');
}

function details(step: Step): Child[] {
  const { event: e, capture: c } = step;
  const rows: [Child, Child][] = [];
  if (c) rows.push([t('happened'), moment(c.time)]);
  rows.push([t('recordedIn'), t('inBlock', e.height, moment(e.time))]);
  if (c?.place) rows.push([t('where'), thingWords(c.place)]);
  if (c) rows.push(...parties(c));
  for (const certificate of c?.certificates ?? []) rows.push([t('underCertificate'), thingWords(certificate)]);
  for (const note of c?.notes ?? []) rows.push([note[0], note[1]]);
  for (const sensor of c?.sensors ?? []) rows.push([sensorName(sensor), sensorSays(sensor)]);
  for (const paper of c?.papers ?? []) rows.push([t('papers'), [paper.type, ' ', code(paper.id)]]);
  rows.push([t('transactionDigest'), h('code.hash', e.tx)]);
  return [facts(rows), c && fold(t('wholeEvent'), h('pre', JSON.stringify(JSON.parse(c.json), null, 1)))];
}

function parties(c: Capture): [Child, Child][] {
  const say = (word: Word, list: Capture['sources']): [Child, Child][] => list.map((p) => [t(word), thingWords(p.thing)]);
  return [...say('from', c.sources), ...say('to', c.destinations)];
}

const sensorName = (s: Sensor): string => (isWord(s.type) ? t(s.type) : s.type || t('measured'));

function sensorSays(s: Sensor): string {
  const unit = s.unit === 'CEL' ? '°C' : s.unit === 'P1' ? '%' : s.unit;
  const time = s.from && s.to ? `, ${t('until', day(Date.parse(s.from)), day(Date.parse(s.to)))}` : '';
  return `${s.values} ${unit}`.trim() + time;
}

interface Status {
  status: 'VALID' | 'SUSPENDED' | 'REVOKED' | 'EXPIRED' | 'NOT_YET';
  since: number;
  reason: string;
}

/** The status of a certificate at a time: the last change that was in effect counts. */
function statusOf(record: Fields, at: number): Status {
  let now: Status = { status: 'VALID', since: 0, reason: '' };
  for (const c of record.list('changes')) {
    if (c.number('effective') <= at) now = { status: c.text('status') as Status['status'], since: c.number('effective'), reason: c.text('reason') };
  }
  if (now.status !== 'VALID') return now;
  if (at > record.number('until')) return { ...now, status: 'EXPIRED' };
  return at < record.number('from') ? { ...now, status: 'NOT_YET' } : now;
}

function certificateCard({ key, record }: Certificate, s: Story): HTMLElement {
  const { status, since, reason } = statusOf(record, s.time);
  const says = since && status !== 'VALID' ? t('sinceWhen', t(status), day(since), reason || '–') : t(status);
  const good = status === 'VALID';
  const id = readPath(key.slice('certificate/'.length));
  return h(good ? 'div.card.good' : 'div.card.bad',
    h('h3', icon(good ? 'yes' : 'no'), named(record.text('standard'))),
    facts([
      [t('status'), says],
      [t('issuedBy'), nameOf(record.text('issuer'))],
      [t('issuedTo'), nameOf(record.text('subject'))],
      [t('validity'), t('until', day(record.number('from')), day(record.number('until')))],
      [t('serial'), [id.primary, id.qualifier].join('')],
    ]));
}

function plotCard(key: string, record: Fields): HTMLElement {
  return h('div.card',
    h('h3', record.text('name') || keyWords(key)),
    h('p.muted', keyWords(key), ' · ', nameOf(record.text('owner'))),
    h('ul.plain', ...record.list('seasons').map((season) => h('li', t('seasonCap', amount(season.number('cap'), season.text('unit')),
      day(season.number('from')), day(season.number('until')), amount(season.number('used'), season.text('unit')))))));
}

function missing(s: Story): Child {
  if (s.missing.length + s.absent.length === 0) return null;
  return h('section.panel.missing',
    h('h2', t('missing')),
    h('p', t('missingSays')),
    h('ul', ...s.missing.map((m) => h('li', t(m.history ? 'missingHistory' : 'missingRecord', keyWords(m.key)))),
      ...s.absent.map((key) => h('li', t('absentInLedger', keyWords(key))))));
}

function buttons(): HTMLElement {
  const element = h('p.buttons', h('button', { type: 'button', click: () => save(`lot-${lot.replace(/[^A-Za-z0-9._-]/g, '_')}.evidence`, evidence!) }, t('saveEvidence')));
  const link = evidence && '#' + toBase64url(evidence);
  const base = /^https?:/.test(page.node) ? page.node.replace(/\/$/, '') : location.protocol.startsWith('http') ? '' : undefined;
  if (base === undefined) element.append(h('span.muted', t('saveForCheck')));
  else if (link && link.length <= longestLink) element.append(h('a.button', { href: base + '/verify' + link }, t('openInCheck')));
  else element.append(h('span.muted', t('linkTooLong')));
  return element;
}

verifyAgain();
start(draw);
