/**
 * The rules of a moving bucket for one key, as small as they can be written: what `gateway/migrate/rules.ts` and
 * `route.ts` do, one request or record at a time. Every order of the steps of a few processes is tried, and each history
 * judged. The explorer does the same with the code itself, and with processes that die or stand still, and is slower: what
 * is to be changed is tried here first.
 */
import { judge, tell, type Done, type Operation, type Value } from '../history.ts';

/** Everything processes share. */
export interface State {
  old: Value;
  new: Value;
  touched: boolean;
  intents: number;
  claims: number;
  /** Mutations on their way to old, and writes on their way to new. */
  onOld: number;
  onNew: number;
  /** Old may lack what new has; grows with each write, 0 where it lacks nothing. */
  dirty: number;
  /** How each gateway serves. */
  modes: Mode[];
}

/** `returning`: mutations are held and old alone is read. */
export type Mode = 'old' | 'held' | 'both' | 'returning';

/** What a process knows between its steps. */
export interface Local {
  value?: Value;
  found?: boolean;
  sequence?: number;
  done?: Done;
}

export const END = -1;
export const WAIT = 'wait';

/** One atomic step: changes the state, and tells which step is next. */
export type Step = (state: State, me: Local, rules: Rules) => number | typeof WAIT;

export interface Action {
  readonly name: string;
  readonly steps: readonly Step[];
  /** A client's: what it did where nobody knows better. */
  readonly done?: Done;
}

/** Each true breaks one rule. */
export interface Rules {
  readonly noRecord?: boolean;
  readonly recordFirst?: boolean;
  readonly noSecondLook?: boolean;
  readonly deleteFirst?: boolean;
  readonly deletesUnseen?: boolean;
  readonly noIntent?: boolean;
  readonly sharedClaims?: boolean;
  readonly copyIgnoresRecord?: boolean;
  readonly copyOverwrites?: boolean;
  readonly uploadInSight?: boolean;
  readonly noHold?: boolean;
  readonly noDrain?: boolean;
  readonly heldReadsOld?: boolean;
  readonly noReturning?: boolean;
  readonly settlesBlindly?: boolean;
  readonly returnsDirty?: boolean;
}

export const fresh = (more: Partial<State> = {}): State => ({
  old: 'v0',
  new: null,
  touched: false,
  intents: 0,
  claims: 0,
  onOld: 0,
  onNew: 0,
  dirty: 0,
  modes: ['both', 'both'],
  ...more,
});

// ---- what clients do

export const get = (gateway = 0): Action => ({
  name: `GET by ${gateway}`,
  done: { kind: 'read', value: null },
  steps: [
    (s, me, r) => {
      const mode = s.modes[gateway]!;
      if (mode === 'old' || mode === 'returning' || (mode === 'held' && r.heldReadsOld)) return saw(me, s.old);
      return s.new !== null ? saw(me, s.new) : 1;
    },
    (s, me, r) => {
      if (r.recordFirst) return s.touched ? 3 : 4;
      me.value = s.old;
      return r.noRecord ? saw(me, s.old) : 2;
    },
    (s, me, r) => {
      if (!s.touched) return saw(me, me.value!);
      return r.noSecondLook ? saw(me, null) : 3;
    },
    (s, me) => saw(me, s.new),
    (s, me) => saw(me, s.old),
  ],
});

export const put = (value: string, gateway = 0): Action => ({
  name: `PUT ${value} by ${gateway}`,
  done: { kind: 'write', value },
  steps: [
    starting(gateway, 1, 3),
    (s) => {
      s.new = value;
      return 2;
    },
    ended,
    (s) => {
      s.old = value;
      s.onOld--;
      return END;
    },
  ],
});

export const del = (gateway = 0): Action => ({
  name: `DELETE by ${gateway}`,
  done: { kind: 'write', value: null },
  steps: [
    starting(gateway, 1, 7),
    (s, _me, r) => {
      if (s.touched) return 5;
      if (!r.noIntent) s.intents++;
      return r.deleteFirst ? 5 : 2;
    },
    (s, _me, r) => (s.claims > 0 && !r.noIntent ? WAIT : 3),
    (s, me, r) => {
      me.found = s.new !== null || r.deletesUnseen === true;
      return 4;
    },
    (s, me, r) => {
      s.touched = true;
      if (!r.noIntent) s.intents--;
      return me.found && !r.deleteFirst ? 5 : 6;
    },
    (s, _me, r) => {
      s.new = null;
      return r.deleteFirst && !s.touched ? 4 : 6;
    },
    ended,
    (s) => {
      s.old = null;
      s.onOld--;
      return END;
    },
  ],
});

