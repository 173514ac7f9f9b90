import { formRule, type Rule } from '../scan.ts';
import { demonyms, demonymsInCapitals } from './demonyms.ts';

const letterBefore = '(?<![\\p{L}\\p{M}\\p{N}_])';
const letterAfter = '(?![\\p{L}\\p{M}\\p{N}_])';
const age = '(?:1[01]\\d|[1-9]\\d|[1-9])';

const afterAge =
  '(?:[- ]?years?[- ]?olds?|[- ]?yrs?[- ]?old|[- ]?years? of age|[- ]?y/?o|-year-old|[- ](?:Jahre[n]?|Monate) alt|-jährige[rnms]?| ans(?! de)| años| anni| anos| vuotta| jaar oud|-jarige| år gammal| år gammel|-årig[ea]?| lat(?! temu)| let| godina| éves| ani| yaşında| лет| года|[歳岁歲]|세)';
const beforeAge =
  "(?:aged?|age of|age:|age is|turn(?:ed|s|ing)?|he was|she was|they were|when i was|i am|i’m|i'm|he is|she is|he’s|she’s|is now|mit|im alter von|alter:|âgée? de|âge:?|edad:?|edad de|età:?|idade:?|ålder:?|alder:?|leeftijd:?|年齢[:：は]?|年龄[:：]?)";

const titles =
  'Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Doctor|Rev|Reverend|Fr|Sir|Madam|Dame|Lord|Lady|Hon|Capt|Captain|Col|Colonel|Gen|General|Lt|Lieutenant|Sgt|Sergeant|Maj|Major|Judge|Senator|Sen|Rep|Herr|Frau|Fräulein|M|Mme|Mlle|Monsieur|Madame|Mademoiselle|Docteur|Sr|Sra|Srta|Señor|Señora|Señorita|Don|Doña|Dott|Dott\\.ssa|Sig|Sig\\.ra|Signor|Signora|Dra|Senhor|Senhora|Dhr|Mevr|Mevrouw|Meneer|Pan|Pani|Gospodin|Gospođa|Fru|Fröken';

/** Ages, titles before names, nationalities. */
export const peopleRules: readonly Rule[] = [
  formRule([
    {
      kind: 'AGE',
      rule: 'years-old',
      pattern: new RegExp(
        `(?<![\\p{L}\\p{N}_.,/:$€£-])${age}(?=${afterAge}(?![\\p{L}\\p{N}_]))`,
        'giu',
      ),
      score: 0.85,
    },
    {
      kind: 'AGE',
      rule: 'near-words',
      pattern: new RegExp(
        `(?<=${letterBefore}${beforeAge} )${age}(?=[.,;!?)]|$|\\s(?!%|percent|years? (?:in|of|ago|since|later)|minutes?|hours?|days?|weeks?|months?|miles?|km|feet|points?|million|times))(?![.,:/]\\d)`,
        'giu',
      ),
      score: 0.7,
    },
    {
      kind: 'TITLE',
      rule: 'honorific',
      pattern: new RegExp(`${letterBefore}(?:${titles})\\.?(?= \\p{Lu}[\\p{L}\\p{M}.'’-])`, 'gu'),
      check: (value, { text }, start) => isTitle(value, text.charAt(start - 2)),
      score: 0.7,
    },
    {
      kind: 'TITLE',
      rule: 'honorific',
      pattern: new RegExp(
        `${letterBefore}(?:mr|mrs|ms|dr|prof)\\.(?= \\p{L})|${letterBefore}(?:Mr|Mrs|Ms|Dr|Prof)\\.(?=\\s)`,
        'gu',
      ),
      score: 0.7,
    },
    {
      kind: 'NATIONALITY',
      rule: 'demonym',
      pattern: new RegExp(`${letterBefore}(?:${demonyms})s?${letterAfter}`, 'giu'),
      score: 0.5,
    },
    {
      kind: 'NATIONALITY',
      rule: 'demonym',
      pattern: new RegExp(`${letterBefore}(?:${demonymsInCapitals})${letterAfter}`, 'gu'),
      score: 0.5,
    },
  ]),
];

/** A single letter is a title only with its dot, and not as an initial of a name. */
function isTitle(value: string, before: string): boolean {
  return value !== 'M' && !(value === 'M.' && /[\p{L}.]/u.test(before));
}
