/** Event notifications as stores send them. */

/** "Event message structure", Amazon S3 User Guide. */
export const AWS = {
  Records: [
    {
      eventVersion: '2.1',
      eventSource: 'aws:s3',
      awsRegion: 'us-west-2',
      eventTime: '1970-01-01T00:00:00.000Z',
      eventName: 'ObjectCreated:Put',
      userIdentity: { principalId: 'AIDAJDPLRKLG7UEXAMPLE' },
      requestParameters: { sourceIPAddress: '172.16.0.1' },
      responseElements: {
        'x-amz-request-id': 'C3D13FE58DE4C810',
        'x-amz-id-2': 'FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWUeUWerMUE5JgHvANOjpD',
      },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'testConfigRule',
        bucket: {
          name: 'amzn-s3-demo-bucket',
          ownerIdentity: { principalId: 'A3NL1KOZZKExample' },
          arn: 'arn:aws:s3:::amzn-s3-demo-bucket',
        },
        object: {
          key: 'HappyFace.jpg',
          size: 1024,
          eTag: 'd41d8cd98f00b204e9800998ecf8427e',
          versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko',
          sequencer: '0055AED6DCD90281E5',
        },
      },
    },
  ],
};

/** That of AWS with other members, of the event or of its object. */
export function awsEvent(
  event: Readonly<Record<string, unknown>>,
  object?: Readonly<Record<string, unknown>>,
): unknown {
  const [record] = AWS.Records;
  const s3 = { ...record!.s3, object: { ...record!.s3.object, ...object } };
  return { Records: [{ ...record, s3, ...event }] };
}

/** As users of MinIO show them (https://github.com/minio/thumbnailer/issues/4), in the envelope its documentation has. */
export const MINIO = {
  EventName: 's3:ObjectCreated:Put',
  Key: 'images/test12/DG0890EY2.jpg',
  Records: [
    {
      eventVersion: '2.0',
      eventSource: 'minio:s3',
      awsRegion: '',
      eventTime: '2018-10-26T11:18:32Z',
      eventName: 's3:ObjectCreated:Put',
      userIdentity: { principalId: 'SV8EUTD78ZV13T1PP8FM' },
      requestParameters: { sourceIPAddress: '127.0.0.1' },
      responseElements: {
        'x-amz-request-id': '15612487A9DF732C',
        'x-minio-origin-endpoint': 'https://10.0.75.1:9000',
      },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'Config',
        bucket: {
          name: 'images',
          ownerIdentity: { principalId: 'SV8EUTD78ZV13T1PP8FM' },
          arn: 'arn:aws:s3:::images',
        },
        object: {
          key: 'test12%2FDG0890EY2.jpg',
          size: 629648,
          eTag: 'b7ce786cd89b182bfd5ae765557bbc37',
          contentType: 'image/jpeg',
          userMetadata: { 'content-type': 'image/jpeg' },
          versionId: '1',
          sequencer: '15612487A9DF732C',
        },
      },
      source: { host: '', port: '', userAgent: '' },
    },
  ],
};

/** Seen from radosgw 16.2.15. */
export const CEPH =
  '{"Records":[{"eventVersion":"2.2","eventSource":"ceph:s3","awsRegion":"","eventTime":"2026-11-21T22:34:44.392954Z","eventName":"ObjectRemoved:Delete","userIdentity":{"principalId":"ferry"},"requestParameters":{"sourceIPAddress":""},"responseElements":{"x-amz-request-id":"9fa40d54-df46-4fee-b447-29a5d13e2f5f.4106.16188015153173616661","x-amz-id-2":"100a-default-default"},"s3":{"s3SchemaVersion":"1.0","configurationId":"b","bucket":{"name":"photos","ownerIdentity":{"principalId":"ferry"},"arn":"arn:aws:s3:::photos","id":"9fa40d54-df46-4fee-b447-29a5d13e2f5f.4110.1"},"object":{"key":"a b+c%41/ü&\\"x\\"","size":5,"eTag":"","versionId":"","sequencer":"841C026BF1146C17","metadata":[{"key":"x-amz-date","val":"20261121T223444Z"}],"tags":[]}},"eventId":"1795300484.392959.","opaqueData":""}]}';