/** PUT If-Match: what is there is promoted, and then the condition is new's. */
export const exchange = (from: string, value: string, gateway = 0): Action => {
  const done = (held: boolean): Done => ({ kind: 'conditional', value, when: (present) => present === from, held });
  return {
    name: `PUT ${value} if ${from} by ${gateway}`,
    done: done(true),
    steps: [
      (s) => {
        if (s.modes[gateway] !== 'both') return WAIT;
        s.onNew++;
        s.dirty++;
        return 1;
      },
      ...copying(1, 5),
      (s, me) => {
        me.done = done(s.new === from);
        if (s.new === from) s.new = value;
        return 6;
      },
      ended,
    ],
  };
};

/** An upload begun before the switch is completed. */
export const completeEarly = (value: string): Action => ({
  name: `COMPLETE ${value}`,
  done: { kind: 'write', value },
  steps: [
    starting(0, 1, 8),
    (s, _me, r) => {
      if (r.uploadInSight) return 4;
      if (!mayClaim(s, r)) return WAIT;
      s.claims++;
      return s.touched ? 4 : 2;
    },
    (s, me) => {
      me.value = s.old;
      return 3;
    },
    (s, me) => {
      s.new ??= me.value!;
      s.touched = true;
      return 4;
    },
    (s) => {
      s.old = value;
      return 5;
    },
    (s, me) => {
      me.value = s.old;
      return 6;
    },
    (s, me, r) => {
      s.new = me.value!;
      if (!r.uploadInSight) s.claims--;
      return 7;
    },
    ended,
    (s) => {
      s.old = value;
      s.onOld--;
      return END;
    },
  ],
});

// ---- what is behind

export const copy = (): Action => ({ name: 'copy', steps: copying(0, END) });

/** Old is brought up to date once. */
export const writeBack = (): Action => ({ name: 'write-back', steps: writingBack(0, END) });

/** Both gateways hold, then both are released to new. */
export const switchOver = (): Action => ({
  name: 'switch',
  steps: [
    (s, _me, r) => to(s, 0, r.noHold ? 'both' : 'held', 1),
    (s, _me, r) => to(s, 1, r.noHold ? 'both' : 'held', 2),
    (s) => to(s, 0, 'both', 3),
    (s) => to(s, 1, 'both', END),
  ],
});

/** Both hold, old is brought up to date, both read old, and then both write to it. */
export const goBack = (): Action => ({
  name: 'back',
  steps: [
    (s) => to(s, 0, 'held', 1),
    (s) => to(s, 1, 'held', 2),
    // Acknowledged once nothing is on its way to new.
    (s) => (s.onNew > 0 ? WAIT : 3),
    (s, _me, r) => (s.dirty > 0 && !r.returnsDirty ? 4 : s.claims > 0 ? WAIT : 8),
    ...writingBack(4, 3),
    (s, _me, r) => to(s, 0, r.noReturning ? 'old' : 'returning', 9),
    (s, _me, r) => to(s, 1, r.noReturning ? 'old' : 'returning', 10),
    (s) => to(s, 0, 'old', 11),
    (s) => to(s, 1, 'old', END),
  ],
});

function saw(me: Local, value: Value): number {
  me.done = { kind: 'read', value };
  return END;
}

/** A mutation begins: it waits, or is on its way to one side. */
function starting(gateway: number, toNew: number, toOld: number): Step {
  return (s) => {
    const mode = s.modes[gateway]!;
    if (mode === 'held' || mode === 'returning') return WAIT;
    if (mode === 'old') {
      s.onOld++;
      return toOld;
    }
    s.onNew++;
    s.dirty++;
    return toNew;
  };
}

/** A write on new has ended: what was read of it before may be out of date. */
function ended(s: State): number {
  s.onNew--;
  s.dirty++;
  return END;
}

function mayClaim(s: State, r: Rules): boolean {
  return s.intents === 0 && (s.claims === 0 || r.sharedClaims === true) && (s.onOld === 0 || r.noDrain === true);
}

