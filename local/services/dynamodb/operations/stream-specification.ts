import { z } from 'zod';

/** StreamSpecification of CreateTable and UpdateTable. */
export const streamSpecificationSchema = z
  .discriminatedUnion('StreamEnabled', [
    z.object({
      StreamEnabled: z.literal(true),
      StreamViewType: z.enum(['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES']),
    }),
    z.object({ StreamEnabled: z.literal(false), StreamViewType: z.undefined().optional() }),
  ])
  .nullish();
