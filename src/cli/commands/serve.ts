/** `ferry serve`: the gateway of the configuration file, and the API with the console. */
import { once } from 'node:events';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { jsonLine } from '../output/json.ts';

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Serve the console, the API and, where one is configured, the S3 gateway, until stopped.',
  about: [
    'The console and the API are at 127.0.0.1:7800; the `control` section of the configuration file says otherwise. The address that is printed opens the console once without a token.',
    'The `gateway` section of the configuration file says where to listen, who may use it, and which store each bucket is in. Clients can make buckets of their own where it names a `storage`.',
    'Ctrl-C or SIGTERM stops it: `/readyz` answers 503, requests under way are finished, then it ends.',
  ],
  options: [],
  examples: [
    { line: 'ferry serve', does: 'the console and the API' },
    { line: 'ferry serve -c ferry.yaml', does: 'with the gateway this file describes' },
  ],
  exits: ['ok'],
  stopping: {
    asked: 'finishing the requests in hand…',
    again: 'Stopped at once; requests in hand were cut.',
    tooSlow: 'Stopping took too long; what was left was cut.',
  },
  run: runServer,
};

/** To close stores and the state takes so long at most, milliseconds. */
const CLOSING = 30_000;

async function runServer(context: CommandContext): Promise<ExitName> {
  const services = await context.services();
  const { io, globals, signal } = context;
  services.removeAbandoned();
  const running = await services.serve();
  const { gateway, control, grace } = running;
  context.setPatience(grace + CLOSING);
  if (globals.json) {
    if (gateway !== undefined) io.stdout.write(jsonLine('serving', { url: gateway }));
    if (control !== undefined) io.stdout.write(jsonLine('console', control));
  } else {
    if (gateway !== undefined) io.stderr.write(`Serving S3 at ${gateway}\n`);
    if (control !== undefined) io.stderr.write(`Console at ${control.login} (good once, for ten minutes)\n`);
    io.stderr.write('Ctrl-C stops.\n');
  }
  if (!signal.aborted) await once(signal, 'abort');
  await running.stop();
  return 'ok';
}