/** The copy of old's object to new: four steps from `at`. */
function copying(at: number, after: number): Step[] {
  return [
    (s, _me, r) => {
      if (s.touched && !r.copyIgnoresRecord) return after;
      if (!r.copyIgnoresRecord && !mayClaim(s, r)) return WAIT;
      s.claims++;
      return at + 1;
    },
    (s, me) => {
      me.value = s.old;
      return me.value === null ? at + 3 : at + 2;
    },
    (s, me, r) => {
      if (s.new === null || r.copyOverwrites) s.new = me.value!;
      return at + 3;
    },
    (s) => {
      s.claims--;
      return after;
    },
  ];
}

/** New's object, or that there is none, to old: four steps from `at`. */
function writingBack(at: number, after: number): Step[] {
  return [
    (s, me, r) => {
      if (s.dirty === 0) return after;
      if (s.onNew > 0 || !mayClaim(s, r)) return WAIT;
      s.claims++;
      me.sequence = s.dirty;
      return at + 1;
    },
    (s, me) => {
      me.value = s.new;
      return at + 2;
    },
    (s, me) => {
      if (me.value !== null || s.touched) s.old = me.value!;
      return at + 3;
    },
    (s, me, r) => {
      s.claims--;
      if (r.settlesBlindly || (s.dirty === me.sequence && s.onNew === 0)) s.dirty = 0;
      return after;
    },
  ];
}

function to(s: State, gateway: number, mode: Mode, next: number): number {
  s.modes[gateway] = mode;
  return next;
}

// ---- every order

interface Place {
  readonly action: number;
  readonly step: number;
  readonly me: Local | undefined;
}

interface Event {
  readonly process: number;
  readonly action: number;
  readonly done?: Done | undefined;
}

export interface Found {
  readonly states: number;
  readonly endings: number;
  readonly bad?: string | undefined;
}

/** Every order of the steps of these processes, each of which does one action after the other. */
export function tryAll(processes: readonly (readonly Action[])[], rules: Rules, start: State): Found {
  const seen = new Set<string>();
  let endings = 0;
  const left = [
    {
      state: start,
      places: processes.map((): Place => ({ action: 0, step: 0, me: undefined })),
      events: [] as readonly Event[],
    },
  ];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    const { state, places, events } = node;
    let moved = false;
    for (const [process, place] of places.entries()) {
      const action = processes[process]![place.action];
      if (action === undefined) continue;
      const next = structuredClone(state);
      const me: Local = { ...place.me };
      const step = action.steps[place.step]!(next, me, rules);
      if (step === WAIT) continue;
      moved = true;
      let happened = events;
      if (place.me === undefined && action.done !== undefined)
        happened = [...happened, { process, action: place.action }];
      if (step === END && action.done !== undefined)
        happened = [...happened, { process, action: place.action, done: me.done ?? action.done }];
      const at = [...places];
      at[process] = step === END ? { action: place.action + 1, step: 0, me: undefined } : { ...place, step, me };
      const following = { state: next, places: at, events: happened };
      const key = JSON.stringify(following);
      if (seen.has(key)) continue;
      seen.add(key);
      left.push(following);
    }
    if (moved) continue;
    endings++;
    const bad = verdict(processes, places, events, start);
    if (bad !== undefined) return { states: seen.size, endings, bad };
  }
  return { states: seen.size, endings };
}

function verdict(
  processes: readonly (readonly Action[])[],
  places: readonly Place[],
  events: readonly Event[],
  start: State,
): string | undefined {
  const stuck = places.findIndex(({ action }, process) => action < processes[process]!.length);
  // Write-back of what is clean, or after everything went back, has nothing to wait for.
  if (stuck >= 0 && processes[stuck]![places[stuck]!.action]!.name !== 'write-back')
    return `deadlock: ${processes[stuck]![places[stuck]!.action]!.name}`;
  const operations: Operation[] = [];
  for (const [at, { process, action, done }] of events.entries()) {
    const { name, done: meant } = processes[process]![action]!;
    if (done === undefined) {
      const end = events.findIndex((other) => other.process === process && other.action === action && other.done);
      operations.push({ name, start: at, end: end < 0 ? Infinity : end, done: events[end]?.done ?? meant! });
    }
  }
  const initial = start.new ?? start.old;
  const { ok, misfit } = judge(initial, operations);
  return ok ? undefined : `not linearizable:\n${tell(initial, operations, misfit)}`;
}
