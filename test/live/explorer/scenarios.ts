import {
  backfill,
  cas,
  completeLate,
  copyAway,
  crash,
  create,
  del,
  get,
  goBack,
  list,
  phases,
  put,
  resume,
  stop,
  writingBack,
  type Scenario,
} from './scenario.ts';
import type { VARIANTS } from './variants.ts';

export interface Explored extends Scenario {
  /** Tried in every check; 2 where absent. More are a matter of minutes and hours. */
  readonly preemptions?: number;
  /** Broken variants that are to be caught here. */
  readonly catches?: readonly (keyof typeof VARIANTS)[];
}

const toNew = phases('switching', 'pending');

const MOVING: readonly Explored[] = [
  {
    name: 'delete beside copy and reads',
    actors: [[del()], [backfill], [get(), get(), get()]],
    catches: [
      'fallback without reading the record',
      'no intent: a copy may run under a delete',
      'no second look at new once touched',
      'the copy ignores the record',
    ],
  },
  {
    name: 'put beside copy and reads',
    actors: [[put('v1')], [backfill], [get(), get(), get()]],
    catches: ['the copy overwrites'],
  },
  {
    name: 'put then delete, copy, reads',
    actors: [[put('v1'), del()], [backfill], [get(), get()]],
    catches: ['delete in new before the record'],
  },
  { name: 'delete then put, copy, reads', actors: [[del(), put('v1')], [backfill], [get(), get()]] },
  {
    name: 'put and delete at once, copy, reads',
    preemptions: 1,
    actors: [[put('v1')], [del()], [backfill], [get(), get()]],
    catches: ['a delete removes from new what it did not see there'],
  },
  { name: 'two deletes and a put, reads', preemptions: 1, actors: [[del()], [del(1)], [put('v1')], [get(), get()]] },
  {
    name: 'delete twice beside two copies',
    preemptions: 1,
    actors: [[del(), put('v1'), del()], [backfill], [backfill], [get()]],
  },
  {
    name: 'conditional put beside delete, copy, reads',
    preemptions: 1,
    actors: [[cas('v0', 'v2')], [del()], [backfill], [get()]],
    catches: ['no promotion before what depends on the object'],
  },
  { name: 'conditional put beside put, copy, reads', actors: [[cas('v0', 'v2')], [put('v1')], [backfill], [get()]] },
  {
    name: 'two conditional puts, delete',
    preemptions: 1,
    actors: [[cas('v0', 'v2')], [cas('v0', 'v3', 1)], [del()], [get()]],
  },
  { name: 'put if absent beside delete and copy', actors: [[del(), create('v1', 1)], [create('v2')], [backfill]] },
  { name: 'copy to another key beside put, delete and copy', actors: [[put('v1'), del()], [copyAway(1)], [backfill]] },
  {
    name: 'early upload, put, reads',
    actors: [[completeLate('u')], [put('v1')], [get(), get(), get()]],
    catches: ['the record is read before old instead of after', 'an early upload is completed in sight of readers'],
  },
  {
    name: 'early upload, delete, copy, reads',
    preemptions: 1,
    actors: [[completeLate('u')], [del()], [backfill], [get(), get()]],

    catches: ['claims are not exclusive'],
  },
  { name: 'early upload, put then delete, reads', actors: [[completeLate('u')], [put('v1'), del()], [get(), get()]] },
  {
    name: 'two early uploads, reads',
    actors: [[completeLate('u')], [completeLate('x', 1)], [get(), get()]],
  },
  { name: 'early upload, conditional put, reads', actors: [[completeLate('u')], [cas('v0', 'v2')], [get(), get()]] },
  {
    name: 'nothing on old: early upload, delete, reads',
    old: null,
    actors: [[completeLate('u')], [del()], [get(), get()]],
  },
  {
    name: 'listings beside put and delete',
    actors: [[put('v1'), del()], [backfill], [list(), list(1)]],
    catches: ['a listing reads no record'],
  },
  { name: 'listings beside an early upload', actors: [[completeLate('u')], [list(), get(1), list(1)]] },
  { name: 'listings beside a delete and a put', actors: [[del(), put('v1')], [del(1)], [list(), get(1), list()]] },
  {
    name: 'new knows no create-only write: put beside copy and reads',
    newCapabilities: { writeIfAbsent: false },
    actors: [[put('v1'), del()], [backfill], [get(), get()]],
  },
  {
    name: 'new knows no create-only write: two puts beside a conditional one',
    preemptions: 1,
    newCapabilities: { writeIfAbsent: false },
    actors: [[put('v1')], [put('v3', 1)], [cas('v0', 'v2')], [get()]],
  },
];

