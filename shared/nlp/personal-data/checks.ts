/** Digits of a string as numbers; what is no digit is left out. */
export function digitsOf(text: string): number[] {
  const digits: number[] = [];
  for (let index = 0; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit >= 0 && digit <= 9) digits.push(digit);
  }
  return digits;
}

/** The sum of digits times weights; digits beyond the weights are left out. */
export function weightedSum(digits: readonly number[], weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * (digits[index] ?? 0), 0);
}

/** Luhn's check (ISO/IEC 7812-1, annex B): payment cards and several national numbers. */
export function luhn(digits: readonly number[]): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits[digits.length - 1 - index] ?? 0;
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits.length > 1 && sum > 0 && sum % 10 === 0;
}

/** A number of any length modulo a small one, letters counted as in ISO 7064 (A is 10). */
export function moduloOf(text: string, modulus: number): number {
  let rest = 0;
  for (const unit of text) {
    const value = Number.parseInt(unit, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % modulus;
  }
  return rest;
}

/** ISO 7064 MOD 11,10: the last digit checks the others. */
export function mod11And10(digits: readonly number[]): boolean {
  let product = 10;
  for (const digit of digits.slice(0, -1)) {
    const sum = (digit + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digits.at(-1);
}

const verhoeffProducts = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const verhoeffShifts = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];

/** Verhoeff's check: the last digit checks the others. */
export function verhoeff(digits: readonly number[]): boolean {
  let check = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digits[digits.length - 1 - index] ?? 0;
    const shifted = Number(verhoeffShifts[index % 8]?.[digit]);
    check = Number(verhoeffProducts[check]?.[shifted]);
  }
  return check === 0;
}

/** The check of EAN-13. */
export function ean13(digits: readonly number[]): boolean {
  return weightedSum(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0;
}

/** Whether there is such a day; the century is not known, so 29 February always is. */
export function isDay(month: number, day: number): boolean {
  const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day >= 1 && day <= (days[month - 1] ?? 0);
}

/** Whether digits hold a day: two digits each at the places of month and day. */
export function holdsDay(digits: readonly number[], month: number, day: number): boolean {
  const pair = (at: number) => (digits[at] ?? 0) * 10 + (digits[at + 1] ?? 0);
  return isDay(pair(month), pair(day));
}
