import { getCountries } from 'libphonenumber-js/min';

const countries: ReadonlySet<string> = new Set(getCountries());

/** Whether two capitals are a country's code (ISO 3166), as the list of telephone numbering plans has them. */
export function isCountry(code: string): boolean {
  return countries.has(code as never);
}
