/** `ferry serve`: an S3 server over the stores of the configuration file. */
import { once } from 'node:events';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { ExitName } from '../exit-codes.ts';
import { jsonLine } from '../output/json.ts';

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Serve S3 over the stores named in the configuration file, until stopped.',
  about: [
    'The `gateway` section of the configuration file says where to listen, who may use it, and which store each bucket is in. Clients can make buckets of their own where it names a `storage`.',
    'Ctrl-C or SIGTERM stops it: `/readyz` answers 503, requests under way are finished, then it ends.',
  ],
  options: [],
  examples: [{ line: 'ferry serve -c ferry.yaml', does: 'the gateway this file describes' }],
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
  const { notice, grace } = await services.gateway();
  context.setPatience(notice + grace + CLOSING);
  services.removeAbandoned();
  const running = await services.serve();
  if (globals.json) io.stdout.write(jsonLine('serving', { url: running.url }));
  else io.stderr.write(`Serving S3 at ${running.url}; Ctrl-C stops.\n`);
  if (!signal.aborted) await once(signal, 'abort');
  await running.stop();
  return 'ok';
}
