/** Every service there is a preset for. */
import { aliyun } from './aliyun.ts';
import { aws } from './aws.ts';
import { b2 } from './b2.ts';
import { ceph } from './ceph.ts';
import { cos } from './cos.ts';
import { gcs } from './gcs.ts';
import { generic } from './generic.ts';
import { ks3 } from './ks3.ts';
import { minio } from './minio.ts';
import { obs } from './obs.ts';
import type { Preset } from './preset.ts';
import { qingstor } from './qingstor.ts';
import { qiniu } from './qiniu.ts';
import { r2 } from './r2.ts';
import { swift } from './swift.ts';
import { us3 } from './us3.ts';
import { wasabi } from './wasabi.ts';

export const PRESETS: readonly Preset[] = [
  generic,
  aws,
  ceph,
  minio,
  swift,
  aliyun,
  cos,
  qingstor,
  qiniu,
  us3,
  ks3,
  obs,
  gcs,
  r2,
  b2,
  wasabi,
];

export function presetByName(name: string): Preset | undefined {
  return PRESETS.find((preset) => preset.name === name);
}

/** The preset of the service `host` belongs to; the generic one where none knows it. */
export function presetByHost(host: string): Preset {
  return PRESETS.find((preset) => preset.hosts.some((suffix) => host.endsWith(suffix))) ?? generic;
}

/** The preset of the service whose answers have such headers. */
export function presetBySigns(header: (name: string) => string | undefined): Preset | undefined {
  return PRESETS.find(({ signs = [] }) => signs.some((sign) => sign.value.test(header(sign.header) ?? '')));
}
