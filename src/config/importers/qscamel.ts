/** What task files of qscamel name that Ferry has not, and the way round each. */

const ABSENT: Readonly<Record<string, string>> = {
  azblob: 'Ferry has no Azure Blob Storage; list the URLs of its blobs, signed (SAS), for `type: http`',
  hdfs: 'Ferry has no HDFS; mount it (NFS gateway, fuse-dfs) and use `type: file`',
  upyun: 'Ferry has no UPYUN interface; use its S3-compatible one with `type: s3`, or list the URLs for `type: http`',
};

/** Why there is no such store type although qscamel has it, and what to do; undefined for anything else. */
export function absentStore(type: string): string | undefined {
  return Object.hasOwn(ABSENT, type) ? ABSENT[type] : undefined;
}
