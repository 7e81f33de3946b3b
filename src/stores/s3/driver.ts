/** The drivers of S3: `s3` for any service, and one for each service there is a preset for. */
import * as z from 'zod';
import type { EndpointSpec } from '../../model/task.ts';
import { localOption } from '../../store/file-reach.ts';
import type { StoreContext, StoreDriver } from '../../store/registry.ts';
import type { Store } from '../../store/store.ts';
import { parseEndpoint } from './endpoint.ts';
import {
  aliyunOptions,
  cosOptions,
  gcsOptions,
  mapping,
  qingstorOptions,
  qiniuOptions,
  r2Options,
  standard,
  type MappedOptions,
  type OptionMapping,
} from './mapping.ts';
import { openStore } from './open.ts';
import { settle, s3Shape, type S3Settings } from './options.ts';
import { PRESETS, presetByHost, presetByName } from './providers/all.ts';
import type { Preset } from './providers/preset.ts';

/** Every S3 driver; `s3` first. */
export function s3Drivers(): readonly StoreDriver[] {
  return [s3Driver(), ...PRESETS.filter((preset) => preset.name !== 's3').map(presetDriver)];
}

function s3Driver(): StoreDriver {
  const names = PRESETS.map((preset) => preset.name);
  const provider = z.enum(names).optional();
  const described = provider.describe('What is known of the service; found by the endpoint where absent.');
  return driver({
    type: 's3',
    summary: 'Objects in a bucket of Amazon S3 or any service that speaks its protocol.',
    mapping: mapping({ ...s3Shape, provider: described }, [], (values) => values),
    preset: presetOf,
  });
}

/** Amazon's where there is no endpoint; else by name or host. */
function presetOf({ provider, ...values }: MappedOptions): Preset {
  const named = provider === undefined ? undefined : presetByName(provider);
  if (named !== undefined) return named;
  if (values.endpoint === undefined) return presetByName('aws')!;
  return presetByHost(parseEndpoint(values.endpoint, false).host);
}

function presetDriver(preset: Preset): StoreDriver {
  return driver({
    type: preset.name,
    summary: `Objects in a bucket of ${preset.title}.`,
    mapping: MAPPINGS.get(preset.name) ?? standard,
    preset: () => preset,
  });
}

/** Types whose options have other names than those of `s3`. */
const MAPPINGS: ReadonlyMap<string, OptionMapping> = new Map([
  ['aliyun', aliyunOptions],
  ['cos', cosOptions],
  ['qingstor', qingstorOptions],
  ['qiniu', qiniuOptions],
  ['gcs', gcsOptions],
  ['r2', r2Options],
]);

interface Definition {
  readonly type: string;
  readonly summary: string;
  readonly mapping: OptionMapping;
  readonly preset: (values: MappedOptions) => Preset;
}

function driver({
  type,
  summary,
  mapping: { schema, secrets, parse, lookUp, nameEncoding },
  preset,
}: Definition): StoreDriver {
  return {
    type,
    aliases: [],
    summary,
    options: schema,
    secrets,
    roles: { source: true, destination: true },
    nameEncoding,
    local: ({ options }) => localOption(options, 'ca_file'),
    async open(spec: EndpointSpec, context: StoreContext): Promise<Store> {
      const settled = (options: Readonly<Record<string, unknown>>): Promise<S3Settings> => {
        const values = parse(options);
        return settle(values, preset(values));
      };
      let settings = await settled(spec.options);
      if (lookUp) settings = await settled(await lookUp(spec.options, settings, context.http));
      return openStore(type, spec.path, settings, context);
    },
  };
}
