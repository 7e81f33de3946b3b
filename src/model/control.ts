/** What the control plane of `ferry serve` is to do, after its configuration was read and checked. */
export interface ControlSpec {
  readonly host: string;
  readonly port: number;
  /** PEM files. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Names it is asked by besides its address, lower case. */
  readonly hosts: readonly string[];
  /** Programs of this machine read `/metrics` without a token. */
  readonly openMetrics: boolean;
}
