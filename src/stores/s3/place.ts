/** Which bucket at which service: everything about addresses that options and preset decide. */
import { FerryError } from '../../model/errors.ts';
import {
  addressBucket,
  formatEndpoint,
  parseEndpoint,
  regionalEndpoint,
  regionOfHost,
  wantsPathStyle,
  type BucketAddress,
  type Endpoint,
} from './endpoint.ts';
import type { S3Settings } from './options.ts';

const ACCELERATE = 's3-accelerate.amazonaws.com';

export class S3Place {
  readonly bucket: string;
  /** `/bucket`, the resource Signature Version 2 signs. */
  readonly resource: string;
  readonly #settings: S3Settings;
  readonly #given: Endpoint | undefined;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.bucket = settings.bucket;
    if (this.bucket.includes('/')) {
      throw new FerryError('configuration', {
        message: `"${this.bucket}" is no bucket name`,
        remedy: 'Put what follows the bucket into `path`.',
      });
    }
    this.resource = `/${this.bucket}`;
    this.#given = givenEndpoint(settings);
    if (this.#given === undefined && settings.preset.endpoint === undefined) {
      throw new FerryError('configuration', {
        message: `${settings.preset.title} needs an endpoint`,
        remedy: 'Set `endpoint` to the URL of the service, such as https://s3.example.com.',
      });
    }
  }

  /** The region to sign for: told, in the host name, or the service's usual one. */
  region(found: string | undefined): string {
    const { region, preset } = this.#settings;
    const inHost = this.#given === undefined ? undefined : regionOfHost(preset, this.#given.host);
    return region ?? inHost ?? found ?? preset.region;
  }

  /** Where the bucket is, were it in `region`. An endpoint that was given stays, unless it is the region's. */
  address(region: string): BucketAddress {
    const endpoint = this.#endpoint(region);
    const { bucket } = this;
    const { pathStyle, preset, accelerate } = this.#settings;
    return addressBucket(endpoint, bucket, !accelerate && wantsPathStyle(endpoint, bucket, pathStyle, preset));
  }

  /** The service without the bucket, the same however it is addressed. */
  service(region: string): string {
    return formatEndpoint(this.#endpoint(region));
  }

  #endpoint(region: string): Endpoint {
    const { preset, disableSsl } = this.#settings;
    const given = this.#given;
    const regional =
      given === undefined || this.#regional(given, region) ? regionalEndpoint(preset, region, disableSsl) : given;
    return regional ?? given!;
  }

  /** A host of the service's own pattern that names another region is exchanged when the bucket turns out to be there. */
  #regional(given: Endpoint, region: string): boolean {
    const named = regionOfHost(this.#settings.preset, given.host);
    if (named === undefined || named === region || this.#settings.region === named) return false;
    return regionalEndpoint(this.#settings.preset, named, this.#settings.disableSsl)?.host === given.host;
  }
}

function givenEndpoint(settings: S3Settings): Endpoint | undefined {
  if (settings.accelerate) return parseEndpoint(ACCELERATE, settings.disableSsl);
  return settings.endpoint === undefined ? undefined : parseEndpoint(settings.endpoint, settings.disableSsl);
}
