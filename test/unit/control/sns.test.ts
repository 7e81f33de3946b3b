// Messages of Amazon SNS are taken only where they prove themselves, and lead nowhere else.
import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { confirmationUrl, parseSns, verifySns, type SnsEnvelope } from '../../../src/control/intake/sns.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:photos';
const CERTIFICATE = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-01.pem';
const TRUST = { topic: TOPIC, hosts: [] };
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PEM = publicKey.export({ type: 'spki', format: 'pem' });

type Members = Record<string, string>;

/** As the developer guide says how it is signed. */
function signed(
  members: Members,
  algorithm = members['SignatureVersion'] === '1' ? 'RSA-SHA1' : 'RSA-SHA256',
): Members {
  const notification = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'];
  const confirmation = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  const names = members['Type'] === 'Notification' ? notification : confirmation;
  const text = names.filter((name) => name in members).map((name) => `${name}\n${members[name]}\n`).join(''); // prettier-ignore
  return { ...members, Signature: createSign(algorithm).update(text).sign(privateKey, 'base64') };
}

const notification = (more: Members = {}): Members => ({
  Type: 'Notification',
  MessageId: 'm-1',
  TopicArn: TOPIC,
  Message: '{"Records":[]}',
  SignatureVersion: '2',
  Timestamp: '2026-01-01T00:00:00.000Z',
  SigningCertURL: CERTIFICATE,
  ...more,
});

const confirmation = (more: Members = {}): Members =>
  notification({
    Type: 'SubscriptionConfirmation',
    Token: 't',
    Message: 'You have chosen to subscribe',
    SubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription',
    ...more,
  });

function parse(members: Members): SnsEnvelope {
  return parseSns(Buffer.from(JSON.stringify(members)));
}

const certificate = async (url: URL): Promise<string> => {
  assert.equal(url.href, CERTIFICATE);
  return String(PEM);
};

test('both kinds of signatures are taken, of notifications and confirmations', async () => {
  for (const version of ['1', '2'])
    for (const members of [notification(), notification({ Subject: 'Amazon S3 Notification' }), confirmation()])
      await verifySns(parse(signed({ ...members, SignatureVersion: version })), TRUST, certificate);
});

test('what was changed, is of another topic or is signed by others is refused', async () => {
  const wrong: Members[] = [
    { ...signed(notification()), Message: '{"Records":[{}]}' },
    { ...signed(notification()), Subject: 'added' },
    { ...signed(confirmation()), SubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=Other' },
    signed(notification({ TopicArn: `${TOPIC}2` })),
    signed(notification({ SignatureVersion: '2' }), 'RSA-SHA1'),
  ];
  for (const members of wrong)
    await assert.rejects(verifySns(parse(members), TRUST, certificate), { code: 'bad-response' });
  for (const href of [
    'http://sns.eu-west-1.amazonaws.com/x.pem', 'https://sns.eu-west-1.amazonaws.com.evil.example/x.pem',
    'https://evil.example/x.pem', 'https://sns.eu-west-1.amazonaws.com@evil.example/x.pem', 'file:///x.pem',
    'https://sns.eu-west-1.amazonaws.com:8443/x.pem', 'https://s3.amazonaws.com/bucket/x.pem', 'https://sns.eu-west-1.amazonaws.com/x.txt', 'x',
  ]) {
    const asked = async (): Promise<string> => assert.fail(`${href} is asked`);
    await assert.rejects(verifySns(parse(signed(notification({ SigningCertURL: href }))), TRUST, asked), { code: 'bad-response' });
  } // prettier-ignore
});

test('confirmations lead to SNS, or to hosts that were named', () => {
  assert.equal(confirmationUrl(parse(signed(confirmation())), TRUST).pathname, '/');
  const elsewhere = parse(signed(confirmation({ SubscribeURL: 'https://169.254.169.254/latest' })));
  assert.throws(() => confirmationUrl(elsewhere, TRUST), { code: 'bad-response' });
  const named = parse(signed(confirmation({ SubscribeURL: 'https://sns.local:4566/confirm' })));
  assert.equal(confirmationUrl(named, { ...TRUST, hosts: ['sns.local:4566'] }).host, 'sns.local:4566');
});

test('what is no message is refused', () => {
  for (const text of ['', '[]', '{}', JSON.stringify({ ...notification(), Signature: 'not base64!' })])
    assert.throws(() => parseSns(Buffer.from(text)), { code: 'bad-response' });
});
