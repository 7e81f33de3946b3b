import type { CredentialSource, Surroundings } from './credentials.ts';

/** `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`. */
export function environmentSource({ env }: Surroundings): CredentialSource {
  return {
    name: 'environment (AWS_ACCESS_KEY_ID)',
    load() {
      const accessKeyId = env['AWS_ACCESS_KEY_ID'];
      const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
      if (!accessKeyId || !secretAccessKey) return Promise.resolve(undefined);
      return Promise.resolve({ accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'] || undefined });
    },
  };
}