const SWITCHING: readonly Explored[] = [
  {
    name: 'switch: puts on both gateways, reads',
    preemptions: 1,
    phase: 'tracking',
    actors: [[toNew], [put('v1', 0), put('v2', 0)], [put('v3', 1)], [get(1), get(1)]],
  },
  {
    name: 'switch: a put on each gateway, reads by each',
    phase: 'tracking',
    actors: [[toNew], [put('v1', 0)], [put('v2', 1)], [get(0), get(1)]],
    catches: ['the switch without a hold'],
  },
  {
    name: 'switch: delete and put, reads',
    preemptions: 1,
    phase: 'tracking',
    actors: [[toNew], [put('v1', 0)], [del(1)], [get(0), get(1)]],
  },
  {
    name: 'switch: a slow put on old lands late, put and delete on new, reads',
    preemptions: 1,
    phase: 'tracking',
    actors: [[toNew], [put('v1', 0)], [put('v2', 1), del(1)], [get(1), get(1)]],
  },
  {
    name: 'switch: a slow delete on old lands late, put on new, reads',
    preemptions: 1,
    phase: 'tracking',
    actors: [[toNew], [del(0)], [put('v2', 1)], [get(1), get(0)]],
  },
  {
    name: 'switch: slow put on old, conditional put on new',
    preemptions: 1,
    phase: 'tracking',
    actors: [[toNew, backfill], [put('v1', 0)], [cas('v1', 'v2', 1)], [get(1)]],
  },
  {
    name: 'switch, then copy, beside a slow put and reads',
    phase: 'tracking',
    actors: [[toNew, backfill], [put('v1', 0)], [get(1), get(1)]],
    catches: ['the copy does not wait for what is in flight on old'],
  },
  {
    name: 'switch: reads by both while one is released',
    preemptions: 1,
    phase: 'tracking',
    actors: [[toNew], [put('v1', 0)], [get(1), get(1)], [get(0), get(1)]],

    catches: ['a gateway that holds reads only old'],
  },
];

const BACK: readonly Explored[] = [
  {
    name: 'back: puts and reads',
    preemptions: 1,
    actors: [[goBack], [put('v1', 0)], [put('v2', 1)], [get(0), get(1)]],

    catches: ['writes to new are not recorded', 'gateways go back to old while others still read new'],
  },
  {
    name: 'back: put then delete, reads',
    actors: [[goBack], [put('v1', 0), del(0)], [get(1), get(1)]],
  },
  { name: 'back: delete, then put, reads', actors: [[goBack], [del(0), put('v1', 1)], [get(1), get(0)]] },
  { name: 'back: conditional puts', actors: [[goBack], [cas('v0', 'v1', 0)], [cas('v0', 'v2', 1), get(1)]] },
  {
    name: 'back: an early upload and reads',
    preemptions: 1,
    actors: [[goBack], [completeLate('u', 0)], [put('v1', 1)], [get(1), get(0)]],
  },
  {
    name: 'write-back beside puts, then back',
    preemptions: 1,
    fine: true,
    actors: [[put('v1', 0), goBack], [writingBack(2)], [put('v2', 1)], [get(1)]],

    catches: ['write-back takes no claim', 'write-back settles what was written since'],
  },
  {
    name: 'write-back beside an early upload',
    preemptions: 1,
    fine: true,
    actors: [[put('v1', 0)], [completeLate('u', 0)], [writingBack()], [get(1)]],

    catches: ['an early upload lets go of the key before it has ended'],
  },
];

