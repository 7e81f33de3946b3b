import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mock, test } from 'node:test';
import { Interrupt } from '../../../src/cli/interrupt.ts';

function setUp() {
  const source = new EventEmitter();
  const calls: unknown[] = [];
  const interrupt = new Interrupt({
    source,
    patience: 30_000,
    onAsked: () => calls.push('asked'),
    onForced: (why) => calls.push(why),
    exit: (code) => calls.push(code),
  });
  return { source, calls, interrupt };
}

test('the first signal asks to save, the second stops at once', () => {
  const { source, calls, interrupt } = setUp();
  source.emit('SIGTERM');
  assert.equal(interrupt.signal.aborted, true);
  source.emit('SIGINT');
  assert.deepEqual(calls, ['asked', 'again', 130]);
  interrupt[Symbol.dispose]();
});

test('who needs longer says so before it is asked to stop', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { source, calls, interrupt } = setUp();
    interrupt.patience = 90_000;
    source.emit('SIGTERM');
    mock.timers.tick(89_999);
    assert.deepEqual(calls, ['asked']);
    mock.timers.tick(1);
    assert.deepEqual(calls, ['asked', 'too-slow', 130]);
    interrupt[Symbol.dispose]();
  } finally {
    mock.timers.reset();
  }
});

test('saving that takes too long is cut off, and nothing is left listening', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { source, calls, interrupt } = setUp();
    source.emit('SIGINT');
    mock.timers.tick(30_000);
    assert.deepEqual(calls, ['asked', 'too-slow', 130]);
    interrupt[Symbol.dispose]();
    assert.deepEqual(source.eventNames(), []);
  } finally {
    mock.timers.reset();
  }
});
