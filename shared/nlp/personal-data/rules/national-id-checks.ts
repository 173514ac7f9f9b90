import {
  digitsOf,
  ean13,
  holdsDay,
  isDay,
  luhn,
  mod11And10,
  moduloOf,
  verhoeff,
  weightedSum,
} from '../checks.ts';

/** Whether a number agrees with itself, by the country's own rule. */
export type IdCheck = (value: string) => boolean;

/** Two digits at a place. */
const pair = (digits: readonly number[], at: number) =>
  (digits[at] ?? 0) * 10 + (digits[at + 1] ?? 0);

const digitChecks =
  (check: (digits: readonly number[]) => boolean): IdCheck =>
  (value) => {
    const digits = digitsOf(value);
    return digits.some((digit) => digit !== digits[0]) && check(digits);
  };

/** The last digit is 11 less the weighted sum modulo 11; 10 and 11 stand for what the country says. */
const mod11 = (weights: readonly number[], { ten = -1, eleven = 0 } = {}): IdCheck =>
  digitChecks((digits) => {
    const rest = 11 - (weightedSum(digits, weights) % 11);
    const check = rest === 11 ? eleven : rest === 10 ? ten : rest;
    return check === digits[weights.length];
  });

const compact = (value: string) => value.replace(/[^A-Za-z0-9]/g, '').toUpperCase();

/** Brazil's: two check digits, each from all before it. */
const brazilian = (first: readonly number[], second: readonly number[]): IdCheck =>
  digitChecks((digits) =>
    [first, second].every((weights) => {
      const rest = weightedSum(digits, weights) % 11;
      return (rest < 2 ? 0 : 11 - rest) === digits[weights.length];
    }),
  );

