import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleHeaders } from '#shared/contracts/console.ts';
import { parseSettings, type SettingsInput } from '#shared/settings.ts';
import { createDeployment } from '#stacks/deployment.ts';

const SYNTHESIS_MS = 120_000;
const bundles = ['metrics', 'canary', 'intake'].map((name) => `dist/${name}/index.mjs`);
const page = ['index.html', 'assets/a-1.js'].map((name) => `dist/console/${name}`);

describe('the console on AWS', () => {
  const folders: string[] = [];
  async function deploy(console: SettingsInput['console'], files = page) {
    const root = await mkdtemp(join(tmpdir(), 'spanstream-console-'));
    folders.push(root);
    for (const path of ['consumers/Dockerfile', '.dockerignore', ...bundles, ...files]) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), path);
    }
    const outdir = join(root, 'cdk.out');
    return createDeployment(parseSettings({ console }), { root, app: { outdir } });
  }
  const domain = {
    domainName: 'texts.example.com',
    certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/1a2b',
  };
  let template: Template;
  beforeAll(async () => {
    const { console } = await deploy({ enabled: true });
    if (!console) throw new Error('there is no console stack');
    template = Template.fromStack(console);
  }, SYNTHESIS_MS);
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  it('is not there unless it is asked for, and needs a page', async () => {
    expect((await deploy({})).console).toBeUndefined();
    await expect(deploy({ enabled: true }, [])).rejects.toThrow(/npm run console:build/);
  });

  it('keeps the page in a bucket that CloudFront alone may read', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      // The page does not expire.
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: Match.absent() })] },
    });
    template.hasResourceProperties('AWS::CloudFront::OriginAccessControl', {
      OriginAccessControlConfig: { SigningBehavior: 'always', SigningProtocol: 'sigv4' },
    });
    const [policy] = Object.values(template.findResources('AWS::S3::BucketPolicy'));
    const allowed = policy?.Properties.PolicyDocument.Statement.filter(
      ({ Effect }: { Effect: string }) => Effect === 'Allow',
    );
    expect(allowed).toHaveLength(1);
    expect(allowed[0]).toMatchObject({
      Action: 's3:GetObject',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Condition: { StringEquals: { 'AWS:SourceArn': expect.anything() } },
    });
  });

  it('serves the page with the headers of the local server, by HTTPS, and newest protocols', () => {
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        DefaultRootObject: 'index.html',
        HttpVersion: 'http2and3',
        DefaultCacheBehavior: {
          ViewerProtocolPolicy: 'redirect-to-https',
          ResponseHeadersPolicyId: Match.anyValue(),
        },
      },
    });
    const [headers] = Object.values(
      template.findResources('AWS::CloudFront::ResponseHeadersPolicy'),
    );
    const { SecurityHeadersConfig: security, CustomHeadersConfig: custom } =
      headers?.Properties.ResponseHeadersPolicyConfig ?? {};
    const sent = {
      'content-security-policy': security.ContentSecurityPolicy.ContentSecurityPolicy,
      'referrer-policy': security.ReferrerPolicy.ReferrerPolicy,
      'x-content-type-options': security.ContentTypeOptions.Override && 'nosniff',
      'x-frame-options': security.FrameOptions.FrameOption,
      ...Object.fromEntries(
        custom.Items.map(({ Header, Value }: { Header: string; Value: string }) => [Header, Value]),
      ),
    };
    expect(sent).toEqual(consoleHeaders);
    expect(security.StrictTransportSecurity.AccessControlMaxAgeSec).toBe(365 * 86_400);
  });

  it('passes calls on to the stage of the API, with their key, and keeps no answer', () => {
    const [distribution] = Object.values(template.findResources('AWS::CloudFront::Distribution'));
    const { CacheBehaviors, Origins } = distribution?.Properties.DistributionConfig ?? {};

    expect(CacheBehaviors).toHaveLength(1);
    expect(CacheBehaviors[0]).toMatchObject({
      PathPattern: '/v1/*',
      ViewerProtocolPolicy: 'https-only',
      // Names of AWS: caching disabled; all of the viewer but its host header.
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
    });
    const origin = Origins.find(
      ({ Id }: { Id: string }) => Id === CacheBehaviors[0].TargetOriginId,
    );
    expect(JSON.stringify(origin.OriginPath)).toContain('live');
    expect(origin.CustomOriginConfig.OriginProtocolPolicy).toBe('https-only');
  });

  it('puts files that never change, then those that name them', () => {
    const puts = Object.values(template.findResources('Custom::CDKBucketDeployment'));
    const caching = puts.map(({ Properties, DependsOn = [] }) => [
      Properties.SystemMetadata['cache-control'],
      Properties.Prune,
      DependsOn.some((name: string) => name.startsWith('Assets')),
    ]);

    expect(caching).toEqual([
      ['public, max-age=31536000, immutable', false, false],
      ['no-cache', false, true],
    ]);
  });

  it(
    'has a name and a log where they are given, and nothing that the rules find',
    async () => {
      const findings = async (console: SettingsInput['console']) => {
        const deployment = await deploy({ enabled: true, ...console });
        try {
          deployment.app.synth();
          return '';
        } catch (error) {
          return String(error);
        }
      };

      expect(await findings({})).not.toContain('AwsSolutions-');
      expect(await findings({ ...domain, logsBucket: 'logs-of-mine' })).not.toContain(
        'AwsSolutions-',
      );
      const made = (await deploy({ enabled: true, ...domain, logsBucket: 'logs-of-mine' })).console;
      if (!made) throw new Error('there is no console stack');
      Template.fromStack(made).hasResourceProperties('AWS::CloudFront::Distribution', {
        DistributionConfig: {
          Aliases: ['texts.example.com'],
          ViewerCertificate: Match.objectLike({ MinimumProtocolVersion: 'TLSv1.2_2021' }),
          Logging: Match.objectLike({ Prefix: 'spanstream-dev-console/' }),
        },
      });
    },
    SYNTHESIS_MS,
  );

  it.each([
    [{ console: { enabled: true }, http: { authorization: 'iam' } }, 'console.enabled'],
    [{ console: { domainName: domain.domainName } }, 'console.certificateArn'],
    [{ console: { certificateArn: domain.certificateArn } }, 'console.domainName'],
    [{ console: { ...domain, domainName: 'https://x.org' } }, 'console.domainName'],
    [
      {
        console: {
          ...domain,
          certificateArn: domain.certificateArn.replace('us-east-1', 'eu-west-1'),
        },
      },
      'console.certificateArn',
    ],
  ] as [SettingsInput, string][])('refuses settings that cannot work: %j', (settings, field) => {
    expect(() => parseSettings(settings)).toThrow(`${field}: must`);
  });
});
