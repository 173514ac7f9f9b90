import * as z from 'zod';

/** How the console is served on AWS. */
export const consoleSettings = z.strictObject({
  /** Makes the console's page an address of its own on AWS; a laptop has it always. */
  enabled: z.boolean().default(false),
  /** A name of yours that leads there, with the certificate for it. */
  domainName: z
    .string()
    .regex(
      /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
      'must be a domain name',
    )
    .optional(),
  certificateArn: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:acm:us-east-1:\d{12}:certificate\/[\w-]+$/,
      'must be the ARN of a certificate in us-east-1, where CloudFront looks for it',
    )
    .optional(),
  /** A bucket of yours, with its ACLs switched on, that takes CloudFront's access logs; none are kept where left out. */
  logsBucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
    .optional(),
});