/** Estonia's and Lithuania's: a second row of weights where the first gives 10. */
const baltic: IdCheck = digitChecks((digits) => {
  if (!holdsDay(digits, 3, 5)) return false;
  let rest = weightedSum(digits, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
  if (rest === 10) rest = weightedSum(digits, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
  return rest % 10 === digits[10];
});

const dniLetters = 'TRWAGMYFPDXBNJZSQVHLCKE';
const hetuLetters = '0123456789ABCDEFHJKLMNPRSTUVWXY';
const italianOdd = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/** The checks by rule. */
export const idChecks = {
  'us-ssn': (value) => {
    const [area = '', group, serial] = value.split(/[- ]/);
    return !/^(?:000|666|9)/.test(area) && group !== '00' && serial !== '0000';
  },
  'us-ssn-bare': (value) => !/^(?:000|666|9|\d{3}00|\d{5}0000)/.test(value),
  'gb-nino': (value) => !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/i.test(value),
  'gb-nhs': mod11([10, 9, 8, 7, 6, 5, 4, 3, 2]),
  'de-steuer-id': digitChecks((digits) => {
    const counts = new Map<number, number>();
    for (const digit of digits.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    const most = Math.max(...counts.values());
    return digits[0] !== 0 && (most === 2 || most === 3) && mod11And10(digits);
  }),
  'de-rvnr': (value) => {
    const plain = compact(value);
    const letter = String(plain.charCodeAt(8) - 64).padStart(2, '0');
    const digits = digitsOf(plain.slice(0, 8) + letter + plain.slice(9, 11));
    const sums = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1].map((weight, index) => {
      const product = weight * (digits[index] ?? 0);
      return Math.floor(product / 10) + (product % 10);
    });
    return sums.reduce((a, b) => a + b, 0) % 10 === Number(plain[11]);
  },
  'fr-nir': (value) => {
    const plain = compact(value);
    const body = plain.slice(0, 13).replace('2A', '19').replace('2B', '18');
    return 97 - moduloOf(body, 97) === Number(plain.slice(13));
  },
  'es-dni': (value) => {
    const plain = compact(value);
    const number = plain.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
    return dniLetters.charAt(Number(number) % 23) === plain.at(-1);
  },
  'it-codice-fiscale': (value) => {
    const plain = compact(value);
    let sum = 0;
    for (let index = 0; index < 15; index++) {
      const code = Number.parseInt(plain.charAt(index), 36);
      const place = code > 9 ? code - 10 : code;
      sum += index % 2 === 0 ? (italianOdd[place] ?? 0) : place;
    }
    return String.fromCharCode(65 + (sum % 26)) === plain.at(-1);
  },
  'pt-nif': mod11([9, 8, 7, 6, 5, 4, 3, 2], { ten: 0 }),
  'nl-bsn': digitChecks((digits) => weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0),
  'be-nrn': (value) => {
    const plain = compact(value);
    const [body, check] = [plain.slice(0, 9), Number(plain.slice(9))];
    const agrees = (text: string) => 97 - moduloOf(text, 97) === check;
    const digits = digitsOf(plain);
    return pair(digits, 2) % 20 <= 12 && (agrees(body) || agrees(`2${body}`));
  },
  'at-svnr': digitChecks(
    (digits) =>
      holdsDay(digits, 6, 4) &&
      weightedSum(digits, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === digits[3],
  ),
  'ch-ahv': digitChecks(ean13),
  'pl-pesel': digitChecks(
    (digits) =>
      isDay(pair(digits, 2) % 20, pair(digits, 4)) &&
      (10 - (weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === digits[10],
  ),
  'cz-rodne-cislo': (value) => {
    const digits = digitsOf(value);
    if (!isDay((pair(digits, 2) % 50) % 20, pair(digits, 4))) return false;
    return digits.length === 9 || moduloOf(compact(value), 11) === 0;
  },
  'hr-oib': digitChecks(mod11And10),
  'ro-cnp': digitChecks(
    (digits) =>
      holdsDay(digits, 3, 5) &&
      (weightedSum(digits, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11) % 10 === digits[12],
  ),
  'bg-egn': digitChecks(
    (digits) =>
      isDay(pair(digits, 2) % 20, pair(digits, 4)) &&
      (weightedSum(digits, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === digits[9],
  ),
  'yu-jmbg': digitChecks(
    (digits) =>
      holdsDay(digits, 2, 0) &&
      [9, 0].includes(digits[4] ?? -1) &&
      mod11([7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2])(digits.join('')),
  ),
  baltic,
  'lv-pk': (value) => holdsDay(digitsOf(value), 2, 0),
  'se-personnummer': (value) => {
    const digits = digitsOf(value).slice(-10);
    const day = pair(digits, 4);
    return isDay(pair(digits, 2), day > 60 ? day - 60 : day) && luhn(digits);
  },
  'dk-cpr': (value) => holdsDay(digitsOf(value), 2, 0),
  'no-fodselsnummer': digitChecks((digits) => {
    const [day, month] = [pair(digits, 0), pair(digits, 2)];
    return (
      isDay(month % 40, day > 40 ? day - 40 : day) &&
      weightedSum(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
      weightedSum(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
    );
  }),
  'fi-hetu': (value) => {
    const digits = digitsOf(value.slice(0, 6) + value.slice(7, 10));
    return (
      holdsDay(digits, 2, 0) &&
      hetuLetters.charAt(moduloOf(digits.join(''), 31)) === value.at(-1)?.toUpperCase()
    );
  },
  'is-kennitala': digitChecks(
    (digits) =>
      isDay(pair(digits, 2), pair(digits, 0) % 40) &&
      (11 - (weightedSum(digits, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === digits[8],
  ),
  'ie-pps': (value) => {
    const plain = compact(value);
    const second = plain.length > 8 ? plain.charCodeAt(8) - 64 : 0;
    const sum =
      weightedSum(digitsOf(plain), [8, 7, 6, 5, 4, 3, 2]) + 9 * (second === 23 ? 0 : second);
    return 'WABCDEFGHIJKLMNOPQRSTUV'.charAt(sum % 23) === plain.charAt(7);
  },
  'tr-kimlik': digitChecks((digits) => {
    const [odd, even] = [
      weightedSum(digits, [1, 0, 1, 0, 1, 0, 1, 0, 1]),
      weightedSum(digits, [0, 1, 0, 1, 0, 1, 0, 1]),
    ];
    const ten = (((odd * 7 - even) % 10) + 10) % 10;
    return ten === digits[9] && (odd + even + ten) % 10 === digits[10];
  }),
  'br-cpf': brazilian([10, 9, 8, 7, 6, 5, 4, 3, 2], [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]),
  'br-cnpj': brazilian(
    [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2],
    [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2],
  ),
  'mx-curp': (value) => {
    const letters = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';
    const plain = value.toUpperCase();
    let sum = 0;
    for (let index = 0; index < 17; index++)
      sum += letters.indexOf(plain.charAt(index)) * (18 - index);
    return (10 - (sum % 10)) % 10 === Number(plain.at(-1));
  },
  'cl-rut': (value) => {
    const plain = compact(value);
    const digits = digitsOf(plain.slice(0, -1)).reverse();
    const rest = 11 - (weightedSum(digits, [2, 3, 4, 5, 6, 7, 2, 3]) % 11);
    return (rest === 11 ? '0' : rest === 10 ? 'K' : String(rest)) === plain.at(-1);
  },
  luhn: digitChecks(luhn),
  'au-tfn': digitChecks((digits) => weightedSum(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0),
  'au-medicare': digitChecks(
    (digits) => weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digits[8],
  ),
  'in-aadhaar': digitChecks(verhoeff),
  'jp-my-number': digitChecks((digits) => {
    const rest = weightedSum(digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    return (rest <= 1 ? 0 : 11 - rest) === digits[11];
  }),
  'kr-rrn': (value) => holdsDay(digitsOf(value), 2, 4),
  'cn-resident-id': (value) => {
    const plain = value.toUpperCase();
    const digits = digitsOf(plain.slice(0, 17));
    if (!/^(?:19|20)$/.test(plain.slice(6, 8)) || !holdsDay(digits, 10, 12)) return false;
    const sum = weightedSum(digits, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    return '10X98765432'.charAt(sum % 11) === plain.at(-1);
  },
  'tw-id': (value) => {
    const letter = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(value.charAt(0).toUpperCase()) + 10;
    const digits = [Math.floor(letter / 10), letter % 10, ...digitsOf(value.slice(1))];
    return weightedSum(digits, [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]) % 10 === 0;
  },
  'hk-id': (value) => {
    const plain = compact(value).padStart(9, ' ');
    let sum = 0;
    for (let index = 0; index < 8; index++) {
      const unit = plain.charAt(index);
      sum += (unit === ' ' ? 36 : Number.parseInt(unit, 36)) * (9 - index);
    }
    return (sum + Number.parseInt(plain.charAt(8), 36)) % 11 === 0;
  },
  'sg-nric': (value) => {
    const plain = value.toUpperCase();
    const first = plain.charAt(0);
    const sum =
      weightedSum(digitsOf(plain), [2, 7, 6, 5, 4, 3, 2]) +
      (first === 'T' || first === 'G' ? 4 : first === 'M' ? 3 : 0);
    const letters =
      first === 'S' || first === 'T'
        ? 'JZIHGFEDCBA'
        : first === 'M'
          ? 'XWUTRQPNJLK'
          : 'XWUTRQPNMLK';
    return letters.charAt(sum % 11) === plain.at(-1);
  },
  'th-id': digitChecks(
    (digits) =>
      (11 - (weightedSum(digits, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 ===
      digits[12],
  ),
  'my-nric': (value) => holdsDay(digitsOf(value), 2, 4),
  'za-id': digitChecks((digits) => holdsDay(digits, 2, 4) && luhn(digits)),
} satisfies Record<string, IdCheck>;
