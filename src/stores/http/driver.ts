import path from 'node:path';
import { createHash } from 'node:crypto';
import { LineFile } from '../../store/line-file.ts';
import { localOption } from '../../store/file-reach.ts';
import type { StoreDriver } from '../../store/registry.ts';
import { PublicOnlyClient } from '../../wire/http/public-only-client.ts';
import { httpOptions, SECRETS, settle } from './options.ts';
import { HttpStore } from './store.ts';
import { UrlsBelow } from './urls-below.ts';
import { InlineUrls, ListedUrls, shown, type UrlList } from './url-list.ts';

export function httpDriver(): StoreDriver {
  return {
    type: 'http',
    aliases: [],
    summary: 'Objects on web servers, by a list of their URLs; to a mirror, all below one URL.',
    options: httpOptions,
    secrets: SECRETS,
    roles: { source: true, destination: false },
    local: ({ options }) => [...localOption(options, 'list_path'), ...localOption(options, 'ca_file')],
    async open(spec, context) {
      const settings = await settle(spec.options);
      const { urls, listPath, baseUrl } = settings;
      const client = settings.publicOnly ? new PublicOnlyClient(context.http, context) : context.http;
      const common = { settings, client, now: context.now };
      if (urls === undefined && listPath === undefined && baseUrl !== undefined) {
        const below = new UrlsBelow(baseUrl);
        return new HttpStore(async () => below, {
          name: shown(baseUrl),
          identity: `http:${shown(baseUrl)}`,
          lists: false,
          ...common,
        });
      }
      const inline = urls && new InlineUrls(urls, settings);
      const list = listPath === undefined ? undefined : path.resolve(listPath);
      const open = async (): Promise<UrlList> =>
        inline ?? new ListedUrls(await LineFile.open(list!, 'list_path', context.reach), settings, context.tmpdir);
      return new HttpStore(open, {
        name: list === undefined ? `${urls!.length} URLs` : `URLs in ${list}`,
        identity: `http:${list ?? digest(urls!)}:${settings.baseUrl?.href ?? ''}`,
        lists: true,
        ...common,
      });
    },
  };
}

/** URLs may carry signatures, so the identity of a list of them is a hash. */
function digest(urls: readonly string[]): string {
  return createHash('sha256').update(urls.join('\n')).digest('hex').slice(0, 32);
}
