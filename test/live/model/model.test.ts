import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  completeEarly,
  copy,
  del,
  exchange,
  fresh,
  get,
  goBack,
  put,
  switchOver,
  tryAll,
  writeBack,
  type Action,
  type Rules,
  type State,
} from './model.ts';

type Processes = readonly (readonly Action[])[];

const reads = (count: number, gateway = 0): Action[] => Array.from({ length: count }, () => get(gateway));
const before = (): State => fresh({ modes: ['old', 'old'] });

const SCENARIOS: Readonly<Record<string, { readonly processes: Processes; readonly start?: () => State }>> = {
  'delete beside copy and reads': { processes: [[del()], [copy()], reads(3)] },
  'put beside copy and reads': { processes: [[put('v1')], [copy()], reads(3)] },
  'put then delete, copy, reads': { processes: [[put('v1'), del()], [copy()], reads(2)] },
  'delete then put, copy, reads': { processes: [[del(), put('v1')], [copy()], reads(2)] },
  'put and delete at once, copy, reads': { processes: [[put('v1')], [del()], [copy()], reads(2)] },
  'delete twice beside two copies': { processes: [[del(), put('v1'), del()], [copy()], [copy()], reads(1)] },
  'a conditional put beside delete and copy': { processes: [[exchange('v0', 'v2')], [del()], [copy()], reads(1)] },
  'two conditional puts': { processes: [[exchange('v0', 'v2')], [exchange('v0', 'v3')], reads(2)] },
  'an early upload beside put': { processes: [[completeEarly('u')], [put('v1')], reads(3)] },
  'an early upload beside delete and copy': { processes: [[completeEarly('u')], [del()], [copy()], reads(1)] },
  'two early uploads': { processes: [[completeEarly('u')], [completeEarly('x')], reads(2)] },
  'switch: puts on both gateways': {
    processes: [[switchOver()], [put('v1', 0)], [put('v2', 1)], reads(1, 0), reads(1, 1)],
    start: before,
  },
  'switch: delete and put': { processes: [[switchOver()], [del(0)], [put('v2', 1)], reads(2, 1)], start: before },
  'switch: reads of who holds': { processes: [[switchOver()], [put('v1', 0)], reads(3, 1), reads(1)], start: before },
  'switch, then copy': { processes: [[switchOver(), copy()], [put('v1', 0)], reads(2, 1)], start: before },
  'back: puts on both gateways': { processes: [[goBack()], [put('v1', 0)], [put('v2', 1)], reads(1), reads(1, 1)] },
  'back: put, then delete': { processes: [[goBack()], [put('v1', 0), del(0)], reads(2, 1)] },
  'back: an early upload': { processes: [[goBack()], [completeEarly('u')], reads(2, 1)] },
  'back: a delete beside write-back': { processes: [[goBack()], [del(0)], [writeBack()], reads(2, 1)] },
  'back: puts beside write-back': { processes: [[put('v1', 0), goBack()], [writeBack()], [put('v2', 1)], reads(1, 1)] },
  'write-back beside an early upload': { processes: [[put('v1')], [completeEarly('u')], [writeBack()], reads(2)] },
};

/** Which rule is broken, and where it shows. */
const BROKEN: readonly (readonly [keyof Rules, string])[] = [
  ['noRecord', 'delete beside copy and reads'],
  ['recordFirst', 'an early upload beside put'],
  ['noSecondLook', 'delete beside copy and reads'],
  ['deleteFirst', 'put then delete, copy, reads'],
  ['deletesUnseen', 'put and delete at once, copy, reads'],
  ['noIntent', 'delete beside copy and reads'],
  ['sharedClaims', 'an early upload beside delete and copy'],
  ['copyIgnoresRecord', 'delete beside copy and reads'],
  ['copyOverwrites', 'put beside copy and reads'],
  ['uploadInSight', 'an early upload beside put'],
  ['noHold', 'switch: puts on both gateways'],
  ['noDrain', 'switch, then copy'],
  ['heldReadsOld', 'switch: reads of who holds'],
  ['noReturning', 'back: puts on both gateways'],
  ['settlesBlindly', 'back: puts beside write-back'],
  ['returnsDirty', 'back: put, then delete'],
];

describe('the rules, in every order', () => {
  for (const [name, { processes, start }] of Object.entries(SCENARIOS))
    test(name, (t) => {
      const { bad, states, endings } = tryAll(processes, {}, start?.() ?? fresh());
      t.diagnostic(`${states} states, ${endings} endings`);
      assert.equal(bad, undefined, bad);
    });
});

describe('each rule is needed', () => {
  for (const [rule, where] of BROKEN)
    test(`${rule}: ${where}`, () => {
      const { processes, start } = SCENARIOS[where]!;
      const { bad } = tryAll(processes, { [rule]: true }, start?.() ?? fresh());
      assert.match(bad ?? 'nothing', /^not linearizable/);
    });
});
