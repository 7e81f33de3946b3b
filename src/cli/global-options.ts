/** Options every verb has. */
import { LOG_LEVELS } from '../config/home.ts';
import type { Option } from './command.ts';

export const GLOBAL_OPTIONS: readonly Option[] = [
  {
    short: 'c',
    long: 'config',
    value: 'FILE',
    description: 'Configuration file, instead of $FERRY_HOME/ferry.yaml.',
    completes: 'file',
  },
  { long: 'json', description: 'JSON lines on standard output; see `ferry help json`.' },
  { short: 'q', long: 'quiet', description: 'No progress; only warnings, failures and the result.' },
  { long: 'no-color', description: 'No colours. So do NO_COLOR and TERM=dumb.' },
  {
    long: 'log-level',
    value: 'LEVEL',
    description: 'Least important messages that are logged: debug, info, warn, error.',
    completes: LOG_LEVELS,
    parse: readLevel,
  },
  {
    long: 'server',
    value: 'URL',
    description: 'Have a running `ferry serve` do it, such as https://ferry.example.com:7800.',
  },
  {
    long: 'token-file',
    value: 'FILE',
    description: 'File of the token for the server, instead of FERRY_TOKEN.',
    completes: 'file',
  },
  { short: 'h', long: 'help', description: 'Help for the command.' },
];

function readLevel(text: string): string {
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level) throw new Error(`write one of ${LOG_LEVELS.join(', ')}`);
  return level;
}