const CRASHING: readonly Explored[] = [
  {
    name: 'crash: a delete, copy, reads',
    fine: true,
    mortal: [0],
    actors: [[del(0)], [crash], [backfill], [get(1), get(1)]],
  },
  {
    name: 'crash: an early upload, completed again; put, reads',
    preemptions: 1,
    fine: true,
    mortal: [0],
    actors: [[completeLate('u', 0)], [crash, completeLate('u', 1)], [put('v1', 1)], [get(1), get(1)]],
  },
  {
    name: 'crash: a conditional put that promotes, delete, reads',
    preemptions: 1,
    fine: true,
    mortal: [0],
    actors: [[cas('v0', 'v1', 0)], [crash], [del(1)], [get(1), get(1)]],

    catches: ['what a dead process held is given to others at once'],
  },
  {
    name: 'crash: a put on old before the switch, copy, reads',
    phase: 'tracking',
    mortal: [0],
    actors: [[put('v1', 0)], [crash, toNew, backfill], [put('v2', 1)], [get(1), get(1)]],
  },
  {
    name: 'crash: a put on new, then back',
    catches: ['a write is recorded only when it has ended'],
    fine: true,
    mortal: [0],
    actors: [[put('v1', 0)], [crash, goBack], [get(1), get(1)]],
  },
  {
    name: 'crash: an early upload, then back',
    fine: true,
    mortal: [0],
    actors: [[completeLate('u', 0)], [crash, goBack], [put('v1', 1), get(1)]],
  },
];

const FINAL: readonly Explored[] = [
  {
    name: 'final: a put if absent begun before, delete, reads',
    actors: [[backfill, phases('verifying', 'migrated', 'finalised')], [create('v1', 0)], [del(1), get(1)]],
    catches: ['promotion goes on until the move is final'],
  },
  {
    name: 'final: an early upload begun before, delete, reads',
    actors: [[backfill, phases('verifying', 'migrated', 'finalised')], [completeLate('u', 0)], [del(1), get(1)]],
  },
  {
    name: 'final: delete, put, reads',
    actors: [
      [backfill, phases('verifying', 'migrated', 'finalised')],
      [del(0), put('v1', 1)],
      [get(0), get(1)],
    ],
  },
];

const STOPPED: readonly Explored[] = [
  {
    name: 'stop: a put and a read while the bucket is switched and copied',
    phase: 'tracking',
    deaf: true,
    mortal: [0],
    actors: [
      [put('v1', 0), get(0)],
      [stop, toNew, backfill, resume],
      [get(1), get(1)],
    ],
    catches: ['a gateway does not notice that it was stopped'],
  },
  {
    name: 'stop: a read while the bucket is switched and written to',
    phase: 'tracking',
    deaf: true,
    mortal: [0],
    actors: [[get(0), get(0)], [stop, toNew, put('v2', 1), resume], [get(1)]],
  },
  {
    name: 'stop: a put and a delete on new while everything goes back',
    deaf: true,
    fine: true,
    mortal: [0],
    actors: [
      [put('v1', 0), del(0)],
      [stop, goBack, resume],
      [get(1), get(1)],
    ],
  },
  {
    name: 'stop: a conditional put while others delete',
    deaf: true,
    mortal: [0],
    actors: [[cas('v0', 'v1', 0)], [stop, del(1), resume], [get(1), get(1)]],
  },
];

export const SCENARIOS: readonly Explored[] = [...MOVING, ...SWITCHING, ...BACK, ...CRASHING, ...FINAL, ...STOPPED];
